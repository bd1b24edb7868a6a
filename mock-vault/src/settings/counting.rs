//! Whether the server counts its clients, and for how long it remembers.

use serde::{Deserialize, Serialize};

/// The settings of client counting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counting {
    /// `default`, `enable` or `disable`.
    pub(crate) enabled: String,
    pub(crate) retention_months: i64,
}

impl Default for Counting {
    fn default() -> Self {
        Self { enabled: "default".to_owned(), retention_months: 48 }
    }
}
