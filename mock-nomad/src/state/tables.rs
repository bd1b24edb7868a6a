//! The tables and the ways to look things up in them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::structs::{Allocation, Evaluation, Job, Node};

use super::apply::trim;
use super::events::Subject;
use super::family::{Access, Keyring, Registry, Settings, Variables};
use super::watch::Topic;
use super::work::Work;

/// A job's key: namespace and id.
pub(crate) type JobKey = (String, String);

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
    /// Policies, tokens, roles and ways to log in.
    pub(crate) access: Arc<Access>,
    /// Keys.
    pub(crate) keyring: Arc<Keyring>,
    /// Namespaces, node pools and services.
    pub(crate) registry: Arc<Registry>,
    /// Settings of the whole cluster.
    pub(crate) settings: Arc<Settings>,
    /// Variables.
    pub(crate) variables: Arc<Variables>,
    /// Deployments, submissions and periodic runs.
    pub(crate) work: Arc<Work>,
    /// The index of the last entry applied.
    pub(crate) index: u64,
    /// The index of the last change of each topic.
    pub(super) indexes: BTreeMap<Topic, u64>,
    periodic: BTreeSet<JobKey>,
    by_node: BTreeMap<String, BTreeSet<String>>,
    by_job: BTreeMap<JobKey, OfJob>,
    by_evaluation: BTreeMap<String, BTreeSet<String>>,
    /// What the command being applied has touched.
    pub(super) touched: BTreeSet<Topic>,
    /// What the command being applied has written.
    pub(super) changed: Vec<Subject>,
}

/// What there is of a job, by id.
#[derive(Clone, Debug, Default)]
struct OfJob {
    allocations: BTreeMap<String, Arc<Allocation>>,
    evaluations: BTreeMap<String, Arc<Evaluation>>,
}

impl Tables {
    /// The index of the last change of a topic; at least 1, so that a query with it blocks.
    pub(crate) fn index_of(&self, topic: &Topic) -> u64 {
        self.indexes.get(topic).copied().unwrap_or(0).max(1)
    }

    /// Notes that the entry being applied changes what a topic is about.
    pub(super) fn touch(&mut self, topic: Topic) {
        self.indexes.insert(topic.clone(), self.index);
        self.touched.insert(topic);
    }

    /// The job of that name.
    pub(crate) fn job(&self, namespace: &str, id: &str) -> Option<&Arc<Job>> {
        self.jobs.get(&(namespace.to_owned(), id.to_owned()))
    }

    /// Periodic jobs with their keys.
    pub(crate) fn periodic_jobs(&self) -> impl Iterator<Item = (&JobKey, &Arc<Job>)> {
        self.periodic.iter().filter_map(|key| self.jobs.get_key_value(key))
    }

    /// The node whose secret this is.
    pub(crate) fn node_by_secret(&self, secret: &str) -> Option<&Arc<Node>> {
        self.nodes.values().find(|node| node.secret_id == secret)
    }

