//! Changes of nodes.

use serde::{Deserialize, Serialize};

use crate::structs::NodeEvent;

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
