//! What the log is for: the state, and on a leader the queue of evaluations.

use std::sync::Arc;

use super::broker::Broker;
use crate::raft::StateMachine;
use crate::state::{Command, JobCommand, Store};
use crate::structs::Evaluation;
use crate::telemetry::Telemetry;

/// Applies committed entries.
pub(super) struct Machine {
    store: Arc<Store>,
    broker: Arc<Broker>,
    telemetry: Arc<Telemetry>,
}

impl Machine {
    pub(super) fn new(store: &Arc<Store>, broker: &Arc<Broker>, telemetry: &Arc<Telemetry>) -> Self {
        Self { store: Arc::clone(store), broker: Arc::clone(broker), telemetry: Arc::clone(telemetry) }
    }
}

impl StateMachine for Machine {
    fn apply(&self, index: u64, data: &[u8]) -> Result<(), String> {
        let command = Command::decode(data).map_err(|error| format!("failed to decode command: {error}"))?;
        let (began, name) = (self.telemetry.now(), name_of(&command));
        let evaluations = evaluations_of(&command);
        let frees = frees_capacity(&command);
        self.store.apply(index, command)?;
        self.telemetry.since("raft.fsm.apply", began);
        if let Some(name) = name {
            self.telemetry.since(&format!("nomad.fsm.{name}"), began);
        }
        if self.broker.is_enabled() {
            for id in evaluations {
                let evaluation = self.store.read(|tables| tables.evaluations.get(&id).cloned());
                evaluation.into_iter().for_each(|evaluation| self.broker.take(&evaluation));
            }
            if frees {
                self.broker.unblock();
            }
        }
        Ok(())
    }

    fn snapshot(&self) -> Vec<u8> {
        self.store.snapshot()
    }

    fn restore(&self, snapshot: &[u8]) -> Result<(), String> {
        self.store.restore(snapshot).map_err(|error| error.to_string())
    }
}

/// Under which name the real program measures how long a change takes.
fn name_of(command: &Command) -> Option<&'static str> {
    Some(match command {
        Command::RegisterNode { .. } => "register_node",
        Command::DeregisterNodes(_) => "batch_deregister_node",
        Command::UpdateNodeStatus(_) => "node_status_update",
        Command::UpdateNodeEligibility { .. } => "node_eligibility_update",
        Command::AddNodeEvents(_) => "upsert_node_events",
        Command::RegisterJob { .. } => "register_job",
        Command::DeregisterJob { .. } => "deregister_job",
        Command::UpdateEvaluations(_) => "update_eval",
        Command::UpdateAllocations { .. } => "alloc_client_update",
        Command::ApplyPlan(_) => "apply_plan_results",
        Command::Job(JobCommand::Transitions { .. }) => "alloc_update_desired_transition",
        Command::Job(JobCommand::Drain(_)) => "batch_node_drain_update",
        Command::Variables(_) => "apply_sv_operation",
        _ => return None,
    })
}

fn evaluations_of(command: &Command) -> Vec<String> {
    match command {
        Command::UpdateEvaluations(evaluations) | Command::UpdateAllocations { evaluations, .. } => {
            ids(evaluations)
        }
        Command::RegisterJob { evaluation, .. } | Command::DeregisterJob { evaluation, .. } => {
            evaluation.iter().map(|evaluation| evaluation.id.clone()).collect()
        }
        Command::Job(JobCommand::Transitions { evaluations, .. }) => ids(evaluations),
        Command::Job(JobCommand::Deployment(change)) => ids(&change.evaluations),
        _ => Vec::new(),
    }
}

fn ids(evaluations: &[Evaluation]) -> Vec<String> {
    evaluations.iter().map(|evaluation| evaluation.id.clone()).collect()
}

/// Whether work that found no room may find some after this.
fn frees_capacity(command: &Command) -> bool {
    match command {
        Command::RegisterNode { .. }
        | Command::UpdateNodeEligibility { .. }
        | Command::Job(JobCommand::Drain(_)) => true,
        Command::UpdateNodeStatus(change) => change.status == "ready",
        Command::UpdateAllocations { allocations, .. } => {
            allocations.iter().any(|update| update.is_client_terminal())
        }
        Command::ApplyPlan(plan) => !plan.stop.is_empty(),
        _ => false,
    }
}
