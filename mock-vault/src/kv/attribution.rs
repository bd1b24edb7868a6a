//! Who changed a secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
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
        let policies = token.map(|token| token.policies.as_slice()).unwrap_or_default();
        Self {
            actor: token.map(|token| token.display_name.clone()).unwrap_or_default(),
            operation: operation.to_owned(),
            client_id: if entity_id.is_empty() { without_entity(policies) } else { entity_id.clone() },
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

/// Clients without an entity are told apart by their policies.
fn without_entity(policies: &[String]) -> String {
    STANDARD.encode(digest(&SHA256, format!("{}\0root", policies.join("\u{7f}")).as_bytes()))
}
