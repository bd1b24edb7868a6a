//! System jobs: one allocation of each group on every node that can run it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::feasibility::is_feasible;
use super::placement::{Cluster, is_asked, note_resources};
use super::reconcile::is_of_version;
use super::rollout::Rollout;
use super::{Step, Want};
use crate::structs::{Allocation, Job, Node, PlacementMetrics, TaskGroup};

/// What is found out about a group on all nodes.
#[derive(Default)]
struct Tally {
    /// On how many nodes it is or is to be.
    candidates: u64,
    /// How many are to be placed.
    wanted: u64,
    /// Whether it is somewhere already.
    exists: bool,
    /// How many nodes do not do, and why.
    filtered: Option<PlacementMetrics>,
    filtered_nodes: u64,
    /// How many of the deployment's are not known to be healthy yet.
    waiting: u64,
    /// Whether this version of it is new somewhere.
    is_new: bool,
    /// Those that have to be replaced.
    destructive: Vec<Arc<Allocation>>,
    /// Where it is to be placed, and what was there before.
    places: Vec<(Arc<Node>, Option<Arc<Allocation>>)>,
}

/// What becomes of an allocation.
enum Fate {
    Stop(&'static str),
    Migrate,
    Lost,
    Disconnect,
    Ignore,
    Update,
}

impl Step<'_> {
    /// Brings a system or sysbatch job to every node.
    pub(super) fn system(&mut self, job: &Arc<Job>, cluster: &mut Cluster<'_>) {
        let tables = self.tables;
        let mut rollout = if job.kind == "system" {
            let newest = tables.work.deployments.newest_of_job(&job.namespace, &job.id);
            Rollout::of(job, newest, &mut self.plan)
        } else {
            Rollout::default()
        };
        let nodes: BTreeMap<String, Arc<Node>> =
            cluster.nodes().iter().map(|node| (node.id.clone(), Arc::clone(node))).collect();
        let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
        for allocation in tables.allocations_of_job(&job.namespace, &job.id) {
            if !allocation.is_terminal() {
                self.existing(job, allocation, &nodes, &rollout, &mut tallies);
            }
        }
        for node in cluster.nodes() {
            for group in job.task_groups.iter().filter(|group| group.count > 0) {
                self.lacking(job, group, node, tallies.entry(group.name.as_str()).or_default());
            }
        }
        for stop in &self.plan.stop {
            cluster.release(&stop.id);
        }
        for group in &job.task_groups {
            let Some(tally) = tallies.get_mut(group.name.as_str()) else { continue };
            if tally.is_new && !rollout.is_held() && !rollout.is_over() {
                self.begin(job, group, &mut rollout);
            }
            let is_counted = tally.candidates > 0;
            self.evict_and_place(job, group, tally, &rollout, cluster);
            if job.kind == "system" && is_counted {
                self.changes(&group.name).place = tally.candidates;
            }
            rollout.reach(&group.name, tally.candidates);
        }
        if !self.plan.update.is_empty() {
            rollout.id().clone_into(&mut self.plan.update_deployment);
        }
        self.deployment_id = rollout.finish(&mut self.plan);
    }

    fn begin(&self, job: &Job, group: &TaskGroup, rollout: &mut Rollout) {
        let has_strategy = job.kind == "system" && group.number("Update", "MaxParallel").unwrap_or(0) > 0;
        if has_strategy && rollout.state(&group.name).is_none() {
            rollout.begin(job, group, 0, || self.ids.uuid());
        }
    }

