//! What becomes of deployments, drains, periodic runs and garbage.

use std::sync::Arc;

use crate::state::Topic;
use crate::state::command::{DeploymentChange, DrainChange, Garbage, JobCommand};
use crate::state::events::Subject;
use crate::state::tables::{JobKey, Tables};
use crate::structs::{Allocation, AllocationHealth, Deployment, GoTime, ScalingEvent};

impl Tables {
    pub(super) fn apply_job(&mut self, command: JobCommand) -> Result<(), String> {
        match command {
            JobCommand::Submission { namespace, job_id, submission } => {
                self.keep_submission((namespace, job_id), submission);
            }
            JobCommand::Deployment(change) => return self.change_deployment(*change),
            JobCommand::Stability { namespace, job_id, version, stable } => {
                self.set_stability(&(namespace, job_id), version, stable);
            }
            JobCommand::Tag { namespace, job_id, version, name, tag } => {
                return self.tag_version((namespace, job_id), version, &name, tag.as_ref());
            }
            JobCommand::Scaled { namespace, job_id, group, event } => {
                let event = ScalingEvent { create_index: self.index, ..event };
                Arc::make_mut(&mut self.work).add_scaling_event((namespace, job_id), group, event);
            }
            JobCommand::Transitions { transitions, evaluations, at } => {
                for (id, transition) in transitions {
                    let Some(known) = self.allocations.get(&id) else { continue };
                    let allocation = Allocation {
                        desired_transition: transition,
                        modify_index: self.index,
                        modify_time: at,
                        ..Allocation::clone(known)
                    };
                    self.put_allocation(allocation);
                }
                self.upsert_evaluations(evaluations);
            }
            JobCommand::Drain(change) => return self.change_drain(*change),
            JobCommand::Launch { namespace, job_id, at } => {
                Arc::make_mut(&mut self.work).note_launch((namespace, job_id), at);
            }
            JobCommand::Collect(garbage) => self.collect(*garbage),
        }
        Ok(())
    }

    fn keep_submission(&mut self, key: JobKey, submission: crate::structs::Opaque) {
        let Some(job) = self.jobs.get(&key) else { return };
        let (version, index) = (job.version, job.job_modify_index);
        let text = |name: &str| submission[name].as_str().unwrap_or_default().to_owned();
        let submission = serde_json::json!({
            "Source": text("Source"), "Format": text("Format"), "Variables": text("Variables"),
            "VariableFlags": submission["VariableFlags"], "Namespace": key.0, "JobID": key.1, "Version": version,
            "JobModifyIndex": index,
        });
        Arc::make_mut(&mut self.work).keep_submission(key, version, submission);
    }

    /// Puts a deployment into the tables.
    pub(super) fn put_deployment(&mut self, mut deployment: Deployment) {
        self.touch(Topic::Deployments);
        deployment.modify_index = self.index;
        self.changed.push(Subject::Deployment(Box::new(deployment.clone())));
        Arc::make_mut(&mut self.work).deployments.insert(deployment);
    }

    pub(super) fn change_deployment(&mut self, change: DeploymentChange) -> Result<(), String> {
        let Some(known) = self.work.deployments.get(&change.id) else {
            return Err(format!("Deployment ID {:?} couldn't be updated as it does not exist", change.id));
        };
        let mut deployment = known.clone();
        if let Some((status, description)) = change.status {
            deployment.status = status;
            deployment.status_description = description;
        }
        for group in &change.promote {
            if let Some(state) = deployment.task_groups.get_mut(group) {
                state.promoted = true;
                if state.progress_deadline > 0 {
                    let deadline = i128::from(change.at) + i128::from(state.progress_deadline);
                    let deadline = time::OffsetDateTime::from_unix_timestamp_nanos(deadline);
                    state.require_progress_by = GoTime(deadline.ok());
                }
            }
        }
        deployment.modify_time = change.at;
        let succeeded = deployment.status == "successful";
        let (key, version) =
            ((deployment.namespace.clone(), deployment.job_id.clone()), deployment.job_version);
        self.put_deployment(deployment);
        for (ids, healthy) in [(change.healthy, true), (change.unhealthy, false)] {
            for id in ids {
                self.set_health(&id, healthy, change.at);
            }
        }
        if succeeded {
            self.set_stability(&key, version, true);
        }
        if !change.promote.is_empty() {
            self.end_canaries(&change.id, &change.promote, change.at);
        }
        if let Some(job) = change.revert {
            self.register_job(job, None);
        }
        self.upsert_evaluations(change.evaluations);
        Ok(())
    }

