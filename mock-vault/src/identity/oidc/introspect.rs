//! `identity/oidc/introspect`.

use lab_wire::jwt::{Key, Token};
use serde_json::{Value, json};

use crate::identity::oidc::config;
use crate::identity::oidc::model::DEFAULT;
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Response, to_go_json};
use crate::state::State;

const FIELDS: &[Field] = &[Field::text("token"), Field::text("client_id")];

/// The endpoint that tells whether a token is good.
pub(super) static ENDPOINTS: &[Endpoint<State>] =
    &[Endpoint::new("oidc/introspect/?", &[FIELDS], &[(Update, introspect)])];

fn introspect(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = match check(state, call) {
        Ok(active) => json!({"active": active}),
        Err(error) => json!({"active": false, "error": error}),
    };
    Response::raw(200, "application/json", to_go_json(&body)).ok()
}

fn check(state: &State, call: &Call<'_>) -> Result<bool, String> {
    let token =
        Token::read(call.fields.text("token")).map_err(|error| format!("error parsing token: {error}"))?;
    let shown = state.identity.oidc.keys.iter().filter(|(name, key)| key.published || *name == DEFAULT);
    let mut keys = shown.flat_map(|(_, key)| &key.public);
    let known =
        keys.find(|key| key.id == token.key_id && key.expires.is_none_or(|expires| expires > call.now()));
    let key = known.and_then(|key| Key::from_jwk(&serde_json::from_str(&key.jwk).ok()?));
    if !key.is_some_and(|key| token.is_signed_by(&key)) {
        return Err("unable to validate the token signature".into());
    }
    let failed =
        |told: &str| format!("error validating claims: go-jose/go-jose/jwt: validation failed, {told}");
    if token.claims.get("iss").and_then(Value::as_str) != Some(config::issuer(state).as_str()) {
        return Err(failed("invalid issuer claim (iss)"));
    }
    let asked = call.fields.text("client_id");
    if !asked.is_empty() && token.claims.get("aud").and_then(Value::as_str) != Some(asked) {
        return Err(failed("invalid audience claim (aud)"));
    }
    let expires = token.claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
    // A minute is forgiven.
    if call.now().unix_timestamp() - 60 > expires {
        return Err(failed("token is expired (exp)"));
    }
    let subject = token.claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    match state.identity.entities.get(subject) {
        Some(entity) => Ok(!entity.disabled),
        None => Err("entity was not found".into()),
    }
}
