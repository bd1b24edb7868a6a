//! `identity/oidc/token`.

use serde_json::{Value, json};

use crate::identity::oidc::{config, template};
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, respond};
use crate::state::State;

/// The endpoint of tokens.
pub(super) static ENDPOINTS: &[Endpoint<State>] =
    &[Endpoint::new("oidc/token/{name}", &[&[Field::text("name")]], &[(Read, token)])];

fn token(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let oidc = &state.identity.oidc;
    let Some(role) = oidc.roles.get(name).cloned() else {
        return Err(Refusal::Invalid(format!("role {name:?} not found")));
    };
    let Some(key) = oidc.keys.get(&role.key) else {
        return Err(Refusal::Invalid(format!("key {:?} not found", role.key)));
    };
    if !key.allowed_client_ids.iter().any(|allowed| allowed == "*" || *allowed == role.client_id) {
        return Err(Refusal::Invalid(format!(
            "the key {:?} does not list the client ID of the role {name:?} as an allowed client ID",
            role.key
        )));
    }
    let Some(subject) = call.caller.and_then(|caller| caller.subject.as_ref()) else {
        return Err(Refusal::invalid("no entity associated with the request's token"));
    };
    let now = call.now().unix_timestamp();
    let ttl = role.ttl.min(key.verification_ttl).as_secs();
    let mut claims = template::claims(&role.template, subject, call.now()).unwrap_or_default();
    for (name, value) in [
        ("iss", json!(config::issuer(state))),
        ("sub", json!(subject.id)),
        ("aud", json!(role.client_id)),
        ("exp", json!(now.saturating_add_unsigned(ttl))),
        ("iat", json!(now)),
        ("namespace", json!("root")),
    ] {
        claims.insert(name.to_owned(), value);
    }
    let Some(key) = state.identity.oidc.keys.get_mut(&role.key) else { return Err(Refusal::UnsupportedPath) };
    key.prepare(call.environment)?;
    let token = key.sign(&Value::Object(claims))?;
    respond(json!({"client_id": role.client_id, "token": token, "ttl": ttl}))
}
