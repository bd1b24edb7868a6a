//! Request headers in the audit log.

use serde::{Deserialize, Serialize};

/// How a header is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditedHeader {
    /// Whether its values are hashed.
    pub(crate) hmac: bool,
}
