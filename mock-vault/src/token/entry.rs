//! What is known of a token.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
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
    /// Set for access tokens of clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) oidc: Option<OidcAccess>,
}

/// What an access token is good for, and all it is good for: asking a provider who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OidcAccess {
    pub(crate) provider: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
}

impl OidcAccess {
    /// The policy of such a token.
    pub(crate) fn policy(&self) -> String {
        format!(
            "path \"identity/oidc/provider/{}/userinfo\" {{ capabilities = [\"read\", \"update\"] }}",
            self.provider
        )
    }
}

impl TokenEntry {
    /// A service token without a parent and policies that never ends.
    pub(crate) fn new(path: &str, created: OffsetDateTime) -> Self {
        Self {
            id: String::new(),
            accessor: String::new(),
            parent: String::new(),
            policies: Vec::new(),
            path: path.to_owned(),
            meta: None,
            display_name: String::new(),
            num_uses: 0,
            created,
            ttl: Duration::ZERO,
            explicit_max_ttl: Duration::ZERO,
            period: Duration::ZERO,
            role: String::new(),
            entity_id: String::new(),
            bound_cidrs: Vec::new(),
            batch: false,
            oidc: None,
        }
    }

    /// Whether it can do everything.
    pub(crate) fn is_root(&self) -> bool {
        self.policies.len() == 1 && self.policies[0] == "root"
    }

    /// What counts as one client: an entity, or all tokens with the same policies.
    pub(crate) fn client_id(&self) -> String {
        if !self.entity_id.is_empty() {
            return self.entity_id.clone();
        }
        let mut policies = self.policies.clone();
        policies.sort();
        let text = format!("{}\0root", policies.join("\u{7f}"));
        STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
    }

    /// `service` or `batch`.
    pub(crate) fn kind(&self) -> &'static str {
        if self.batch { "batch" } else { "service" }
    }
}
