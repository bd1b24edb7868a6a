//! What is known of a token.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::storage::moment;

/// A token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TokenEntry {
    /// As the client was given it.
    pub(crate) id: String,
    /// Empty for batch tokens.
    pub(crate) accessor: String,
    /// The token store's name for its parent; empty for an orphan.
    pub(crate) parent: String,
    /// Sorted.
    pub(crate) policies: Vec<String>,
    /// The path it was made at.
    pub(crate) path: String,
    pub(crate) meta: Option<BTreeMap<String, String>>,
    pub(crate) display_name: String,
    /// How often it can still be used: 0 for any number, -1 once it has been used up.
    pub(crate) num_uses: i64,
    #[serde(with = "moment")]
    pub(crate) created: OffsetDateTime,
    pub(crate) ttl: Duration,
    pub(crate) explicit_max_ttl: Duration,
    pub(crate) period: Duration,
    pub(crate) role: String,
    pub(crate) entity_id: String,
    pub(crate) bound_cidrs: Vec<String>,
    pub(crate) batch: bool,
}

impl TokenEntry {
    /// Whether it can do everything.
    pub(crate) fn is_root(&self) -> bool {
        self.policies.len() == 1 && self.policies[0] == "root"
    }

    /// `service` or `batch`.
    pub(crate) fn kind(&self) -> &'static str {
        if self.batch { "batch" } else { "service" }
    }
}
