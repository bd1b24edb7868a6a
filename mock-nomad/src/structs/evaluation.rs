//! An evaluation: the scheduler's order to look at a job again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{GoTime, Opaque, empty};

/// An evaluation. Empty fields are left out, as the real program does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Evaluation {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) priority: i64,
    /// The job's type: which scheduler takes it.
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    pub(crate) triggered_by: String,
    #[serde(rename = "JobID")]
    pub(crate) job_id: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) job_modify_index: u64,
    #[serde(rename = "NodeID", skip_serializing_if = "empty")]
    pub(crate) node_id: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) node_modify_index: u64,
    #[serde(rename = "DeploymentID", skip_serializing_if = "empty")]
    pub(crate) deployment_id: String,
    /// `blocked`, `pending`, `complete`, `failed` or `canceled`.
    pub(crate) status: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) status_description: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) wait_until: GoTime,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) next_eval: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) previous_eval: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) blocked_eval: String,
    #[serde(rename = "FailedTGAllocs", skip_serializing_if = "empty")]
    pub(crate) failed_tg_allocs: BTreeMap<String, PlacementMetrics>,
    /// Of a blocked evaluation: which classes of nodes it may find room on when they have some.
    #[serde(skip_serializing_if = "empty")]
    pub(crate) class_eligibility: BTreeMap<String, bool>,
    /// Of a blocked evaluation: whether classes say nothing of who may run something.
    #[serde(skip_serializing_if = "empty")]
    pub(crate) escaped_computed_class: bool,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) queued_allocations: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) plan_annotations: Opaque,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) snapshot_index: u64,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) create_index: u64,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) modify_index: u64,
    /// Nanoseconds since 1970.
    pub(crate) create_time: i64,
    pub(crate) modify_time: i64,
}

impl Evaluation {
    /// Whether nothing more will come of it.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self.status.as_str(), "complete" | "failed" | "canceled")
    }
}

/// Why a placement was found or not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PlacementMetrics {
    pub(crate) nodes_evaluated: u64,
    pub(crate) nodes_filtered: u64,
    pub(crate) nodes_in_pool: u64,
    pub(crate) node_pool: String,
    pub(crate) nodes_available: Option<BTreeMap<String, u64>>,
    pub(crate) class_filtered: Option<BTreeMap<String, u64>>,
    pub(crate) constraint_filtered: Option<BTreeMap<String, u64>>,
    pub(crate) nodes_exhausted: u64,
    pub(crate) class_exhausted: Option<BTreeMap<String, u64>>,
    pub(crate) dimension_exhausted: Option<BTreeMap<String, u64>>,
    pub(crate) quota_exhausted: Opaque,
    pub(crate) resources_exhausted: Opaque,
    pub(crate) scores: Opaque,
    pub(crate) score_meta_data: Opaque,
    pub(crate) allocation_time: i64,
    pub(crate) coalesced_failures: u64,
}
