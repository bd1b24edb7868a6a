//! Service and batch jobs: what is there against what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::placement::Cluster;
use super::reschedule::{Verdict, judge};
use super::{Step, Want, duration, from_nanos};
use crate::state::StopAllocation;
use crate::structs::{Allocation, Job, TaskGroup};

/// A group's allocations, sorted by what becomes of them.
#[derive(Default)]
struct Sorted {
    /// They stay, unless there are too many or the job changed.
    keep: Vec<Arc<Allocation>>,
    /// They are to be replaced.
    replace: Vec<Want>,
    /// Batch work that is done and counts.
    done: BTreeSet<String>,
    /// Names whose replacement comes later.
    later: BTreeSet<String>,
}

impl Step<'_> {
    /// Brings a service or batch job to its counts.
    pub(super) fn service(&mut self, job: &Arc<Job>, cluster: &mut Cluster<'_>) {
        let tables = self.tables;
        let mut by_group: BTreeMap<&str, Vec<&Arc<Allocation>>> = BTreeMap::new();
        for allocation in tables.allocations_of_job(&job.namespace, &job.id) {
            by_group.entry(&allocation.task_group).or_default().push(allocation);
        }
        for (group, allocations) in &by_group {
            if job.group(group).is_none() {
                let open = allocations.iter().filter(|allocation| !allocation.is_terminal());
                open.for_each(|allocation| self.stop(allocation, "alloc not needed due to job update"));
            }
        }
        for group in &job.task_groups {
            let allocations = by_group.remove(group.name.as_str()).unwrap_or_default();
            self.changes(&group.name);
            self.group(job, group, &allocations, cluster);
        }
    }

    fn group(
        &mut self,
        job: &Arc<Job>,
        group: &TaskGroup,
        allocations: &[&Arc<Allocation>],
        cluster: &mut Cluster<'_>,
    ) {
        let mut sorted = self.sort(job, group, allocations);
        let count = usize::try_from(group.count).unwrap_or(0);
        self.drop_doubles(group, &mut sorted.keep);
        self.drop_surplus(&mut sorted.keep, count.saturating_sub(sorted.done.len()));
        let mut wants = self.renew(job, group, &mut sorted);
        let mut names: BTreeSet<String> =
            sorted.keep.iter().map(|allocation| allocation.name.clone()).collect();
        names.extend(sorted.done);
        names.extend(sorted.later);
        names.extend(wants.iter().map(|want| want.name.clone()));
        for want in sorted.replace {
            if names.len() < count && names.insert(want.name.clone()) {
                wants.push(want);
            }
        }
        for index in 0..count {
            let name = format!("{}.{}[{index}]", job.id, group.name);
            if names.len() < count && names.insert(name.clone()) {
                wants.push(Want { name, ..Want::default() });
            }
        }
        for stop in &self.plan.stop {
            cluster.release(&stop.id);
        }
        for want in wants {
            let found = cluster.find(job, group, want.previous.as_deref());
            self.place(job, &group.name, want, found);
        }
    }

    fn sort(&mut self, job: &Job, group: &TaskGroup, allocations: &[&Arc<Allocation>]) -> Sorted {
        let mut sorted = Sorted::default();
        for &allocation in allocations {
            if allocation.is_server_terminal()
                || !allocation.next_allocation.is_empty() && allocation.is_client_terminal()
            {
                if job.is_batch()
                    && allocation.client_status == "complete"
                    && allocation.desired_status == "run"
                {
                    sorted.done.insert(allocation.name.clone());
                }
                continue;
            }
            match allocation.client_status.as_str() {
                "complete" if job.is_batch() => {
                    sorted.done.insert(allocation.name.clone());
                }
                "complete" | "lost" => {}
                "failed" => self.sort_failed(job, group, allocation, &mut sorted),
                _ if self.node_is_gone(allocation) => {
                    self.changes(&group.name).stop += 1;
                    self.lose(allocation);
                    sorted.replace.push(replacement(allocation));
                }
                _ if self.is_disconnected(allocation) => {
                    self.sort_disconnected(group, allocation, &mut sorted)
                }
                _ => sorted.keep.push(Arc::clone(allocation)),
            }
        }
        sorted
    }

    fn sort_failed(
        &mut self,
        job: &Job,
        group: &TaskGroup,
        allocation: &Arc<Allocation>,
        sorted: &mut Sorted,
    ) {
        match judge(group, allocation, self.now) {
            Verdict::Now(tracker) => {
                self.changes(&group.name).now += 1;
                self.plan.stop.push(StopAllocation {
                    id: allocation.id.clone(),
                    desired_status: "stop".to_owned(),
                    description: "alloc was rescheduled because it failed".to_owned(),
                    ..StopAllocation::default()
                });
                sorted.replace.push(Want { tracker: Some(tracker), ..replacement(allocation) });
            }
            Verdict::At(at) => {
                self.changes(&group.name).later += 1;
                let pending = self
                    .tables
                    .evaluations
                    .get(&allocation.followup_eval_id)
                    .is_some_and(|known| !known.is_terminal());
                if !pending || self.evaluation.id == allocation.followup_eval_id {
                    let followup = self.evaluate_at(at, "alloc-failure", "created for delayed rescheduling");
                    self.mark(allocation, "", None, Some(followup));
                }
                sorted.later.insert(allocation.name.clone());
            }
            // It failed for good, and its place stays empty.
            Verdict::Never => {
                if !job.is_batch() || allocation.client_status == "failed" {
                    sorted.later.insert(allocation.name.clone());
                }
            }
        }
    }

    fn is_disconnected(&self, allocation: &Allocation) -> bool {
        self.tables.nodes.get(&allocation.node_id).is_some_and(|node| node.status == "disconnected")
    }

    /// Work on a disconnected node is given up, or kept as unknown for a while.
    fn sort_disconnected(&mut self, group: &TaskGroup, allocation: &Arc<Allocation>, sorted: &mut Sorted) {
        let lost_after = duration(group.number("Disconnect", "LostAfter").unwrap_or(0));
        let since = match allocation.client_status.as_str() {
            "unknown" => from_nanos(allocation.modify_time),
            _ => self.now,
        };
        if lost_after.is_zero() || allocation.client_status == "pending" || since + lost_after <= self.now {
            self.changes(&group.name).stop += 1;
            self.lose(allocation);
            sorted.replace.push(replacement(allocation));
            return;
        }
        if allocation.client_status != "unknown" {
            let followup = self.evaluate_at(
                self.now + lost_after,
                "max-disconnect-timeout",
                "created for delayed disconnect timeout",
            );
            let why = "alloc is unknown since its node is disconnected";
            self.mark(allocation, why, Some("unknown".to_owned()), Some(followup));
            if group.flag("Disconnect", "Replace") {
                sorted.replace.push(replacement(allocation));
                return;
            }
        }
        sorted.keep.push(Arc::clone(allocation));
    }

    fn mark(
        &mut self,
        allocation: &Allocation,
        why: &str,
        client_status: Option<String>,
        followup: Option<String>,
    ) {
        let description =
            if why.is_empty() { allocation.desired_description.clone() } else { why.to_owned() };
        self.plan.stop.push(StopAllocation {
            id: allocation.id.clone(),
            desired_status: allocation.desired_status.clone(),
            description,
            client_status,
            followup_eval_id: followup,
        });
    }

    /// After a reconnection there may be two of a name: one goes.
    fn drop_doubles(&mut self, group: &TaskGroup, keep: &mut Vec<Arc<Allocation>>) {
        keep.sort_by_key(|allocation| allocation.create_index);
        if group.text("Disconnect", "Reconcile") == Some("keep_replacement") {
            keep.reverse();
        }
        let mut names = BTreeSet::new();
        let mut doubles = Vec::new();
        keep.retain(|allocation| {
            let first = allocation.client_status == "unknown" || names.insert(allocation.name.clone());
            if !first {
                doubles.push(Arc::clone(allocation));
            }
            first
        });
        doubles.iter().for_each(|allocation| self.stop(allocation, "alloc not needed due to job update"));
    }

    fn drop_surplus(&mut self, keep: &mut Vec<Arc<Allocation>>, count: usize) {
        keep.sort_by_key(|allocation| allocation.index());
        while keep.len() > count {
            let Some(last) = keep.pop() else { return };
            self.stop(&last, "alloc not needed due to job update");
        }
    }

    /// Allocations of older versions become the newest: where they can, without a restart.
    fn renew(&mut self, job: &Arc<Job>, group: &TaskGroup, sorted: &mut Sorted) -> Vec<Want> {
        let mut wants = Vec::new();
        let mut kept = Vec::new();
        for allocation in std::mem::take(&mut sorted.keep) {
            let theirs = allocation.job.as_deref();
            if theirs.is_some_and(|theirs| {
                theirs.version == job.version && theirs.create_index == job.create_index
            }) {
                self.changes(&group.name).ignore += 1;
                kept.push(allocation);
            } else if theirs
                .and_then(|theirs| theirs.group(&group.name))
                .is_some_and(|theirs| theirs.updates_in_place(group))
            {
                self.changes(&group.name).in_place += 1;
                self.plan.update.push(allocation.id.clone());
                kept.push(allocation);
            } else {
                self.changes(&group.name).destructive += 1;
                self.stop(&allocation, "alloc is being updated due to job update");
                wants.push(replacement(&allocation));
            }
        }
        sorted.keep = kept;
        wants
    }
}

fn replacement(allocation: &Arc<Allocation>) -> Want {
    Want {
        name: allocation.name.clone(),
        previous: Some(Arc::clone(allocation)),
        tracker: allocation.reschedule_tracker.clone(),
    }
}