    fn set_health(&mut self, id: &str, healthy: bool, at: i64) {
        let Some(known) = self.allocations.get(id) else { return };
        let before = known.deployment_status.clone().unwrap_or_default();
        let was = before.healthy;
        let timestamp = GoTime(time::OffsetDateTime::from_unix_timestamp_nanos(at.into()).ok());
        let health =
            AllocationHealth { healthy: Some(healthy), timestamp, modify_index: self.index, ..before };
        let allocation = Allocation {
            deployment_status: Some(health),
            modify_index: self.index,
            modify_time: at,
            ..Allocation::clone(known)
        };
        self.count_health(&allocation, was, at);
        self.put_allocation(allocation);
    }

    /// Promoted canaries are ordinary allocations.
    fn end_canaries(&mut self, deployment: &str, groups: &[String], at: i64) {
        let canaries: Vec<Allocation> = self
            .allocations
            .values()
            .filter(|found| found.deployment_id == deployment && groups.contains(&found.task_group))
            .filter(|found| found.deployment_status.as_ref().is_some_and(|health| health.canary))
            .map(|found| Allocation::clone(found))
            .collect();
        for mut allocation in canaries {
            if let Some(health) = &mut allocation.deployment_status {
                health.canary = false;
            }
            allocation.modify_index = self.index;
            allocation.modify_time = at;
            self.put_allocation(allocation);
        }
    }

    /// Counts an allocation's health in its deployment, where it is news.
    pub(super) fn count_health(&mut self, allocation: &Allocation, before: Option<bool>, at: i64) {
        let now = allocation.deployment_status.as_ref().and_then(|health| health.healthy);
        if now == before || allocation.deployment_id.is_empty() {
            return;
        }
        let Some(known) = self.work.deployments.get(&allocation.deployment_id) else { return };
        let mut deployment = known.clone();
        let Some(state) = deployment.task_groups.get_mut(&allocation.task_group) else { return };
        state.healthy_allocs += i64::from(now == Some(true)) - i64::from(before == Some(true));
        state.unhealthy_allocs += i64::from(now == Some(false)) - i64::from(before == Some(false));
        if now == Some(true) && state.progress_deadline > 0 {
            let deadline = time::OffsetDateTime::from_unix_timestamp_nanos(
                i128::from(at) + i128::from(state.progress_deadline),
            );
            state.require_progress_by = GoTime(deadline.ok()).max(state.require_progress_by);
        }
        deployment.modify_time = at;
        self.put_deployment(deployment);
    }

    /// Counts a placed allocation in its deployment.
    pub(super) fn count_placed(&mut self, allocation: &Allocation, at: i64) {
        if allocation.deployment_id.is_empty() {
            return;
        }
        let Some(known) = self.work.deployments.get(&allocation.deployment_id) else { return };
        let mut deployment = known.clone();
        let Some(state) = deployment.task_groups.get_mut(&allocation.task_group) else { return };
        state.placed_allocs += 1;
        if allocation.deployment_status.as_ref().is_some_and(|health| health.canary) {
            state.placed_canaries.get_or_insert_default().push(allocation.id.clone());
        }
        if state.require_progress_by == GoTime(None) && state.progress_deadline > 0 {
            let deadline = time::OffsetDateTime::from_unix_timestamp_nanos(
                i128::from(at) + i128::from(state.progress_deadline),
            );
            state.require_progress_by = GoTime(deadline.ok());
        }
        deployment.modify_time = at;
        self.put_deployment(deployment);
    }

    fn change_drain(&mut self, change: DrainChange) -> Result<(), String> {
        let index = self.index;
        self.change_node(&change.node_id, |node| {
            let ends = change.strategy.is_null();
            node.scheduling_eligibility =
                if !ends || (!change.mark_eligible && node.scheduling_eligibility == "ineligible") {
                    "ineligible".to_owned()
                } else {
                    "eligible".to_owned()
                };
            node.drain_strategy = change.strategy;
            if !change.last_drain.is_null() {
                node.last_drain = change.last_drain;
            }
            node.status_updated_at = change.at;
            if let Some(mut event) = change.event {
                event.create_index = index;
                node.add_event(event);
            }
        })
    }

    fn collect(&mut self, garbage: Garbage) {
        for key in &garbage.jobs {
            self.remove_job(key);
        }
        for id in &garbage.evaluations {
            self.remove_evaluation(id);
        }
        for id in &garbage.allocations {
            self.remove_allocation(id);
        }
        if !garbage.deployments.is_empty() {
            let known = &mut Arc::make_mut(&mut self.work).deployments;
            garbage.deployments.iter().for_each(|id| known.remove(id));
            self.touch(Topic::Deployments);
        }
    }
}
