//! What the log is for: the state, and on a leader the queue of evaluations.

use std::sync::Arc;

use super::broker::Broker;
use crate::raft::StateMachine;
use crate::state::{Command, JobCommand, Store};
use crate::structs::Evaluation;

/// Applies committed entries.
pub(super) struct Machine {
    store: Arc<Store>,
    broker: Arc<Broker>,
}

impl Machine {
    pub(super) fn new(store: &Arc<Store>, broker: &Arc<Broker>) -> Self {
        Self { store: Arc::clone(store), broker: Arc::clone(broker) }
    }
}

impl StateMachine for Machine {
    fn apply(&self, index: u64, data: &[u8]) -> Result<(), String> {
        let command = Command::decode(data).map_err(|error| format!("failed to decode command: {error}"))?;
        let evaluations = evaluations_of(&command);
        let frees = frees_capacity(&command);
        self.store.apply(index, command)?;
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