    /// The allocations of a node, in order of id.
    pub(crate) fn allocations_of_node<'a>(&'a self, node: &str) -> impl Iterator<Item = &'a Arc<Allocation>> {
        self.by_node.get(node).into_iter().flatten().filter_map(|id| self.allocations.get(id))
    }

    /// The allocations and the evaluations of a job, each in order of id.
    pub(crate) fn of_job<'a>(
        &'a self,
        namespace: &str,
        id: &str,
    ) -> (
        impl Iterator<Item = &'a Arc<Allocation>> + use<'a>,
        impl Iterator<Item = &'a Arc<Evaluation>> + use<'a>,
    ) {
        let found = self.by_job.get(&(namespace.to_owned(), id.to_owned()));
        (
            found.into_iter().flat_map(|found| found.allocations.values()),
            found.into_iter().flat_map(|found| found.evaluations.values()),
        )
    }

    /// The allocations of a job, in order of id.
    pub(crate) fn allocations_of_job<'a>(
        &'a self,
        namespace: &str,
        id: &str,
    ) -> impl Iterator<Item = &'a Arc<Allocation>> + use<'a> {
        self.of_job(namespace, id).0
    }

    /// The evaluations of a job, in order of id.
    pub(crate) fn evaluations_of_job<'a>(
        &'a self,
        namespace: &str,
        id: &str,
    ) -> impl Iterator<Item = &'a Arc<Evaluation>> + use<'a> {
        self.of_job(namespace, id).1
    }

    /// The allocations that an evaluation made.
    pub(crate) fn allocations_of_evaluation<'a>(
        &'a self,
        id: &str,
    ) -> impl Iterator<Item = &'a Arc<Allocation>> {
        self.by_evaluation.get(id).into_iter().flatten().filter_map(|id| self.allocations.get(id))
    }

    pub(super) fn put_node(&mut self, node: Node) {
        self.touch(Topic::Nodes);
        let node = Arc::new(node);
        self.changed.push(Subject::Node(Arc::clone(&node)));
        self.nodes.insert(node.id.clone(), node);
    }

    pub(super) fn remove_node(&mut self, id: &str) {
        if self.nodes.remove(id).is_some() {
            self.touch(Topic::Nodes);
        }
    }

    pub(super) fn put_job(&mut self, job: Job) {
        let key = (job.namespace.clone(), job.id.clone());
        let job = Arc::new(job);
        let versions = self.versions.entry(key.clone()).or_default();
        versions.retain(|kept| kept.version != job.version);
        versions.insert(0, Arc::clone(&job));
        trim(versions);
        self.changed.push(Subject::Job(Arc::clone(&job)));
        if job.is_periodic() {
            self.periodic.insert(key.clone());
        } else {
            self.periodic.remove(&key);
        }
        self.jobs.insert(key, job);
        self.touch(Topic::Jobs);
    }

    pub(super) fn remove_job(&mut self, key: &JobKey) {
        self.jobs.remove(key);
        self.versions.remove(key);
        self.periodic.remove(key);
        Arc::make_mut(&mut self.work).forget_job(key);
        self.touch(Topic::Jobs);
    }

    pub(super) fn remove_evaluation(&mut self, id: &str) {
        let Some(gone) = self.evaluations.remove(id) else { return };
        self.touch(Topic::Evaluations);
        let key = (gone.namespace.clone(), gone.job_id.clone());
        self.unlink(key, |of_job| drop(of_job.evaluations.remove(id)));
    }

    /// Takes something out of what there is of a job, and the job with the last of it.
    fn unlink(&mut self, key: JobKey, take: impl FnOnce(&mut OfJob)) {
        if let Entry::Occupied(mut entry) = self.by_job.entry(key) {
            take(entry.get_mut());
            if entry.get().allocations.is_empty() && entry.get().evaluations.is_empty() {
                entry.remove();
            }
        }
    }

    pub(super) fn remove_allocation(&mut self, id: &str) {
        let Some(gone) = self.allocations.remove(id) else { return };
        self.remove_services_of(id);
        self.touch(Topic::Allocations);
        self.touch(Topic::NodeAllocations(gone.node_id.clone()));
        for (index, key) in [(&mut self.by_node, &gone.node_id), (&mut self.by_evaluation, &gone.eval_id)] {
            if let Some(ids) = index.get_mut(key) {
                ids.remove(id);
                if ids.is_empty() {
                    index.remove(key);
                }
            }
        }
        self.unlink(gone.job_key(), |of_job| drop(of_job.allocations.remove(id)));
    }

    pub(super) fn put_evaluation(&mut self, evaluation: Evaluation) {
        self.touch(Topic::Evaluations);
        let evaluation = Arc::new(evaluation);
        self.changed.push(Subject::Evaluation(Arc::clone(&evaluation)));
        self.link_evaluation(evaluation);
    }

    pub(super) fn link_evaluation(&mut self, evaluation: Arc<Evaluation>) {
        let key = (evaluation.namespace.clone(), evaluation.job_id.clone());
        let of_job = self.by_job.entry(key).or_default();
        of_job.evaluations.insert(evaluation.id.clone(), Arc::clone(&evaluation));
        self.evaluations.insert(evaluation.id.clone(), evaluation);
    }

    pub(super) fn put_allocation(&mut self, allocation: Allocation) {
        self.touch(Topic::Allocations);
        self.touch(Topic::NodeAllocations(allocation.node_id.clone()));
        if allocation.is_client_terminal() {
            self.remove_services_of(&allocation.id);
        }
        let allocation = Arc::new(allocation);
        self.changed.push(Subject::Allocation(Arc::clone(&allocation)));
        self.link_allocation(allocation);
    }

    pub(super) fn link_allocation(&mut self, allocation: Arc<Allocation>) {
        let id = &allocation.id;
        let key = (allocation.namespace.clone(), allocation.job_id.clone());
        self.by_node.entry(allocation.node_id.clone()).or_default().insert(id.clone());
        self.by_job.entry(key).or_default().allocations.insert(id.clone(), Arc::clone(&allocation));
        self.by_evaluation.entry(allocation.eval_id.clone()).or_default().insert(id.clone());
        self.allocations.insert(id.clone(), allocation);
    }
}
