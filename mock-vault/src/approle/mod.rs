//! The AppRole auth method.

mod login;
mod metadata;
mod part;
mod role;
mod secret_id;

use serde_json::Value;

use crate::approle::role::Role;
use crate::approle::secret_id::SecretId;
use crate::logical::{Call, Data, Endpoint, Environment, MountView, Outcome, Refusal, exists, invoke};
use crate::mounts::{Engine, Renewal};
use crate::storage::{Table, Writes};

/// An AppRole mount.
#[derive(Default)]
pub(crate) struct AppRole {
    /// By name in lower case.
    roles: Table<Role>,
    /// By accessor.
    secret_ids: Table<SecretId>,
}

static ENDPOINTS: &[&[Endpoint<AppRole>]] =
    &[role::ENDPOINTS, part::ENDPOINTS, secret_id::ENDPOINTS, login::ENDPOINTS];

impl Engine for AppRole {
    fn unauthenticated(&self) -> &'static [&'static str] {
        &["login"]
    }

    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal> {
        exists(ENDPOINTS, self, call)
    }

    fn login_alias(&self, path: &str, data: &Data) -> Option<String> {
        if path != "login" {
            return None;
        }
        data.get("role_id").and_then(Value::as_str).map(str::to_owned)
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

    fn flush(&mut self, prefix: &str, writes: &mut Writes) {
        self.roles.flush(format_args!("{prefix}role/"), writes);
        self.secret_ids.flush(format_args!("{prefix}secret_id/"), writes);
    }

    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.split_once('/') {
            Some(("role", name)) => self.roles.load(name, bytes),
            Some(("secret_id", name)) => self.secret_ids.load(name, bytes),
            _ => Ok(()),
        }
    }
}
