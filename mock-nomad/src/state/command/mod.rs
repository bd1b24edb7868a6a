//! The changes that go through the log; the larger ones have a file each.

mod job;
mod node;
mod plan;

use serde::{Deserialize, Serialize};

pub(crate) use self::job::{DeploymentChange, DrainChange, Garbage, JobCommand};
pub(crate) use self::node::StatusChange;
pub(crate) use self::plan::{PlanResult, StopAllocation};

use super::family::{AccessCommand, KeyringCommand, RegistryCommand, SettingsCommand, VariableCommand};
use crate::structs::{Allocation, Evaluation, Job, Node, NodeEvent};

/// One change of the state. Everything that could differ between servers (times, ids, random numbers) is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Command {
    /// A node registers, for the first time or again.
    RegisterNode {
        /// The node as it describes itself.
        node: Box<Node>,
        /// When, in seconds since 1970.
        at: i64,
    },
    /// Nodes are forgotten.
    DeregisterNodes(Vec<String>),
    /// A node's status changes.
    UpdateNodeStatus(StatusChange),
    /// A node may or may not be given new work.
    UpdateNodeEligibility {
        /// The node.
        node_id: String,
        /// `eligible` or `ineligible`.
        eligibility: String,
        /// What the node's history says of it.
        event: Option<NodeEvent>,
    },
    /// Events that a node tells of itself.
    AddNodeEvents(Vec<(String, Vec<NodeEvent>)>),
    /// A job is registered, with the evaluation that will place it.
    RegisterJob {
        /// The job in canonical form.
        job: Box<Job>,
        /// The evaluation, where the job is one to be placed.
        evaluation: Option<Box<Evaluation>>,
    },
    /// A job is stopped or forgotten.
    DeregisterJob {
        /// The job's namespace.
        namespace: String,
        /// The job.
        job_id: String,
        /// Whether nothing of it shall be kept.
        purge: bool,
        /// When, in nanoseconds since 1970.
        at: i64,
        /// The evaluation that will stop its allocations.
        evaluation: Option<Box<Evaluation>>,
    },
    /// Evaluations are created or changed.
    UpdateEvaluations(Vec<Evaluation>),
    /// A client tells what became of its allocations.
    UpdateAllocations {
        /// The allocations; only what a client may say is taken of them.
        allocations: Vec<Allocation>,
        /// The evaluations that follow.
        evaluations: Vec<Evaluation>,
        /// When, in nanoseconds since 1970.
        at: i64,
    },
    /// What a scheduler decided.
    ApplyPlan(Box<PlanResult>),
    /// Policies, tokens, roles and ways to log in.
    Access(AccessCommand),
    /// Keys.
    Keyring(KeyringCommand),
    /// Namespaces, node pools and services.
    Registry(RegistryCommand),
    /// Settings of the whole cluster.
    Settings(SettingsCommand),
    /// Variables.
    Variables(VariableCommand),
    /// Everything becomes as it was in a snapshot.
    Restore(Vec<u8>),
    /// Deployments, drains, periodic runs and garbage.
    Job(JobCommand),
    /// Nothing: a new leader's first entry.
    Noop,
}

impl Command {
    /// The command as the log keeps it.
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Every field is of a kind that msgpack has, and memory takes all of it.
        rmp_serde::to_vec_named(self).expect("commands are made of plain values")
    }

    /// Reads what [`Command::encode`] wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, rmp_serde::decode::Error> {
        rmp_serde::from_slice(bytes)
    }
}
