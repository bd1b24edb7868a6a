//! What becomes of allocations.

use std::sync::Arc;

use crate::state::command::{DeploymentChange, PlanResult, StopAllocation};
use crate::state::tables::{JobKey, Tables};
use crate::structs::{Allocation, Node};

impl Tables {
    pub(super) fn take_client_update(&mut self, update: Allocation, at: i64) {
        let Some(known) = self.allocations.get(&update.id) else { return };
        let mut allocation = Allocation::clone(known);
        allocation.client_status = update.client_status;
        allocation.client_description = update.client_description;
        allocation.task_states = update.task_states;
        allocation.network_status = update.network_status;
        let before = allocation.health();
        if let Some(health) = update.deployment_status {
            // Whether it is a canary is the servers' to say, and a verdict stays.
            let known = allocation.deployment_status.get_or_insert_default();
            if known.healthy.is_none() && health.healthy.is_some() {
                known.healthy = health.healthy;
                known.timestamp = health.timestamp;
                known.modify_index = self.index;
            }
        }
        self.count_health(&allocation, before, at);
        allocation.modify_index = self.index;
        allocation.modify_time = at;
        let (key, node) = (allocation.job_key(), allocation.node_id.clone());
        self.put_allocation(allocation);
        let index = self.index;
        if let Some(known) = self.nodes.get(&node) {
            // Nobody waits for this number, so the node table's index stays.
            let node = Node { last_alloc_update_index: index, ..Node::clone(known) };
            self.nodes.insert(node.id.clone(), Arc::new(node));
        }
        self.refresh_job_status(&key);
    }

    pub(super) fn apply_plan(&mut self, plan: PlanResult) {
        let job = plan.job.map(Arc::new);
        if let Some(mut deployment) = plan.deployment {
            let known = self.work.deployments.get(&deployment.id);
            deployment.create_index = known.map_or(self.index, |known| known.create_index);
            deployment.create_time = known.map_or(plan.at, |known| known.create_time);
            deployment.modify_time = plan.at;
            self.put_deployment(deployment);
        }
        for (id, status, description) in plan.deployment_updates {
            // The real program leaves no time here.
            let change =
                DeploymentChange { id, status: Some((status, description)), ..DeploymentChange::default() };
            // A deployment that is gone in the meantime needs no change.
            let _ = self.change_deployment(change);
        }
        let mut keys: Vec<JobKey> = Vec::new();
        for stop in plan.stop {
            keys.extend(self.stop_allocation(stop, plan.at));
        }
        for id in plan.update {
            let Some(known) = self.allocations.get(&id) else { continue };
            let mut allocation = Allocation { job: job.clone(), ..Allocation::clone(known) };
            if !plan.update_deployment.is_empty() {
                allocation.deployment_id.clone_from(&plan.update_deployment);
                allocation.deployment_status = None;
                self.count_placed(&allocation, plan.at);
            }
            self.stamp(&mut allocation, plan.at);
            self.put_allocation(allocation);
        }
        for mut allocation in plan.place {
            allocation.job.clone_from(&job);
            allocation.create_index = self.index;
            allocation.create_time = plan.at;
            self.stamp(&mut allocation, plan.at);
            self.link_predecessor(&allocation);
            self.count_placed(&allocation, plan.at);
            keys.push(allocation.job_key());
            self.put_allocation(allocation);
        }
        keys.dedup();
        keys.iter().for_each(|key| self.refresh_job_status(key));
    }

    fn stop_allocation(&mut self, stop: StopAllocation, at: i64) -> Option<JobKey> {
        let mut allocation = Allocation::clone(self.allocations.get(&stop.id)?);
        allocation.desired_status = stop.desired_status;
        allocation.desired_description = stop.description;
        if let Some(status) = stop.client_status {
            allocation.client_status = status;
        }
        if let Some(followup) = stop.followup_eval_id {
            allocation.followup_eval_id = followup;
        }
        if let Some(by) = stop.preempted_by {
            allocation.preempted_by_allocation = by;
        }
        self.stamp(&mut allocation, at);
        let key = allocation.job_key();
        self.put_allocation(allocation);
        Some(key)
    }

    fn stamp(&self, allocation: &mut Allocation, at: i64) {
        allocation.modify_index = self.index;
        allocation.alloc_modify_index = self.index;
        allocation.modify_time = at;
    }

    fn link_predecessor(&mut self, allocation: &Allocation) {
        if let Some(previous) = self.allocations.get(&allocation.previous_allocation) {
            let previous =
                Allocation { next_allocation: allocation.id.clone(), ..Allocation::clone(previous) };
            self.link_allocation(Arc::new(previous));
        }
    }
}
