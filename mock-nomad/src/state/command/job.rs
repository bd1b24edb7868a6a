//! Changes around jobs: deployments, drains, periodic runs, and what is collected as garbage.

use serde::{Deserialize, Serialize};

use crate::structs::{DesiredTransition, Evaluation, Job, NodeEvent, Opaque, ScalingEvent, VersionTag};

/// A change around jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum JobCommand {
    /// What a user submitted for the newest version of a job.
    Submission {
        /// The job's namespace.
        namespace: String,
        /// The job.
        job_id: String,
        /// `Source`, `Format`, `VariableFlags` and `Variables`.
        submission: Opaque,
    },
    /// A deployment changes.
    Deployment(Box<DeploymentChange>),
    /// A version of a job is known to work, or no longer.
    Stability {
        /// The job's namespace.
        namespace: String,
        /// The job.
        job_id: String,
        /// The version.
        version: u64,
        /// Whether it works.
        stable: bool,
    },
    /// A version of a job gets a name, or loses it.
    Tag {
        /// The job's namespace.
        namespace: String,
        /// The job.
        job_id: String,
        /// The version that gets the name.
        version: u64,
        /// The name.
        name: String,
        /// All of the tag; `None`: the name goes.
        tag: Option<VersionTag>,
    },
    /// A group was scaled, or was to be.
    Scaled {
        /// The job's namespace.
        namespace: String,
        /// The job.
        job_id: String,
        /// The group.
        group: String,
        /// What is remembered of it.
        event: ScalingEvent,
    },
    /// Allocations are asked to do something.
    Transitions {
        /// The allocations and what they are to do.
        transitions: Vec<(String, DesiredTransition)>,
        /// The evaluations that follow.
        evaluations: Vec<Evaluation>,
        /// When, in nanoseconds since 1970.
        at: i64,
    },
    /// A node is to be emptied, or no longer.
    Drain(Box<DrainChange>),
    /// A periodic job ran.
    Launch {
        /// The job's namespace.
        namespace: String,
        /// The job.
        job_id: String,
        /// When, in nanoseconds since 1970.
        at: i64,
    },
    /// What is no longer of use goes.
    Collect(Box<Garbage>),
}

/// A change of a deployment, with everything that goes with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeploymentChange {
    /// The deployment.
    pub(crate) id: String,
    /// Its new status and what it says; `None`: it stays.
    pub(crate) status: Option<(String, String)>,
    /// Groups whose canaries are promoted.
    pub(crate) promote: Vec<String>,
    /// Allocations that were found to work.
    pub(crate) healthy: Vec<String>,
    /// Allocations that were found not to.
    pub(crate) unhealthy: Vec<String>,
    /// The job to go back to.
    pub(crate) revert: Option<Job>,
    /// The evaluations that follow.
    pub(crate) evaluations: Vec<Evaluation>,
    /// When, in nanoseconds since 1970.
    pub(crate) at: i64,
}

/// A change of a node's drain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DrainChange {
    /// The node.
    pub(crate) node_id: String,
    /// How it is emptied; null ends that.
    pub(crate) strategy: Opaque,
    /// Whether it may be given work afterwards.
    pub(crate) mark_eligible: bool,
    /// What the drain is remembered by; null leaves it.
    pub(crate) last_drain: Opaque,
    /// What the node's history says of it.
    pub(crate) event: Option<NodeEvent>,
    /// When, in seconds since 1970.
    pub(crate) at: i64,
}

/// What is no longer of use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Garbage {
    /// Jobs by namespace and id.
    pub(crate) jobs: Vec<(String, String)>,
    /// Evaluations.
    pub(crate) evaluations: Vec<String>,
    /// Allocations.
    pub(crate) allocations: Vec<String>,
    /// Deployments.
    pub(crate) deployments: Vec<String>,
}
