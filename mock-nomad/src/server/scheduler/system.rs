//! System jobs: one allocation of each group on every node that can run it.

use std::sync::Arc;

use super::placement::Cluster;
use super::{Step, Want};
use crate::structs::{Allocation, Job, Node, TaskGroup};

impl Step<'_> {
    /// Brings a system or sysbatch job to every node.
    pub(super) fn system(&mut self, job: &Arc<Job>, cluster: &mut Cluster<'_>) {
        let tables = self.tables;
        for allocation in tables.allocations_of_job(&job.namespace, &job.id) {
            if allocation.is_terminal() {
                continue;
            }
            if allocation.desired_transition.migrate == Some(true) {
                self.stop(allocation, "alloc is being migrated");
            } else if self.node_is_gone(allocation) {
                self.changes(&allocation.task_group).stop += 1;
                self.lose(allocation);
            } else if job.group(&allocation.task_group).is_none() {
                self.stop(allocation, "alloc not needed as node is tainted");
            }
        }
        for group in &job.task_groups {
            self.changes(&group.name);
            for node in tables.nodes.values().filter(|node| node.is_ready()) {
                self.node(job, group, node, cluster);
            }
        }
    }

    fn node(&mut self, job: &Arc<Job>, group: &TaskGroup, node: &Arc<Node>, cluster: &mut Cluster<'_>) {
        let tables = self.tables;
        let own = |allocation: &&Arc<Allocation>| {
            allocation.job_id == job.id
                && allocation.namespace == job.namespace
                && allocation.task_group == group.name
        };
        let mut present = tables
            .allocations_of_node(&node.id)
            .filter(own)
            .filter(|allocation| !allocation.is_server_terminal());
        let mut previous = None;
        let newest = present.by_ref().max_by_key(|allocation| allocation.create_index);
        if let Some(newest) = newest {
            let same = newest.job.as_deref().is_some_and(|theirs| {
                theirs.version == job.version && theirs.create_index == job.create_index
            });
            let theirs = newest.job.as_deref();
            let can_stay = theirs.is_some_and(|theirs| theirs.updates_in_place(job, &group.name));
            match (newest.is_client_terminal(), same, can_stay) {
                // Ended sysbatch work is done until the job changes; failed system work stays failed.
                (true, true, _) => return,
                (true, false, _) => {}
                (false, true, _) => {
                    self.changes(&group.name).ignore += 1;
                    return;
                }
                (false, false, true) => {
                    self.changes(&group.name).in_place += 1;
                    self.plan.update.push(newest.id.clone());
                    return;
                }
                (false, false, false) => {
                    self.changes(&group.name).destructive += 1;
                    self.stop_counted(newest, "alloc is being updated due to job update");
                    cluster.release(&newest.id);
                    previous = Some(Arc::clone(newest));
                }
            }
        }
        if group.count == 0 || !cluster.is_feasible(job, group, node) {
            return;
        }
        let name = format!("{}.{}[0]", job.id, group.name);
        let want = Want { name, updates: previous.is_some(), previous, ..Want::default() };
        let found = cluster.find_on(job, group, node);
        self.place(job, &group.name, want, found);
    }
}
