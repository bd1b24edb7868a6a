//! `static-roles`, `static-creds` and `rotate-role`: users that are there already.

use lab_world::format_rfc3339_nano;
use serde_json::json;

use crate::database::Database;
use crate::database::config::Connection;
use crate::database::rotation::{Every, StaticRole};
use crate::database::schedule::Schedule;
use crate::logical::{
    Call, Data, Endpoint, Field, Fields, Operation::*, Outcome, Refusal, Reply, Response, one_error,
};

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
    Field::text("self_managed_password"),
];

/// The shortest period, in seconds: how often the real server looks.
const SHORTEST_PERIOD: u64 = 5;

/// The shortest window, in seconds.
const SHORTEST_WINDOW: u64 = 3600;

const SELF_MANAGED: &str = "unable to get static connection from cache: self-managed static roles only available in Vault Enterprise";

/// The endpoints of static roles.
pub(super) static ENDPOINTS: &[Endpoint<Database>] = &[
    Endpoint::new("static-roles/?", &[], &[(List, list)]),
    Endpoint::new("static-roles/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .open()
        .exists(is_there),
    Endpoint::new("static-creds/{name}", &[FIELDS], &[(Read, creds)]),
    Endpoint::new("rotate-role/{name}", &[FIELDS], &[(Update, rotate)]).open(),
];

fn is_there(database: &Database, call: &Call<'_>) -> bool {
    database.static_roles.contains(call.fields.text("name"))
}

fn list(database: &mut Database, _: &Call<'_>) -> Outcome {
    Response::keys(database.static_roles.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(database: &mut Database, call: &Call<'_>) -> Outcome {
    let Some(role) = database.static_roles.get(call.fields.text("name")) else { return Ok(Reply::Nothing) };
    let mut response = Response::of(json!({
        "db_name": role.db_name, "username": role.username, "rotation_statements": role.rotation_statements,
        "credential_type": "password", "last_vault_rotation": format_rfc3339_nano(role.rotated),
        "skip_import_rotation": false,
    }));
    response.data.get_or_insert_default().extend(shown(&role.every));
    response.ok()
}

/// How often a password is changed, as roles and passwords show it.
fn shown(every: &Every) -> Data {
    let mut data = Data::new();
    match every {
        Every::Period(period) => {
            data.insert("rotation_period".into(), (*period).into());
        }
        Every::Schedule { schedule, window } => {
            data.insert("rotation_schedule".into(), schedule.as_str().into());
            if *window > 0 {
                data.insert("rotation_window".into(), (*window).into());
            }
        }
    }
    data
}

/// A new role's password is changed at once; a known one's when its time comes.
fn write(database: &mut Database, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("name");
    if database.roles.contains(name) {
        return Err(Refusal::invalid("Role and Static Role names must be unique"));
    }
    let known = database.static_roles.get(name).cloned();
    let username = fields.text("username");
    if known.as_ref().is_some_and(|role| role.username != username) {
        return Err(Refusal::invalid("cannot update static account username"));
    }
    let db_name = match &known {
        Some(role) if !fields.has("db_name") => role.db_name.clone(),
        _ => fields.text("db_name").to_owned(),
    };
    if db_name.is_empty() {
        return Err(Refusal::invalid("database name is a required field"));
    }
    if username.is_empty() {
        return Err(Refusal::invalid("username is a required field to create a static account"));
    }
    let every = every(fields, known.as_ref().map(|role| &role.every))?;
    check_credential(fields)?;
    Connection::for_role(&database.connections, &db_name, name)?;
    if known.is_none() && !fields.text("self_managed_password").is_empty() {
        return Err(Refusal::Failed(format!("error setting credentials: {}", one_error(SELF_MANAGED))));
    }
    let statements = match &known {
        Some(role) if !fields.has("rotation_statements") => role.rotation_statements.clone(),
        _ => fields.list("rotation_statements"),
    };
    let is_new = known.is_none();
    let mut role = known.unwrap_or_else(|| StaticRole::new(username, call.now()));
    (role.db_name, role.rotation_statements, role.every) = (db_name, statements, every);
    role.plan(role.rotated);
    database.static_roles.insert(name, role);
    if is_new && let Err(told) = database.change_password(name, call.environment) {
        database.static_roles.remove(name);
        return Err(Refusal::Failed(told));
    }
    Ok(Reply::Nothing)
}

/// How often the password is to be changed: by what was sent, or as before.
fn every(fields: &Fields, known: Option<&Every>) -> Result<Every, Refusal> {
    let (by_period, by_schedule) = (fields.has("rotation_period"), fields.has("rotation_schedule"));
    if by_period && by_schedule {
        return Err(Refusal::invalid(
            "mutually exclusive fields rotation_period and rotation_schedule were both specified; only one of them can be \
             provided",
        ));
    }
    if by_period {
        let period = fields.duration("rotation_period").as_secs();
        if period < SHORTEST_PERIOD {
            return Err(Refusal::invalid("rotation_period must be 5 seconds or more"));
        }
        if fields.has("rotation_window") {
            return Err(Refusal::invalid("rotation_window is invalid with use of rotation_period"));
        }
        return Ok(Every::Period(period));
    }
    if !by_schedule {
        return known.cloned().ok_or_else(|| {
            Refusal::invalid(
                "one of rotation_schedule or rotation_period must be provided to create a static account",
            )
        });
    }
    // The real server misses the place for what is wrong.
    let refuse = |what: &str, told: String| {
        Refusal::Invalid(format!("{what}%!(EXTRA string=error, *errors.errorString={told})"))
    };
    let schedule = fields.text("rotation_schedule").to_owned();
    Schedule::parse(&schedule).map_err(|told| refuse("could not parse rotation_schedule", told))?;
    let window = fields.duration("rotation_window").as_secs();
    if fields.has("rotation_window") && window < SHORTEST_WINDOW {
        return Err(refuse(
            "rotation_window is invalid",
            "rotation_window must be 3600 seconds or more".to_owned(),
        ));
    }
    Ok(Every::Schedule { schedule, window })
}

/// The lab changes passwords, and no other credentials.
fn check_credential(fields: &Fields) -> Result<(), Refusal> {
    match fields.text("credential_type") {
        "password" => Ok(()),
        kind @ "rsa_private_key" => Err(Refusal::Failed(format!("unsupported credential_type: {kind:?}"))),
        "client_certificate" => {
            Err(Refusal::invalid("credential_config validation failed: invalid key_type"))
        }
        kind => Err(Refusal::Invalid(format!("invalid credential_type {kind:?}"))),
    }
}

fn creds(database: &mut Database, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let Some(role) = database.static_roles.get(name) else {
        return Err(Refusal::Invalid(format!("unknown role: {name}")));
    };
    Connection::for_role(&database.connections, &role.db_name, name)?;
    let mut response = Response::of(json!({
        "username": role.username, "password": role.password, "ttl": role.left(call.now()),
        "last_vault_rotation": format_rfc3339_nano(role.rotated),
    }));
    response.data.get_or_insert_default().extend(shown(&role.every));
    response.ok()
}

fn rotate(database: &mut Database, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    if !database.static_roles.contains(name) {
        return Err(Refusal::invalid("no static role found for role name"));
    }
    database.change_password(name, call.environment).map_err(|told| {
        Refusal::Failed(format!(
            "unable to finish rotating credentials; retries will continue in the background but it is also safe to retry \
             manually: {told}"
        ))
    })?;
    Ok(Reply::Nothing)
}

fn delete(database: &mut Database, call: &Call<'_>) -> Outcome {
    database.static_roles.remove(call.fields.text("name"));
    Ok(Reply::Nothing)
}
