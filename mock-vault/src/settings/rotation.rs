//! When the barrier is to turn to a new key by itself.

use serde::{Deserialize, Serialize};

/// The most that one key may be used for.
pub(crate) const MOST_OPERATIONS: i64 = 3_865_470_566;

/// The settings of `sys/rotate/config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    pub(crate) enabled: bool,
    /// In seconds; zero for never.
    pub(crate) interval: u64,
    pub(crate) max_operations: i64,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { enabled: true, interval: 0, max_operations: MOST_OPERATIONS }
    }
}

impl Rotation {
    /// Whether a key that was used so often has to be replaced.
    pub(crate) fn is_due(&self, encryptions: u64) -> bool {
        self.enabled && encryptions > self.max_operations.unsigned_abs()
    }
}
