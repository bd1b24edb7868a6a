//! `identity/oidc/key`.

use std::time::Duration;

use serde_json::json;

use crate::identity::oidc::model::{DEFAULT, NamedKey, Oidc};
use crate::identity::oidc::{ALGORITHMS, unused};
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::seconds("rotation_period"),
    Field::seconds("verification_ttl"),
    Field::text("algorithm"),
    Field::comma_list("allowed_client_ids"),
];
const ROTATE: &[Field] = &[Field::text("name"), Field::seconds("verification_ttl")];

/// The endpoints of keys.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("oidc/key/?", &[], &[(List, |state, _| list(&state.identity.oidc))]),
    Endpoint::new("oidc/key/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .exists(|state, call| state.identity.oidc.keys.contains(call.fields.text("name"))),
    Endpoint::new("oidc/key/{name}/rotate/?", &[ROTATE], &[(Update, rotate)]),
];

fn list(oidc: &Oidc) -> Outcome {
    Response::keys(oidc.keys.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let Some(key) = state.identity.oidc.keys.get(call.fields.text("name")) else { return Ok(Reply::Nothing) };
    respond(json!({
        "algorithm": key.algorithm, "allowed_client_ids": key.allowed_client_ids,
        "rotation_period": key.rotation_period.as_secs(), "verification_ttl": key.verification_ttl.as_secs(),
    }))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let keys = &mut state.identity.oidc.keys;
    let mut key = keys.get(fields.text("name")).cloned().unwrap_or_else(NamedKey::new);
    if fields.has("rotation_period") {
        key.rotation_period = fields.duration("rotation_period");
    }
    if key.rotation_period < Duration::from_secs(60) {
        return Err(Refusal::invalid("rotation_period must be at least one minute"));
    }
    if fields.has("verification_ttl") {
        key.verification_ttl = fields.duration("verification_ttl");
    }
    if key.verification_ttl > key.rotation_period * 10 {
        return Err(Refusal::invalid("verification_ttl cannot be longer than 10x rotation_period"));
    }
    if fields.has("allowed_client_ids") {
        key.allowed_client_ids = fields.list("allowed_client_ids");
    }
    let algorithm = if fields.has("algorithm") { fields.text("algorithm") } else { key.algorithm.as_str() };
    if !ALGORITHMS.contains(&algorithm) {
        return Err(Refusal::Invalid(format!("unknown signing algorithm {algorithm:?}")));
    }
    if key.algorithm != algorithm {
        key.algorithm = algorithm.to_owned();
        key.renew(call.environment)?;
    }
    keys.insert(fields.text("name"), key);
    Ok(Reply::Nothing)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let oidc = &mut state.identity.oidc;
    if name == DEFAULT {
        return Err(Refusal::invalid("deletion of key \"default\" not allowed"));
    }
    let roles = oidc.roles.iter().filter(|(_, role)| role.key == name);
    unused("key", name, "roles", roles.map(|(name, _)| name))?;
    let clients = oidc.clients.iter().filter(|(_, client)| client.key == name);
    unused("key", name, "clients", clients.map(|(name, _)| name))?;
    oidc.keys.remove(name);
    Ok(Reply::Nothing)
}

fn rotate(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let Some(key) = state.identity.oidc.keys.get_mut(name) else {
        return Err(Refusal::Invalid(format!("no named key found at {name:?}")));
    };
    let ttl = if call.fields.has("verification_ttl") {
        call.fields.duration("verification_ttl")
    } else {
        key.verification_ttl
    };
    key.rotate(ttl, call.environment)?;
    Ok(Reply::Nothing)
}
