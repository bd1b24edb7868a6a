//! `identity/oidc/role`.

use serde_json::json;

use crate::identity::oidc::model::Role;
use crate::identity::oidc::template;
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("key"),
    Field::text("template"),
    Field::seconds("ttl"),
    Field::text("client_id"),
];

/// The endpoints of roles.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("oidc/role/?", &[], &[(List, list)]),
    Endpoint::new("oidc/role/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .exists(|state, call| state.identity.oidc.roles.contains(call.fields.text("name"))),
];

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.identity.oidc.roles.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let Some(role) = state.identity.oidc.roles.get(call.fields.text("name")) else {
        return Ok(Reply::Nothing);
    };
    respond(json!({
        "client_id": role.client_id, "key": role.key, "template": role.template, "ttl": role.ttl.as_secs(),
    }))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let oidc = &mut state.identity.oidc;
    let known = oidc.roles.get(fields.text("name")).cloned();
    let mut role = known.clone().unwrap_or_else(|| Role { ttl: DAY, ..Role::default() });
    if fields.has("key") {
        role.key = fields.text("key").to_owned();
    }
    if role.key.is_empty() {
        return Err(Refusal::invalid("the key parameter is required"));
    }
    if fields.has("template") {
        role.template = template::text(fields.text("template"));
    }
    if fields.has("ttl") {
        role.ttl = fields.duration("ttl");
    }
    let Some(key) = oidc.keys.get_mut(&role.key) else {
        return Err(Refusal::Invalid(format!("cannot find key {:?}", role.key)));
    };
    if role.ttl > key.verification_ttl {
        return Err(Refusal::invalid(
            "a role's token ttl cannot be longer than the verification_ttl of the key it references",
        ));
    }
    template::check(&role.template, call.now()).map_err(Refusal::Invalid)?;
    if fields.has("client_id") {
        role.client_id = fields.text("client_id").to_owned();
    } else if known.is_none() {
        role.client_id = call.environment.entropy.alphanumeric(26);
    }
    key.published = true;
    key.prepare(call.environment)?;
    oidc.roles.insert(fields.text("name"), role);
    Ok(Reply::Nothing)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    state.identity.oidc.roles.remove(call.fields.text("name"));
    Ok(Reply::Nothing)
}
