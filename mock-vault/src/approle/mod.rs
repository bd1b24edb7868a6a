//! The AppRole auth method.

mod login;
mod role;
mod secret_id;

use serde_json::Value;

use crate::approle::role::Role;
use crate::approle::secret_id::SecretId;
use crate::logical::{Call, Data, Endpoint, Environment, MountView, Outcome, Refusal, exists, invoke};
use crate::mounts::{Engine, Renewal};
use crate::storage::{Table, Write};

/// An AppRole mount.
#[derive(Default)]
pub(crate) struct AppRole {
    /// By name in lower case.
    roles: Table<Role>,
    /// By accessor.
    secret_ids: Table<SecretId>,
}

static ENDPOINTS: &[&[Endpoint<AppRole>]] = &[role::ENDPOINTS, secret_id::ENDPOINTS, login::ENDPOINTS];

impl Engine for AppRole {
    fn unauthenticated(&self) -> &'static [&'static str] {
        &["login"]
    }

    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal> {
        exists(ENDPOINTS, self, call)
    }

    fn handle(&mut self, call: &mut Call<'_>) -> Outcome {
        invoke(ENDPOINTS, self, call)
    }

    fn renew(&mut self, internal: &Data, _: &MountView, _: &Environment) -> Result<Renewal, Refusal> {
        let name = internal.get("role_name").and_then(Value::as_str).unwrap_or("");
        match self.roles.get(name) {
            Some(role) => Ok(role.token.renewal()),
            None => Err(Refusal::Failed(format!("role {name:?} does not exist during renewal"))),
        }
    }

    fn flush(&mut self, prefix: &str, writes: &mut Vec<Write>) {
        self.roles.flush(&format!("{prefix}role/"), writes);
        self.secret_ids.flush(&format!("{prefix}secret_id/"), writes);
    }

    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.split_once('/') {
            Some(("role", name)) => self.roles.load(name, bytes),
            Some(("secret_id", name)) => self.secret_ids.load(name, bytes),
            _ => Ok(()),
        }
    }
}
