//! The `acl` block.

use std::time::Duration;

use lab_hcl::Body;

use super::fields::Fields;
use super::load::ConfigError;
use super::merge::{flag, number, text};

/// The `acl` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AclBlock {
    pub(crate) enabled: bool,
    pub(crate) replication_token: String,
    /// How long tokens that end live at least and at most; nothing: as a server has it by itself.
    pub(crate) token_min_ttl: Duration,
    pub(crate) token_max_ttl: Duration,
}

impl AclBlock {
    pub(super) fn parse(body: &Body) -> Result<Self, ConfigError> {
        let fields = Fields::new("acl", body);
        let block = Self {
            enabled: fields.flag("enabled")?,
            replication_token: fields.text("replication_token")?,
            token_min_ttl: fields.duration("token_min_expiration_ttl")?.unwrap_or_default(),
            token_max_ttl: fields.duration("token_max_expiration_ttl")?.unwrap_or_default(),
        };
        Ok(block)
    }

    pub(super) fn merge(&mut self, more: Self) {
        flag(&mut self.enabled, more.enabled);
        text(&mut self.replication_token, more.replication_token);
        number(&mut self.token_min_ttl, more.token_min_ttl);
        number(&mut self.token_max_ttl, more.token_max_ttl);
    }
}
