//! `role` and `role/<name>/role-id`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::approle::AppRole;
use crate::auth::{self, TokenParameters};
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::storage::seconds;

const FIELDS: &[Field] = &[
    Field::lower("role_name"),
    Field::flag("bind_secret_id").or_true(),
    Field::comma_list("secret_id_bound_cidrs"),
    Field::number("secret_id_num_uses"),
    Field::seconds("secret_id_ttl"),
    Field::text("role_id"),
    Field::flag("local_secret_ids"),
];

/// The endpoints of roles.
pub(super) static ENDPOINTS: &[Endpoint<AppRole>] = &[
    Endpoint::new("role/?", &[], &[(List, list)]),
    Endpoint::new(
        "role/{role_name}",
        &[FIELDS, auth::FIELDS, auth::OLD_FIELDS],
        &[(Read, read), (Update, write), (Delete, delete)],
    )
    .exists(is_there),
    Endpoint::new("role/{role_name}/role-id", &[FIELDS], &[(Read, read_id), (Update, write_id)]),
];

/// Who may log in with what, and what they get.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) role_id: String,
    pub(super) bind_secret_id: bool,
    pub(super) secret_id_bound_cidrs: Option<Vec<String>>,
    pub(super) secret_id_num_uses: i64,
    #[serde(with = "seconds")]
    pub(super) secret_id_ttl: Duration,
    pub(super) token: TokenParameters,
}

fn is_there(approle: &AppRole, call: &Call<'_>) -> bool {
    approle.roles.contains(call.fields.text("role_name"))
}

fn list(approle: &mut AppRole, _: &Call<'_>) -> Outcome {
    Response::keys(approle.roles.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let Some(role) = approle.roles.get(call.fields.text("role_name")) else { return Ok(Reply::Nothing) };
    let mut response = Response::of(json!({
        "bind_secret_id": role.bind_secret_id, "local_secret_ids": false,
        "secret_id_bound_cidrs": role.secret_id_bound_cidrs, "secret_id_num_uses": role.secret_id_num_uses,
        "secret_id_ttl": role.secret_id_ttl.as_secs(),
    }));
    if let Some(data) = &mut response.data {
        role.token.describe(data);
    }
    response.ok()
}

fn write(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("role_name");
    let mut role = approle.roles.get(name).cloned().unwrap_or_else(|| Role {
        role_id: call.environment.entropy.uuid(),
        bind_secret_id: true,
        ..Role::default()
    });
    role.token.update(fields)?;
    if fields.has("bind_secret_id") {
        role.bind_secret_id = fields.flag("bind_secret_id");
    }
    if fields.has("secret_id_bound_cidrs") {
        role.secret_id_bound_cidrs = Some(fields.list("secret_id_bound_cidrs"));
    }
    if fields.has("secret_id_num_uses") {
        role.secret_id_num_uses = fields.number("secret_id_num_uses");
        if role.secret_id_num_uses < 0 {
            return Err(Refusal::invalid("num_uses cannot be negative"));
        }
    }
    if fields.has("secret_id_ttl") {
        role.secret_id_ttl = fields.duration("secret_id_ttl");
    }
    if !fields.text("role_id").is_empty() {
        set_id(approle, name, &mut role, fields.text("role_id"))?;
    }
    let bound = role.secret_id_bound_cidrs.as_ref().is_some_and(|blocks| !blocks.is_empty());
    if !role.bind_secret_id && !bound && role.token.bound_cidrs.is_empty() {
        let text = "at least one constraint should be enabled on the role".into();
        return Err(Refusal::Listed { status: 400, text });
    }
    let warning = role.token.against(call.mount)?;
    approle.roles.insert(name, role);
    warning.map_or(Ok(Reply::Nothing), |warning| Response::warning(warning).ok())
}

fn set_id(approle: &AppRole, name: &str, role: &mut Role, id: &str) -> Result<(), Refusal> {
    if approle.roles.iter().any(|(other, role)| other != name && role.role_id == id) {
        let text = format!("role_id already in use; given: {id:?}");
        return Err(Refusal::Failed(text));
    }
    role.role_id = id.to_owned();
    Ok(())
}

fn delete(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("role_name");
    approle.roles.remove(name);
    let gone: Vec<String> = approle
        .secret_ids
        .iter()
        .filter(|(_, secret)| secret.role == name)
        .map(|(accessor, _)| accessor.clone())
        .collect();
    for accessor in gone {
        approle.secret_ids.remove(&accessor);
    }
    Ok(Reply::Nothing)
}

fn read_id(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    match approle.roles.get(call.fields.text("role_name")) {
        Some(role) => respond(json!({"role_id": role.role_id})),
        None => Ok(Reply::Nothing),
    }
}

fn write_id(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("role_name");
    let Some(mut role) = approle.roles.get(name).cloned() else { return Err(Refusal::Silent(404)) };
    let id = call.fields.text("role_id");
    if id.is_empty() {
        return Err(Refusal::invalid("missing role_id"));
    }
    set_id(approle, name, &mut role, id)?;
    approle.roles.insert(name, role);
    Ok(Reply::Nothing)
}
