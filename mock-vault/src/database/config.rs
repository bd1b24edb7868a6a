//! `config`, `reset` and `rotate-root`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::database::{Database, names};
use crate::logical::{
    Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond, two_errors,
};
use crate::mounts::catalog;
use crate::storage::Table;

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("plugin_name"),
    Field::text("plugin_version"),
    Field::flag("verify_connection").or_true(),
    Field::comma_list("allowed_roles"),
    Field::list("root_rotation_statements"),
    Field::text("password_policy"),
    Field::flag("skip_static_role_import_rotation"),
];

/// The endpoints of connections.
pub(super) static ENDPOINTS: &[Endpoint<Database>] = &[
    Endpoint::new("config/?", &[], &[(List, list)]),
    Endpoint::new("config/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .open()
        .exists(is_there),
    Endpoint::new("reset/{name}", &[FIELDS], &[(Update, reset)]),
    Endpoint::new("rotate-root/{name}", &[FIELDS], &[(Update, rotate_root)]),
    Endpoint::new("reload/{plugin_name}", &[FIELDS], &[(Update, reload)]),
];

/// A database and how it is reached.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Connection {
    pub(crate) plugin_name: String,
    plugin_version: String,
    pub(super) allowed_roles: Vec<String>,
    root_rotation_statements: Vec<String>,
    password_policy: String,
    /// Whether it was tried when it was written.
    #[serde(default)]
    verified: bool,
    /// Everything else that was sent, the password included.
    pub(crate) details: Data,
}

impl Connection {
    /// The connection of this name, for a role that may use it.
    ///
    /// Errors: in the real server's words, where there is none or the role is not among its own.
    pub(super) fn for_role<'a>(
        connections: &'a Table<Self>,
        name: &str,
        role: &str,
    ) -> Result<&'a Self, Refusal> {
        let Some(connection) = connections.get(name) else {
            return Err(Refusal::Failed(format!("failed to find entry for connection with name: {name:?}")));
        };
        if !connection.allows(role) {
            return Err(Refusal::Failed(format!("{role:?} is not an allowed role")));
        }
        Ok(connection)
    }

    /// Whether a role may use it.
    pub(super) fn allows(&self, role: &str) -> bool {
        self.allowed_roles.iter().any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => role.starts_with(prefix),
            None => allowed == role,
        })
    }
}

fn is_there(database: &Database, call: &Call<'_>) -> bool {
    database.connections.contains(call.fields.text("name"))
}

fn list(database: &mut Database, _: &Call<'_>) -> Outcome {
    Response::keys(database.connections.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(database: &mut Database, call: &Call<'_>) -> Outcome {
    let Some(connection) = database.connections.get(call.fields.text("name")) else {
        return Ok(Reply::Nothing);
    };
    let mut details = connection.details.clone();
    for secret in ["password", "private_key", "tls_certificate_key"] {
        details.remove(secret);
    }
    respond(json!({
        "plugin_name": connection.plugin_name, "plugin_version": connection.plugin_version,
        "connection_details": details, "allowed_roles": connection.allowed_roles,
        "root_credentials_rotate_statements": connection.root_rotation_statements,
        "password_policy": connection.password_policy, "skip_static_role_import_rotation": false,
        "disable_automated_rotation": false, "rotation_period": 0, "rotation_schedule": "", "rotation_window": 0,
        "verify_connection": connection.verified,
    }))
}

fn write(database: &mut Database, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("name");
    let mut connection = database.connections.get(name).cloned().unwrap_or_default();
    if fields.has("plugin_name") {
        connection.plugin_name = fields.text("plugin_name").to_owned();
    }
    if connection.plugin_name.is_empty() {
        return Err(Refusal::invalid("empty plugin name"));
    }
    let plugin_name = connection.plugin_name.as_str();
    if !catalog().any(|plugin| plugin.kind == "database" && plugin.name == plugin_name) {
        let absent = format!("plugin not found in the catalog: {plugin_name}");
        return Err(Refusal::Invalid(format!(
            "error creating database object: invalid database version: {}",
            two_errors(&absent, &absent)
        )));
    }
    if fields.has("plugin_version") {
        connection.plugin_version = fields.text("plugin_version").to_owned();
    }
    if fields.has("allowed_roles") {
        connection.allowed_roles = fields.list("allowed_roles");
    }
    if fields.has("root_rotation_statements") {
        connection.root_rotation_statements = fields.list("root_rotation_statements");
    }
    if fields.has("password_policy") {
        connection.password_policy = fields.text("password_policy").to_owned();
    }
    let known = |key: &str| FIELDS.iter().any(|field| field.name() == key);
    connection.details.extend(
        call.request
            .data
            .iter()
            .filter(|(key, _)| !known(key))
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    if connection.details.get("connection_url").and_then(Value::as_str).unwrap_or("").is_empty() {
        return Err(Refusal::invalid("error creating database object: connection_url cannot be empty"));
    }
    connection.verified = fields.flag("verify_connection");
    if connection.verified {
        let plugin = database.plugins.of(&connection.plugin_name);
        plugin.verify(&connection).map_err(|error| {
            Refusal::Invalid(format!("error creating database object: error verifying - {error}"))
        })?;
    }
    let url = connection.details.get("connection_url").and_then(Value::as_str).unwrap_or("").to_owned();
    database.connections.insert(name, connection);
    if holds_password(&url) {
        return Response::warning(
            "Password found in connection_url, use a templated url to enable root rotation and prevent read access to \
             password information.",
        )
        .ok();
    }
    Ok(Reply::Nothing)
}

/// Whether a URL has a password in it that is no template.
fn holds_password(url: &str) -> bool {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(""));
    let login = authority.rsplit_once('@').map_or("", |(login, _)| login);
    login.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !password.contains("{{"))
}

fn delete(database: &mut Database, call: &Call<'_>) -> Outcome {
    database.connections.remove(call.fields.text("name"));
    Ok(Reply::Nothing)
}

fn reset(database: &mut Database, call: &Call<'_>) -> Outcome {
    require(database, call.fields.text("name"))?;
    Ok(Reply::Nothing)
}

/// The connections of a plugin are made anew: there are none to make.
fn reload(database: &mut Database, call: &Call<'_>) -> Outcome {
    let plugin = call.fields.text("plugin_name");
    let of_plugin = database.connections.iter().filter(|(_, connection)| connection.plugin_name == plugin);
    let names: Vec<&String> = of_plugin.map(|(name, _)| name).collect();
    respond(json!({"connections": names, "count": names.len()}))
}

fn require<'d>(database: &'d Database, name: &str) -> Result<&'d Connection, Refusal> {
    database
        .connections
        .get(name)
        .ok_or_else(|| Refusal::Failed(format!("failed to find entry for connection with name: {name:?}")))
}

fn rotate_root(database: &mut Database, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let connection = require(database, name)?;
    let Some(username) = connection.details.get("username").and_then(Value::as_str) else {
        return Err(Refusal::Failed(
            "unable to rotate root credentials: no username in configuration".into(),
        ));
    };
    let password = names::password(&call.environment.entropy);
    let plugin = database.plugins.of(&connection.plugin_name);
    plugin
        .change_password(connection, username, &password, &connection.root_rotation_statements)
        .map_err(|error| Refusal::Failed(format!("failed to update user: {error}")))?;
    if let Some(connection) = database.connections.get_mut(name) {
        connection.details.insert("password".into(), password.into());
    }
    Ok(Reply::Nothing)
}
