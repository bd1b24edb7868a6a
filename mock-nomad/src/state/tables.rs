//! The tables and the ways to look things up in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::structs::{Allocation, Evaluation, Job, Node};

use super::watch::Topic;

/// A job's key: namespace and id.
pub(crate) type JobKey = (String, String);

/// How many versions of a job are kept.
const KEPT_VERSIONS: usize = 6;

/// All tables. Reading is by plain field access; writing only by [`super::Command`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    /// Nodes by id.
    pub(crate) nodes: BTreeMap<String, Arc<Node>>,
    /// The newest version of each job.
    pub(crate) jobs: BTreeMap<JobKey, Arc<Job>>,
    /// The last versions of each job, newest first.
    pub(crate) versions: BTreeMap<JobKey, Vec<Arc<Job>>>,
    /// Allocations by id.
    pub(crate) allocations: BTreeMap<String, Arc<Allocation>>,
    /// Evaluations by id.
    pub(crate) evaluations: BTreeMap<String, Arc<Evaluation>>,
    /// The index of the last entry applied.
    pub(crate) index: u64,
    pub(super) node_index: u64,
    pub(super) job_index: u64,
    pub(super) allocation_index: u64,
    pub(super) evaluation_index: u64,
    pub(super) node_allocation_index: BTreeMap<String, u64>,
    by_node: BTreeMap<String, BTreeSet<String>>,
    by_job: BTreeMap<JobKey, BTreeSet<String>>,
    by_evaluation: BTreeMap<String, BTreeSet<String>>,
    evaluations_by_job: BTreeMap<JobKey, BTreeSet<String>>,
    /// What the command being applied has touched.
    pub(super) touched: BTreeSet<Topic>,
}

impl Tables {
    /// The index of the last change of a topic; at least 1, so that a query with it blocks.
    pub(crate) fn index_of(&self, topic: &Topic) -> u64 {
        let index = match topic {
            Topic::Nodes => self.node_index,
            Topic::Jobs => self.job_index,
            Topic::Allocations => self.allocation_index,
            Topic::Evaluations => self.evaluation_index,
            Topic::NodeAllocations(node) => self.node_allocation_index.get(node).copied().unwrap_or(0),
        };
        index.max(1)
    }

    /// The job of that name.
    pub(crate) fn job(&self, namespace: &str, id: &str) -> Option<&Arc<Job>> {
        self.jobs.get(&(namespace.to_owned(), id.to_owned()))
    }

    /// The node whose secret this is.
    pub(crate) fn node_by_secret(&self, secret: &str) -> Option<&Arc<Node>> {
        self.nodes.values().find(|node| node.secret_id == secret)
    }

    /// The allocations of a node, in order of id.
    pub(crate) fn allocations_of_node<'a>(&'a self, node: &str) -> impl Iterator<Item = &'a Arc<Allocation>> {
        self.by_node.get(node).into_iter().flatten().filter_map(|id| self.allocations.get(id))
    }

    /// The allocations of a job, in order of id.
    pub(crate) fn allocations_of_job<'a>(
        &'a self,
        namespace: &str,
        id: &str,
    ) -> impl Iterator<Item = &'a Arc<Allocation>> {
        let key = (namespace.to_owned(), id.to_owned());
        self.by_job.get(&key).into_iter().flatten().filter_map(|id| self.allocations.get(id))
    }

    /// The allocations that an evaluation made.
    pub(crate) fn allocations_of_evaluation<'a>(
        &'a self,
        id: &str,
    ) -> impl Iterator<Item = &'a Arc<Allocation>> {
        self.by_evaluation.get(id).into_iter().flatten().filter_map(|id| self.allocations.get(id))
    }

    /// The evaluations of a job, in order of id.
    pub(crate) fn evaluations_of_job<'a>(
        &'a self,
        namespace: &str,
        id: &str,
    ) -> impl Iterator<Item = &'a Arc<Evaluation>> {
        let key = (namespace.to_owned(), id.to_owned());
        self.evaluations_by_job.get(&key).into_iter().flatten().filter_map(|id| self.evaluations.get(id))
    }

    pub(super) fn put_node(&mut self, node: Node) {
        self.node_index = self.index;
        self.touched.insert(Topic::Nodes);
        self.nodes.insert(node.id.clone(), Arc::new(node));
    }

    pub(super) fn remove_node(&mut self, id: &str) {
        if self.nodes.remove(id).is_some() {
            self.node_index = self.index;
            self.touched.insert(Topic::Nodes);
        }
    }

    pub(super) fn put_job(&mut self, job: Job) {
        let key = (job.namespace.clone(), job.id.clone());
        let job = Arc::new(job);
        let versions = self.versions.entry(key.clone()).or_default();
        versions.retain(|kept| kept.version != job.version);
        versions.insert(0, Arc::clone(&job));
        versions.truncate(KEPT_VERSIONS);
        self.jobs.insert(key, job);
        self.job_index = self.index;
        self.touched.insert(Topic::Jobs);
    }

    pub(super) fn remove_job(&mut self, key: &JobKey) {
        self.jobs.remove(key);
        self.versions.remove(key);
        self.job_index = self.index;
        self.touched.insert(Topic::Jobs);
    }

    pub(super) fn put_evaluation(&mut self, evaluation: Evaluation) {
        self.evaluation_index = self.index;
        self.touched.insert(Topic::Evaluations);
        self.link_evaluation(&evaluation);
        self.evaluations.insert(evaluation.id.clone(), Arc::new(evaluation));
    }

    pub(super) fn link_evaluation(&mut self, evaluation: &Evaluation) {
        let key = (evaluation.namespace.clone(), evaluation.job_id.clone());
        self.evaluations_by_job.entry(key).or_default().insert(evaluation.id.clone());
    }

    pub(super) fn put_allocation(&mut self, allocation: Allocation) {
        self.allocation_index = self.index;
        self.node_allocation_index.insert(allocation.node_id.clone(), self.index);
        self.touched.insert(Topic::Allocations);
        self.touched.insert(Topic::NodeAllocations(allocation.node_id.clone()));
        self.link_allocation(&allocation);
        self.allocations.insert(allocation.id.clone(), Arc::new(allocation));
    }

    pub(super) fn link_allocation(&mut self, allocation: &Allocation) {
        let id = &allocation.id;
        let key = (allocation.namespace.clone(), allocation.job_id.clone());
        self.by_node.entry(allocation.node_id.clone()).or_default().insert(id.clone());
        self.by_job.entry(key).or_default().insert(id.clone());
        self.by_evaluation.entry(allocation.eval_id.clone()).or_default().insert(id.clone());
    }
}
