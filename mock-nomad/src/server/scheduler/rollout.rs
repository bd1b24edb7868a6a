//! The deployment that a job's changes belong to.

use std::sync::Arc;

use crate::state::PlanResult;
use crate::structs::{Allocation, Deployment, DeploymentState, Job, TaskGroup};

/// The deployment of a job's present version, as far as there is one.
#[derive(Debug, Default)]
pub(super) struct Rollout {
    /// The one that is there, unless it has succeeded.
    current: Option<Deployment>,
    /// The one that this step begins.
    fresh: Option<Deployment>,
    /// Whether every group looked at so far has come to its end.
    complete: bool,
    /// Whether the job's version has been rolled out.
    is_over: bool,
    /// Whether the one that is there changes.
    is_changed: bool,
    /// Whether it is a system job's, whose groups have as much to reach as there are nodes for them.
    by_nodes: bool,
    /// The newest deployment of the job, of whatever version.
    newest: String,
}

impl Rollout {
    /// Finds the deployment of the job's version; one of an older version is cancelled.
    pub(super) fn of(job: &Job, newest: Option<&Deployment>, plan: &mut PlanResult) -> Self {
        let mut rollout = Self { complete: true, ..Self::default() };
        let Some(newest) = newest else { return rollout };
        rollout.newest.clone_from(&newest.id);
        if newest.job_create_index == job.create_index && newest.job_version == job.version {
            rollout.is_over = newest.status == "successful";
            rollout.current = (!rollout.is_over).then(|| newest.clone());
        } else if newest.is_active() {
            let why = "Cancelled due to newer version of job";
            plan.deployment_updates.push((newest.id.clone(), "cancelled".to_owned(), why.to_owned()));
        }
        rollout
    }

    /// The job is stopped: so is its deployment.
    pub(super) fn stop(newest: Option<&Deployment>, plan: &mut PlanResult) {
        if let Some(newest) = newest.filter(|newest| newest.is_active()) {
            let why = "Cancelled because job is stopped";
            plan.deployment_updates.push((newest.id.clone(), "cancelled".to_owned(), why.to_owned()));
        }
    }

    /// Whether nothing may be placed or replaced for it now.
    pub(super) fn is_held(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| matches!(current.status.as_str(), "paused" | "failed" | "pending"))
    }

    /// Whether it has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.status == "failed")
    }

    /// The group's part of the deployment that is there.
    pub(super) fn state(&self, group: &str) -> Option<&DeploymentState> {
        self.current.as_ref()?.task_groups.get(group)
    }

    /// Whether an allocation belongs to it.
    pub(super) fn has(&self, allocation: &Allocation) -> bool {
        self.current.as_ref().is_some_and(|current| current.id == allocation.deployment_id)
    }

    /// The id that new allocations get; empty without a deployment.
    pub(super) fn id(&self) -> &str {
        let active = self.current.as_ref().filter(|current| current.is_active());
        self.fresh.as_ref().or(active).map_or("", |deployment| deployment.id.as_str())
    }

    /// Whether the job's version has been rolled out already.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The id for allocations of a group of a system job; empty without a deployment.
    pub(super) fn id_for(&self, group: &str) -> &str {
        let has_group = |found: &Deployment| found.task_groups.contains_key(group);
        let known = self.fresh.as_ref().or(self.current.as_ref());
        if known.is_some_and(has_group) { self.id() } else { "" }
    }

    /// A system job's group is on so many nodes, or is to be: that is what its deployment is to reach.
    pub(super) fn reach(&mut self, group: &str, nodes: u64) {
        let total = i64::try_from(nodes).unwrap_or(i64::MAX);
        self.by_nodes = true;
        if let Some(fresh) = self.fresh.as_mut().and_then(|fresh| fresh.task_groups.get_mut(group)) {
            fresh.desired_total = 0;
        }
        for deployment in [&mut self.fresh, &mut self.current].into_iter().flatten() {
            if let Some(state) = deployment.task_groups.get_mut(group).filter(|_| total > 0) {
                self.is_changed |= state.desired_total != total;
                state.desired_total = total;
                self.complete &= state.healthy_allocs >= total;
            }
        }
    }

    /// How many allocations may be replaced now; `waiting` are those that stay.
    pub(super) fn limit(&self, group: &TaskGroup, canarying: bool, waiting: &[Arc<Allocation>]) -> usize {
        if self.is_held() || canarying {
            return 0;
        }
        let parallel = group.number("Update", "MaxParallel").unwrap_or(0);
        let mut limit = usize::try_from(parallel).unwrap_or(0);
        for allocation in waiting.iter().filter(|allocation| self.has(allocation)) {
            match allocation.health() {
                Some(true) => {}
                Some(false) => return 0,
                None => limit = limit.saturating_sub(1),
            }
        }
        limit
    }

    /// Begins a deployment, or widens the one that this step begins, by a group.
    pub(super) fn begin(&mut self, job: &Job, group: &TaskGroup, canaries: i64, id: impl FnOnce() -> String) {
        let state = DeploymentState {
            auto_revert: group.flag("Update", "AutoRevert"),
            auto_promote: group.flag("Update", "AutoPromote"),
            progress_deadline: group.number("Update", "ProgressDeadline").unwrap_or(0),
            desired_canaries: canaries,
            desired_total: group.count,
            ..DeploymentState::default()
        };
        if let Some(current) = &mut self.current {
            current.task_groups.entry(group.name.clone()).or_insert(state);
            return;
        }
        let fresh = self.fresh.get_or_insert_with(|| Deployment {
            id: id(),
            namespace: job.namespace.clone(),
            job_id: job.id.clone(),
            job_version: job.version,
            job_modify_index: job.modify_index,
            job_spec_modify_index: job.job_modify_index,
            job_create_index: job.create_index,
            status: "running".to_owned(),
            eval_priority: job.priority,
            ..Deployment::default()
        });
        fresh.task_groups.insert(group.name.clone(), state);
    }

    /// Notes that a group is not done: it still changes, or its allocations are not all healthy.
    pub(super) fn note(&mut self, group: &TaskGroup, changes: bool) {
        let done = self.state(&group.name).is_none_or(|state| {
            let wanted = state.desired_total.max(state.desired_canaries);
            state.healthy_allocs >= wanted && (state.desired_canaries == 0 || state.promoted)
        });
        self.complete &= done && !changes;
    }

    /// Puts what became of it into the plan. The id of the deployment that the evaluation worked on.
    pub(super) fn finish(self, plan: &mut PlanResult) -> String {
        if let Some(mut fresh) = self.fresh {
            fresh.status_description = match (fresh.requires_promotion(), fresh.has_auto_promote()) {
                (true, true) => "Deployment is running pending automatic promotion",
                (true, false) => "Deployment is running but requires manual promotion",
                _ => "Deployment is running",
            }
            .to_owned();
            let id = fresh.id.clone();
            plan.deployment = Some(fresh);
            if self.complete && self.by_nodes {
                plan.deployment_updates.push((id.clone(), "successful".to_owned(), COMPLETED.to_owned()));
            }
            return id;
        }
        let Some(current) = self.current else { return self.newest };
        if self.is_changed && current.is_active() {
            plan.deployment = Some(current.clone());
        }
        if self.complete && current.is_active() && current.status != "paused" {
            plan.deployment_updates.push((current.id.clone(), "successful".to_owned(), COMPLETED.to_owned()));
        }
        current.id
    }
}

const COMPLETED: &str = "Deployment completed successfully";
