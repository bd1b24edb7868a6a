//! What a scheduler decided.

use serde::{Deserialize, Serialize};

use crate::structs::{Allocation, Deployment, Job};

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
    /// The deployment that begins.
    #[serde(default)]
    pub(crate) deployment: Option<Deployment>,
    /// Deployments that change: their ids, statuses and what they say.
    #[serde(default)]
    pub(crate) deployment_updates: Vec<(String, String, String)>,
    /// The deployment that updated allocations belong to from now on.
    #[serde(default)]
    pub(crate) update_deployment: String,
    /// When, in nanoseconds since 1970.
    pub(crate) at: i64,
}

impl PlanResult {
    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.place.is_empty()
            && self.stop.is_empty()
            && self.update.is_empty()
            && self.deployment.is_none()
            && self.deployment_updates.is_empty()
    }
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
    /// The allocation that it is put aside for.
    #[serde(default)]
    pub(crate) preempted_by: Option<String>,
}
