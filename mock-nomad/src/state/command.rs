//! The changes that go through the log.

use serde::{Deserialize, Serialize};

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
    /// Nothing: a new leader's first entry.
    Noop,
}

/// A change of a node's status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StatusChange {
    /// The node.
    pub(crate) node_id: String,
    /// The new status.
    pub(crate) status: String,
    /// When, in seconds since 1970.
    pub(crate) at: i64,
    /// What the node's history says of it.
    pub(crate) event: Option<NodeEvent>,
}

/// What a scheduler decided for one evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlanResult {
    /// The job that the placed allocations belong to, sent once for all of them.
    pub(crate) job: Option<Job>,
    /// Allocations to create.
    pub(crate) place: Vec<Allocation>,
    /// Allocations that become those of a newer version of the job without a restart.
    pub(crate) update: Vec<String>,
    /// Allocations to stop.
    pub(crate) stop: Vec<StopAllocation>,
    /// When, in nanoseconds since 1970.
    pub(crate) at: i64,
}

/// An allocation to stop, or to mark.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StopAllocation {
    /// The allocation.
    pub(crate) id: String,
    /// What the servers want of it from now on.
    pub(crate) desired_status: String,
    /// Why.
    pub(crate) description: String,
    /// What the servers hold to be so, where the client cannot say (`lost`, `unknown`).
    pub(crate) client_status: Option<String>,
    /// The evaluation that looks at it again later.
    pub(crate) followup_eval_id: Option<String>,
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
