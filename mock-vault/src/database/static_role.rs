//! `static-roles`, `static-creds` and `rotate-role`: users that are there already.

use std::time::Duration;

use lab_world::format_rfc3339_nano;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use crate::database::config::Connection;
use crate::database::{Database, names};
use crate::logical::{
    Call, Endpoint, Environment, Field, Operation::*, Outcome, Refusal, Reply, Response, respond,
};
use crate::storage::{moment, seconds};

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("db_name"),
    Field::text("username"),
    Field::seconds("rotation_period"),
    Field::text("rotation_schedule"),
    Field::seconds("rotation_window"),
    Field::list("rotation_statements"),
    Field::text("credential_type").or_text("password"),
    Field::pairs("credential_config"),
    Field::flag("skip_import_rotation"),
];

/// The endpoints of static roles.
pub(super) static ENDPOINTS: &[Endpoint<Database>] = &[
    Endpoint::new("static-roles/?", &[], &[(List, list)]),
    Endpoint::new("static-roles/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .exists(is_there),
    Endpoint::new("static-creds/{name}", &[FIELDS], &[(Read, creds)]),
    Endpoint::new("rotate-role/{name}", &[FIELDS], &[(Update, rotate)]),
];

/// A user whose password is changed every so often: when somebody reads it after its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StaticRole {
    db_name: String,
    username: String,
    password: String,
    #[serde(with = "seconds")]
    rotation_period: Duration,
    rotation_statements: Vec<String>,
    #[serde(with = "moment")]
    rotated: OffsetDateTime,
}

impl StaticRole {
    fn due(&self, now: OffsetDateTime) -> bool {
        now >= self.rotated + self.rotation_period
    }
}

fn is_there(database: &Database, call: &Call<'_>) -> bool {
    database.static_roles.contains(call.fields.text("name"))
}

fn list(database: &mut Database, _: &Call<'_>) -> Outcome {
    Response::keys(database.static_roles.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(database: &mut Database, call: &Call<'_>) -> Outcome {
    let Some(role) = database.static_roles.get(call.fields.text("name")) else { return Ok(Reply::Nothing) };
    respond(json!({
        "db_name": role.db_name, "username": role.username, "rotation_statements": role.rotation_statements,
        "rotation_period": role.rotation_period.as_secs(), "credential_type": "password",
        "last_vault_rotation": format_rfc3339_nano(role.rotated), "skip_import_rotation": false,
    }))
}

fn write(database: &mut Database, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("name");
    if database.roles.contains(name) {
        return Err(Refusal::invalid("Role and Static Role names must be unique"));
    }
    let known = database.static_roles.get(name).cloned();
    let text = |name: &str, known: Option<&String>| match fields.text(name) {
        "" => known.cloned().unwrap_or_default(),
        text => text.to_owned(),
    };
    let username = text("username", known.as_ref().map(|role| &role.username));
    if known.as_ref().is_some_and(|role| role.username != username) {
        return Err(Refusal::invalid("cannot update static account username"));
    }
    if username.is_empty() {
        return Err(Refusal::invalid("username is a required field to create a static account"));
    }
    let db_name = text("db_name", known.as_ref().map(|role| &role.db_name));
    if db_name.is_empty() {
        return Err(Refusal::invalid("database name is a required field"));
    }
    if !fields.text("rotation_schedule").is_empty() {
        return Err(Refusal::invalid("the lab rotates by rotation_period only"));
    }
    let period = if fields.has("rotation_period") {
        fields.duration("rotation_period")
    } else {
        known.as_ref().map_or(Duration::ZERO, |role| role.rotation_period)
    };
    if period.is_zero() {
        return Err(Refusal::invalid(
            "one of rotation_schedule or rotation_period must be provided to create a static account",
        ));
    }
    if period < Duration::from_secs(5) {
        return Err(Refusal::invalid("rotation_period must be 5 seconds or more"));
    }
    let statements = if fields.has("rotation_statements") {
        fields.list("rotation_statements")
    } else {
        known.as_ref().map(|role| role.rotation_statements.clone()).unwrap_or_default()
    };
    let fresh = known.is_none();
    let role = StaticRole {
        db_name,
        username,
        password: known.as_ref().map(|role| role.password.clone()).unwrap_or_default(),
        rotation_period: period,
        rotation_statements: statements,
        rotated: known.as_ref().map_or(call.now(), |role| role.rotated),
    };
    database.static_roles.insert(name, role);
    if fresh && let Err(refusal) = change(database, name, call.environment) {
        database.static_roles.remove(name);
        return Err(refusal);
    }
    Ok(Reply::Nothing)
}

/// Gives the user another password.
fn change(database: &mut Database, name: &str, environment: &Environment) -> Result<(), Refusal> {
    let Some(role) = database.static_roles.get(name).cloned() else {
        return Err(Refusal::invalid("no static role found for role name"));
    };
    let connection = Connection::for_role(&database.connections, &role.db_name, name)?;
    let password = names::password(&environment.entropy);
    let plugin = database.plugins.of(&connection.plugin_name);
    plugin
        .change_password(connection, &role.username, &password, &role.rotation_statements)
        .map_err(Refusal::Failed)?;
    database.static_roles.insert(name, StaticRole { password, rotated: environment.now, ..role });
    Ok(())
}

fn creds(database: &mut Database, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let Some(role) = database.static_roles.get(name) else {
        return Err(Refusal::Invalid(format!("unknown role: {name}")));
    };
    if role.due(call.now()) {
        change(database, name, call.environment)?;
    }
    let Some(role) = database.static_roles.get(name) else { return Ok(Reply::Nothing) };
    let left = role.rotated + role.rotation_period - call.now();
    respond(json!({
        "username": role.username, "password": role.password, "ttl": left.whole_seconds().max(0),
        "rotation_period": role.rotation_period.as_secs(), "last_vault_rotation": format_rfc3339_nano(role.rotated),
    }))
}

fn rotate(database: &mut Database, call: &Call<'_>) -> Outcome {
    change(database, call.fields.text("name"), call.environment)?;
    Ok(Reply::Nothing)
}

fn delete(database: &mut Database, call: &Call<'_>) -> Outcome {
    database.static_roles.remove(call.fields.text("name"));
    Ok(Reply::Nothing)
}
