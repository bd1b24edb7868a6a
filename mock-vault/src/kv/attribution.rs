//! Who changed a secret.

use serde::{Deserialize, Serialize};

use crate::logical::Call;

/// Who did what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attribution {
    actor: String,
    operation: String,
    client_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    entity_id: String,
}

impl Attribution {
    /// The caller, doing `operation`.
    pub(super) fn of(call: &Call<'_>, operation: &str) -> Self {
        let token = call.caller.map(|caller| &caller.token);
        let entity_id = token.map(|token| token.entity_id.clone()).unwrap_or_default();
        Self {
            actor: token.map(|token| token.display_name.clone()).unwrap_or_default(),
            operation: operation.to_owned(),
            client_id: token.map(|token| token.client_id()).unwrap_or_default(),
            entity_id,
        }
    }

    /// The server itself, carrying secrets over.
    pub(super) fn upgrade() -> Self {
        Self {
            actor: String::new(),
            operation: "upgrade".to_owned(),
            client_id: String::new(),
            entity_id: String::new(),
        }
    }
}
