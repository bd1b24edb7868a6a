//! A deployment: the rollout of one version of a job.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{GoTime, empty};

/// A deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Deployment {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) namespace: String,
    #[serde(rename = "JobID")]
    pub(crate) job_id: String,
    pub(crate) job_version: u64,
    pub(crate) job_modify_index: u64,
    pub(crate) job_spec_modify_index: u64,
    pub(crate) job_create_index: u64,
    pub(crate) is_multiregion: bool,
    pub(crate) task_groups: BTreeMap<String, DeploymentState>,
    /// `initializing`, `running`, `paused`, `failed`, `successful`, `cancelled`, `blocked`, `unblocking` or `pending`.
    pub(crate) status: String,
    pub(crate) status_description: String,
    pub(crate) eval_priority: i64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
    /// Nanoseconds since 1970.
    pub(crate) create_time: i64,
    pub(crate) modify_time: i64,
}

impl Deployment {
    /// Whether something may still come of it.
    pub(crate) fn is_active(&self) -> bool {
        matches!(
            self.status.as_str(),
            "initializing" | "running" | "paused" | "blocked" | "unblocking" | "pending"
        )
    }

    /// Whether some group has canaries that wait for promotion.
    pub(crate) fn requires_promotion(&self) -> bool {
        self.status == "running"
            && self.task_groups.values().any(|group| group.desired_canaries > 0 && !group.promoted)
    }

    /// Whether every group with canaries promotes them by itself.
    pub(crate) fn has_auto_promote(&self) -> bool {
        let mut with_canaries =
            self.task_groups.values().filter(|group| group.desired_canaries > 0).peekable();
        with_canaries.peek().is_some() && with_canaries.all(|group| group.auto_promote)
    }
}

/// The rollout of one group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct DeploymentState {
    pub(crate) auto_revert: bool,
    pub(crate) auto_promote: bool,
    /// Nanoseconds.
    pub(crate) progress_deadline: i64,
    pub(crate) require_progress_by: GoTime,
    pub(crate) promoted: bool,
    pub(crate) placed_canaries: Option<Vec<String>>,
    pub(crate) desired_canaries: i64,
    pub(crate) desired_total: i64,
    pub(crate) placed_allocs: i64,
    pub(crate) healthy_allocs: i64,
    pub(crate) unhealthy_allocs: i64,
}

/// Whether an allocation of a deployment works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AllocationHealth {
    /// `None`: that is not known yet.
    pub(crate) healthy: Option<bool>,
    pub(crate) timestamp: GoTime,
    pub(crate) canary: bool,
    pub(crate) modify_index: u64,
}

/// What the servers want an allocation to do beside running or stopping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct DesiredTransition {
    #[serde(skip_serializing_if = "empty")]
    pub(crate) migrate: Option<bool>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) reschedule: Option<bool>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) force_reschedule: Option<bool>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) no_shutdown_delay: Option<bool>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) migrate_disable_placement: Option<bool>,
}
