//! The database engine.

mod config;
mod creds;
mod names;
pub(crate) mod plugin;
mod role;
mod rotation;
mod schedule;
mod static_role;

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use crate::database::config::Connection;
use crate::database::plugin::Plugins;
use crate::database::role::Role;
use crate::database::rotation::StaticRole;
use crate::logical::{Call, Data, Endpoint, Environment, MountView, Outcome, Refusal, exists, invoke};
use crate::mounts::{Engine, Renewal};
use crate::storage::{Table, Writes};

/// A database mount.
#[derive(Default)]
pub(crate) struct Database {
    connections: Table<Connection>,
    roles: Table<Role>,
    static_roles: Table<StaticRole>,
    plugins: Plugins,
}

static ENDPOINTS: &[&[Endpoint<Database>]] =
    &[config::ENDPOINTS, role::ENDPOINTS, creds::ENDPOINTS, static_role::ENDPOINTS];

impl Engine for Database {
    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal> {
        exists(ENDPOINTS, self, call)
    }

    fn handle(&mut self, call: &mut Call<'_>) -> Outcome {
        invoke(ENDPOINTS, self, call)
    }

    /// The user is dropped. Without its connection or role that cannot be done.
    fn revoke(&mut self, internal: &Data, _: &MountView, _: &Environment) -> Result<(), String> {
        let text = |name: &str| internal.get(name).and_then(Value::as_str).unwrap_or("");
        let connection = self.connections.get(text("db_name")).ok_or_else(|| {
            format!(
                "error during revoke: failed to find entry for connection with name: {:?}",
                text("db_name")
            )
        })?;
        let statements =
            self.roles.get(text("role")).map(|role| role.revocation_statements.clone()).unwrap_or_default();
        self.plugins.of(&connection.plugin_name).drop_user(connection, text("username"), &statements)
    }

    fn renew(&mut self, internal: &Data, _: &MountView, _: &Environment) -> Result<Renewal, Refusal> {
        let name = internal.get("role").and_then(Value::as_str).unwrap_or("");
        let some = |ttl: Duration| (!ttl.is_zero()).then_some(ttl);
        match self.roles.get(name) {
            Some(role) => {
                Ok(Renewal { ttl: some(role.default_ttl), max_ttl: some(role.max_ttl), period: None })
            }
            None => {
                Err(Refusal::Failed(format!("error during renew: could not find role with name {name:?}")))
            }
        }
    }

    fn next_chore(&self) -> Option<OffsetDateTime> {
        self.next_rotation()
    }

    fn do_chores(&mut self, environment: &Environment) {
        self.rotate_due(environment);
    }

    fn flush(&mut self, prefix: &str, writes: &mut Writes) {
        self.connections.flush(format_args!("{prefix}config/"), writes);
        self.roles.flush(format_args!("{prefix}role/"), writes);
        self.static_roles.flush(format_args!("{prefix}static-role/"), writes);
    }

    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.split_once('/') {
            Some(("config", name)) => self.connections.load(name, bytes),
            Some(("role", name)) => self.roles.load(name, bytes),
            Some(("static-role", name)) => self.static_roles.load(name, bytes),
            _ => Ok(()),
        }
    }
}
