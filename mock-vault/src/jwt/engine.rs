//! The method's state and its paths.

use crate::jwt::config::Config;
use crate::jwt::keys::KeyCache;
use crate::jwt::role::Role;
use crate::jwt::{config, login, role};
use crate::logical::{Call, Data, Endpoint, Environment, MountView, Outcome, Refusal, exists, invoke};
use crate::mounts::{Engine, Renewal};
use crate::storage::{Record, Table, Writes};

/// A JWT mount.
#[derive(Default)]
pub(crate) struct Jwt {
    /// `None` until it is configured.
    pub(super) config: Record<Option<Config>>,
    /// By name in lower case.
    pub(super) roles: Table<Role>,
    /// What was fetched; gone when the server is sealed.
    pub(super) cache: KeyCache,
}

static ENDPOINTS: &[&[Endpoint<Jwt>]] = &[config::ENDPOINTS, role::ENDPOINTS, login::ENDPOINTS];

impl Engine for Jwt {
    fn unauthenticated(&self) -> &'static [&'static str] {
        &["login", "oidc/auth_url", "oidc/callback", "oidc/poll"]
    }

    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal> {
        exists(ENDPOINTS, self, call)
    }

    fn handle(&mut self, call: &mut Call<'_>) -> Outcome {
        invoke(ENDPOINTS, self, call)
    }

    /// The role must still be there; its lifetimes count as they are now.
    fn renew(&mut self, internal: &Data, _: &MountView, _: &Environment) -> Result<Renewal, Refusal> {
        let name = internal.get("role").and_then(serde_json::Value::as_str).unwrap_or("");
        match self.roles.get(&name.to_lowercase()) {
            Some(role) => Ok(role.token.renewal()),
            None => Err(Refusal::Failed(format!(
                "failed to renew entry: role {name} does not exist during renewal"
            ))),
        }
    }

    fn flush(&mut self, prefix: &str, writes: &mut Writes) {
        self.config.flush(format_args!("{prefix}config"), writes);
        self.roles.flush(format_args!("{prefix}role/"), writes);
    }

    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.strip_prefix("role/") {
            Some(name) => self.roles.load(name, bytes),
            None => self.config.load(bytes),
        }
    }
}
