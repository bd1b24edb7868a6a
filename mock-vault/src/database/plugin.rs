//! What makes users in a database.

use std::sync::Arc;

use serde_json::Value;

use crate::database::config::Connection;

/// A kind of database. Errors are the text that the real plugin gives.
pub(crate) trait Plugin: Send + Sync {
    /// Whether the connection can be used.
    fn verify(&self, connection: &Connection) -> Result<(), String>;

    /// Makes a user by the role's statements.
    fn create_user(
        &self,
        connection: &Connection,
        username: &str,
        password: &str,
        statements: &[String],
    ) -> Result<(), String>;

    /// Gives a user another password.
    fn change_password(
        &self,
        connection: &Connection,
        username: &str,
        password: &str,
        statements: &[String],
    ) -> Result<(), String>;

    /// Removes a user; one that is not there is none.
    fn drop_user(&self, connection: &Connection, username: &str, statements: &[String])
    -> Result<(), String>;
}

/// The kinds of databases by the name of their plugin.
#[derive(Clone)]
pub(crate) struct Plugins(Arc<dyn Plugin>);

impl Default for Plugins {
    fn default() -> Self {
        Self(Arc::new(Unconnected))
    }
}

impl Plugins {
    /// The plugin of that name. There is one for all of them, which knows the rules for statements and no database.
    pub(super) fn of(&self, _name: &str) -> &dyn Plugin {
        self.0.as_ref()
    }
}

/// Checks what can be checked without a database, and takes the rest as done.
struct Unconnected;

impl Plugin for Unconnected {
    fn verify(&self, connection: &Connection) -> Result<(), String> {
        let url = connection.details.get("connection_url").and_then(Value::as_str).unwrap_or("");
        if url.is_empty() { Err("connection_url cannot be empty".into()) } else { Ok(()) }
    }

    fn create_user(
        &self,
        connection: &Connection,
        _: &str,
        _: &str,
        statements: &[String],
    ) -> Result<(), String> {
        let Some(first) = statements.first().filter(|text| !text.is_empty()) else {
            return Err("empty creation statements".into());
        };
        if !connection.plugin_name.starts_with("mongodb") {
            return Ok(());
        }
        let document: Value = serde_json::from_str(first).map_err(|error| error.to_string())?;
        match document.get("roles").and_then(Value::as_array) {
            Some(roles) if !roles.is_empty() => Ok(()),
            _ => Err("roles array is required in creation statement".into()),
        }
    }

    fn change_password(&self, _: &Connection, _: &str, _: &str, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn drop_user(&self, connection: &Connection, _: &str, statements: &[String]) -> Result<(), String> {
        if connection.plugin_name.starts_with("mongodb") && statements.len() > 1 {
            return Err(format!("expected 0 or 1 revocation statements, got {}", statements.len()));
        }
        Ok(())
    }
}
