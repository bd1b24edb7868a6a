//! What is remembered of the scaling of a group.

use serde::{Deserialize, Serialize};

use super::Opaque;

/// A group was scaled, or an autoscaler had something to say about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ScalingEvent {
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    /// The new count, where it was one.
    pub(crate) count: Option<i64>,
    pub(crate) previous_count: i64,
    pub(crate) message: String,
    pub(crate) error: bool,
    pub(crate) meta: Opaque,
    /// The evaluation that followed.
    #[serde(rename = "EvalID")]
    pub(crate) eval_id: Option<String>,
    pub(crate) create_index: u64,
}
