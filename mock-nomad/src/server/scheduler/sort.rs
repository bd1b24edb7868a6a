//! What becomes of each allocation by itself: its node, its failures, its disconnections.

use std::sync::Arc;

use super::reconcile::{Sorted, is_of_version, replacement};
use super::reschedule::{Verdict, judge};
use super::{Step, Want, duration, from_nanos};
use crate::state::StopAllocation;
use crate::structs::{Allocation, Job, TaskGroup};

impl Step<'_> {
    pub(super) fn sort(&mut self, job: &Job, group: &TaskGroup, allocations: &[&Arc<Allocation>]) -> Sorted {
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
                _ if self.is_migrating(allocation) => {
                    self.changes(&group.name).migrate += 1;
                    self.stop_counted(allocation, "alloc is being migrated");
                    sorted.replace.push(replacement(allocation));
                }
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
        // The policy is that of the version it was placed by.
        let own = allocation.job.as_ref().and_then(|job| job.group(&allocation.task_group)).unwrap_or(group);
        match judge(own, allocation, self.now) {
            Verdict::Now(tracker) => {
                self.changes(&group.name).now += 1;
                // The real program gives no reason here.
                self.plan.stop.push(StopAllocation {
                    id: allocation.id.clone(),
                    desired_status: "stop".to_owned(),
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
                    let followup =
                        self.evaluate_at(at, "alloc-reschedule", "created for delayed rescheduling");
                    self.mark(allocation, "", None, Some(followup));
                }
                sorted.later.insert(allocation.name.clone());
            }
            // It failed for good, and its place stays empty.
            Verdict::Never if !is_of_version(allocation, job) => sorted.keep.push(Arc::clone(allocation)),
            Verdict::Never => {
                if !job.is_batch() || allocation.client_status == "failed" {
                    sorted.later.insert(allocation.name.clone());
                }
            }
        }
    }

    /// Whether it is asked to leave, by a drain of its node or by a user.
    fn is_migrating(&self, allocation: &Allocation) -> bool {
        allocation.desired_transition.migrate == Some(true) && !self.node_is_gone(allocation)
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

    pub(super) fn mark(
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
            preempted_by: None,
        });
    }
}