    fn existing<'j>(
        &mut self,
        job: &'j Job,
        allocation: &Arc<Allocation>,
        nodes: &BTreeMap<String, Arc<Node>>,
        rollout: &Rollout,
        tallies: &mut BTreeMap<&'j str, Tally>,
    ) {
        let fate = self.fate(job, allocation, nodes);
        let Some(group) = job.group(&allocation.task_group) else {
            return self.stop(allocation, "alloc not needed due to job update");
        };
        let tally = tallies.entry(group.name.as_str()).or_default();
        tally.is_new |= !is_of_version(allocation, job);
        match fate {
            Fate::Stop(why) => self.stop(allocation, why),
            Fate::Migrate => {
                self.changes(&group.name).migrate += 1;
                self.stop_counted(allocation, "alloc not needed as node is tainted");
            }
            Fate::Lost => self.lose(allocation),
            Fate::Disconnect => {
                self.changes(&group.name).disconnect += 1;
                let why = "alloc is unknown since its node is disconnected";
                self.mark(allocation, why, Some("unknown".to_owned()), None);
            }
            Fate::Ignore => {
                self.changes(&group.name).ignore += 1;
                tally.candidates += 1;
                tally.exists = true;
                tally.waiting += u64::from(rollout.has(allocation) && allocation.health().is_none());
            }
            Fate::Update => self.update(job, group, allocation, tally),
        }
    }

    /// What becomes of an allocation by its node and its job.
    fn fate(&self, job: &Job, allocation: &Allocation, nodes: &BTreeMap<String, Arc<Node>>) -> Fate {
        let count = job.group(&allocation.task_group).map_or(0, |group| group.count);
        let is_wanted =
            allocation.index().is_some_and(|index| i64::try_from(index).is_ok_and(|at| at < count));
        let is_current = is_of_version(allocation, job);
        let node = self.tables.nodes.get(&allocation.node_id);
        match node {
            _ if !is_wanted => Fate::Stop("alloc not needed due to job update"),
            _ if allocation.desired_transition.migrate == Some(true) => Fate::Migrate,
            _ if allocation.client_status == "unknown" => Fate::Ignore,
            None => Fate::Lost,
            Some(node) if node.is_down() => Fate::Lost,
            Some(node) if node.status == "disconnected" && allocation.client_status == "running" => {
                Fate::Disconnect
            }
            Some(node) if node.status == "disconnected" => Fate::Ignore,
            Some(node) if is_asked(job, node) && !node.is_ready() && is_current => Fate::Ignore,
            Some(node) if !nodes.contains_key(&node.id) => Fate::Stop("alloc not needed due to job update"),
            Some(_) if !is_current => Fate::Update,
            Some(_) => Fate::Ignore,
        }
    }

    /// An allocation of an older version: it becomes one of the new, or makes room for one.
    fn update(&mut self, job: &Job, group: &TaskGroup, allocation: &Arc<Allocation>, tally: &mut Tally) {
        let node = self.tables.nodes.get(&allocation.node_id);
        let can_stay =
            allocation.job.as_deref().is_some_and(|theirs| theirs.updates_in_place(job, &group.name))
                && node.is_some_and(|node| is_feasible(job, group, node));
        tally.candidates += 1;
        if !can_stay {
            self.changes(&group.name).destructive += 1;
            tally.destructive.push(Arc::clone(allocation));
            return;
        }
        self.changes(&group.name).in_place += 1;
        tally.exists = true;
        // What has ended stays as it is.
        if !allocation.is_terminal() {
            self.plan.update.push(allocation.id.clone());
        }
    }

    /// Notes what a node lacks of a group.
    fn lacking(&mut self, job: &Job, group: &TaskGroup, node: &Arc<Node>, tally: &mut Tally) {
        let tables = self.tables;
        let own = |allocation: &&Arc<Allocation>| {
            allocation.job_id == job.id
                && allocation.namespace == job.namespace
                && allocation.task_group == group.name
        };
        let here = || tables.allocations_of_node(&node.id).filter(own);
        tally.is_new |= !here().any(|allocation| is_of_version(allocation, job));
        if here().any(|allocation| !allocation.is_terminal()) {
            return;
        }
        let ended = here().max_by_key(|allocation| allocation.create_index);
        match ended.filter(|_| job.kind == "sysbatch") {
            // Work that has ended is done until the job changes.
            Some(ended) if is_of_version(ended, job) => {
                self.changes(&group.name).ignore += 1;
                tally.candidates += 1;
                tally.exists = true;
            }
            Some(ended) => self.update(job, group, ended, tally),
            None => {
                self.changes(&group.name).place += 1;
                tally.candidates += 1;
                tally.places.push((Arc::clone(node), ended.cloned()));
            }
        }
    }

    /// Places what is missing, and replaces as many of the old as may be replaced at once.
    fn evict_and_place(
        &mut self,
        job: &Arc<Job>,
        group: &TaskGroup,
        tally: &mut Tally,
        rollout: &Rollout,
        cluster: &mut Cluster<'_>,
    ) {
        let parallel = group.number("Update", "MaxParallel").and_then(|most| u64::try_from(most).ok());
        let parallel = parallel.filter(|most| *most > 0 && job.kind == "system").unwrap_or(u64::MAX);
        let limit = usize::try_from(parallel.saturating_sub(tally.waiting)).unwrap_or(usize::MAX);
        for old in std::mem::take(&mut tally.destructive).into_iter().take(limit) {
            if !old.is_terminal() {
                self.stop_counted(&old, "alloc is being updated due to job update");
                cluster.release(&old.id);
            }
            if let Some(node) = self.tables.nodes.get(&old.node_id) {
                tally.places.push((Arc::clone(node), Some(old)));
            }
        }
        tally.wanted = tally.places.len() as u64;
        if tally.wanted > 0 {
            self.queued.entry(group.name.clone()).or_default();
        }
        for (node, previous) in std::mem::take(&mut tally.places) {
            let name = format!("{}.{}[0]", job.id, group.name);
            let deployment = rollout.id_for(&group.name).to_owned();
            let want = Want { name, previous, deployment, ..Want::default() };
            match cluster.find_on(job, group, &node) {
                Ok(placed) => self.put(job, group, want, placed),
                Err(metrics) if metrics.nodes_filtered > 0 => self.filtered(job, group, tally, &metrics),
                Err(metrics) => self.exhausted(group, &node, tally, *metrics, cluster),
            }
        }
    }

    /// A node does not do. That is told only where none does.
    fn filtered(&mut self, job: &Job, group: &TaskGroup, tally: &mut Tally, metrics: &PlacementMetrics) {
        tally.candidates -= 1;
        tally.filtered_nodes += 1;
        if job.kind == "sysbatch" {
            let changes = self.changes(&group.name);
            changes.place = changes.place.saturating_sub(1);
        }
        let merged = match tally.filtered.take() {
            None => metrics.clone(),
            Some(mut sum) => {
                sum.nodes_evaluated += metrics.nodes_evaluated;
                sum.nodes_filtered += metrics.nodes_filtered;
                merge(&mut sum.class_filtered, &metrics.class_filtered);
                merge(&mut sum.constraint_filtered, &metrics.constraint_filtered);
                sum
            }
        };
        if tally.filtered_nodes >= tally.wanted && !tally.exists {
            self.failed.insert(group.name.clone(), merged.clone());
        }
        tally.filtered = Some(merged);
    }

    /// There is no room on a node: the first waits for some, the others are counted.
    fn exhausted(
        &mut self,
        group: &TaskGroup,
        node: &Node,
        tally: &mut Tally,
        mut metrics: PlacementMetrics,
        cluster: &Cluster<'_>,
    ) {
        tally.candidates -= 1;
        *self.queued.entry(group.name.clone()).or_default() += 1;
        if let Some(known) = self.failed.get_mut(&group.name) {
            known.coalesced_failures += 1;
            note_resources(known, group);
            return;
        }
        note_resources(&mut metrics, group);
        self.failed.insert(group.name.clone(), metrics);
        let mut blocked = self.blocked(cluster.eligibility(), self.failed.clone());
        blocked.node_id.clone_from(&node.id);
        // One of a node is enough.
        self.followups.retain(|other| other.status != "blocked" || other.node_id != node.id);
        self.followups.push(blocked);
    }
}

fn merge(sum: &mut Option<BTreeMap<String, u64>>, more: &Option<BTreeMap<String, u64>>) {
    let sum = sum.get_or_insert_default();
    for (name, count) in more.iter().flatten() {
        *sum.entry(name.clone()).or_default() += count;
    }
}
