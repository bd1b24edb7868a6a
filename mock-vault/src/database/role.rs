//! `roles`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::database::Database;
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::storage::seconds;

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("db_name"),
    Field::list("creation_statements"),
    Field::list("revocation_statements"),
    Field::list("rollback_statements"),
    Field::list("renew_statements"),
    Field::seconds("default_ttl"),
    Field::seconds("max_ttl"),
    Field::text("credential_type").or_text("password"),
    Field::pairs("credential_config"),
];

/// The endpoints of roles.
pub(super) static ENDPOINTS: &[Endpoint<Database>] = &[
    Endpoint::new("roles/?", &[], &[(List, list)]),
    Endpoint::new("roles/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .exists(is_there),
];

/// What users made by a role can do, and how long they live.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) db_name: String,
    pub(super) creation_statements: Vec<String>,
    pub(super) revocation_statements: Vec<String>,
    rollback_statements: Vec<String>,
    renew_statements: Vec<String>,
    #[serde(with = "seconds")]
    pub(super) default_ttl: Duration,
    #[serde(with = "seconds")]
    pub(super) max_ttl: Duration,
    credential_type: String,
    credential_config: BTreeMap<String, String>,
}

fn is_there(database: &Database, call: &Call<'_>) -> bool {
    database.roles.contains(call.fields.text("name"))
}

fn list(database: &mut Database, _: &Call<'_>) -> Outcome {
    Response::keys(database.roles.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(database: &mut Database, call: &Call<'_>) -> Outcome {
    let Some(role) = database.roles.get(call.fields.text("name")) else { return Ok(Reply::Nothing) };
    let mut data = json!({
        "db_name": role.db_name, "creation_statements": role.creation_statements,
        "revocation_statements": role.revocation_statements, "rollback_statements": role.rollback_statements,
        "renew_statements": role.renew_statements, "default_ttl": role.default_ttl.as_secs(),
        "max_ttl": role.max_ttl.as_secs(), "credential_type": role.credential_type,
    });
    if !role.credential_config.is_empty() {
        data["credential_config"] = json!(role.credential_config);
    }
    respond(data)
}

fn write(database: &mut Database, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("name");
    if database.static_roles.contains(name) {
        return Err(Refusal::invalid("Role and Static Role names must be unique"));
    }
    let mut role = database.roles.get(name).cloned().unwrap_or_default();
    if fields.has("db_name") {
        role.db_name = fields.text("db_name").to_owned();
    }
    if role.db_name.is_empty() {
        return Err(Refusal::invalid("database name is required"));
    }
    for (name, list) in [
        ("creation_statements", &mut role.creation_statements),
        ("revocation_statements", &mut role.revocation_statements),
        ("rollback_statements", &mut role.rollback_statements),
        ("renew_statements", &mut role.renew_statements),
    ] {
        if fields.has(name) {
            *list = fields.list(name);
        }
    }
    if fields.has("default_ttl") {
        role.default_ttl = fields.duration("default_ttl");
    }
    if fields.has("max_ttl") {
        role.max_ttl = fields.duration("max_ttl");
    }
    if fields.has("credential_config") {
        role.credential_config = fields.pairs("credential_config");
    }
    role.credential_type = fields.text("credential_type").to_owned();
    if !["password", "rsa_private_key", "client_certificate"].contains(&role.credential_type.as_str()) {
        return Err(Refusal::Invalid(format!("invalid credential_type {:?}", role.credential_type)));
    }
    database.roles.insert(name, role);
    Ok(Reply::Nothing)
}

fn delete(database: &mut Database, call: &Call<'_>) -> Outcome {
    database.roles.remove(call.fields.text("name"));
    Ok(Reply::Nothing)
}
