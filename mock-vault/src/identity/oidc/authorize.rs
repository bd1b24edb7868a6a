//! `identity/oidc/provider/:name/authorize`: who is logged in here gets a code for a client.

use serde_json::json;

use crate::identity::oidc::fault::{Fault, bare};
use crate::identity::oidc::grant::{Challenge, Grant};
use crate::identity::oidc::redirect;
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("client_id"),
    Field::text("scope"),
    Field::text("redirect_uri"),
    Field::text("response_type"),
    Field::text("state"),
    Field::text("nonce"),
    Field::number("max_age"),
    Field::text("code_challenge"),
    Field::text("code_challenge_method").or_text("plain"),
    Field::text("request"),
    Field::text("request_uri"),
];

/// The endpoint of codes.
pub(super) static ENDPOINTS: &[Endpoint<State>] =
    &[Endpoint::new("oidc/provider/{name}/authorize", &[FIELDS], &[(Read, authorize), (Update, authorize)])];

/// The length of a code.
const CODE: usize = 32;

fn authorize(state: &mut State, call: &Call<'_>) -> Outcome {
    let asked_with = call.fields.text("state");
    match grant(state, call) {
        Ok(grant) => {
            let code = call.environment.entropy.alphanumeric(CODE);
            state.identity.oidc.grants.add(code.clone(), grant, call.now());
            bare(200, &json!({"code": code, "state": asked_with}), Vec::new())
        }
        Err(fault) => {
            let mut body = fault.body();
            let silent = matches!(fault.code, "request_not_supported" | "request_uri_not_supported");
            body["state"] = (if silent { "" } else { asked_with }).into();
            bare(fault.status, &body, Vec::new())
        }
    }
}

fn grant(state: &State, call: &Call<'_>) -> Result<Grant, Fault> {
    let fields = &call.fields;
    let invalid = |told: &str| Err(Fault::new("invalid_request", told));
    let (name, client_id, redirect_uri) =
        (fields.text("name"), fields.text("client_id"), fields.text("redirect_uri"));
    let oidc = &state.identity.oidc;
    if client_id.is_empty() {
        return Err(Fault::new("invalid_client_id", "client_id parameter is required"));
    }
    let Some(client) = oidc.client(client_id) else {
        return Err(Fault::new("invalid_client_id", "client with client_id not found"));
    };
    if redirect_uri.is_empty() {
        return invalid("redirect_uri parameter is required");
    }
    if !redirect::is_allowed(redirect_uri, &client.redirect_uris) {
        return Err(Fault::new("invalid_redirect_uri", "redirect_uri is not allowed for the client"));
    }
    let Some(provider) = oidc.providers.get(name) else { return invalid("provider not found") };
    if !provider.serves(client_id) {
        return Err(Fault::new("unauthorized_client", "client is not authorized to use the provider"));
    }
    check_protocol(call)?;
    let scopes = asked_scopes(fields.text("scope"));
    let entity_id = call.caller.map_or("", |caller| caller.token.entity_id.as_str());
    if entity_id.is_empty() {
        return Err(Fault::new("access_denied", "identity entity must be associated with the request"));
    }
    if !oidc.may_use(&state.identity, client, entity_id) {
        return Err(Fault::new("access_denied", "identity entity not authorized by client assignment"));
    }
    let challenge = match fields.text("code_challenge") {
        "" if client.is_public() => return invalid("PKCE is required for public clients"),
        "" => None,
        challenge => Some(Challenge::read(challenge, fields.text("code_challenge_method"))?),
    };
    Ok(Grant {
        provider: name.to_owned(),
        client_id: client_id.to_owned(),
        entity_id: entity_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        nonce: fields.text("nonce").to_owned(),
        scopes: scopes.into_iter().filter(|scope| provider.scopes_supported.contains(scope)).collect(),
        auth_time: auth_time(call)?,
        challenge,
    })
}

/// Refuses what this server does not speak.
fn check_protocol(call: &Call<'_>) -> Result<(), Fault> {
    let fields = &call.fields;
    if fields.has("request") {
        return Err(Fault::new("request_not_supported", "request parameter is not supported"));
    }
    if fields.has("request_uri") {
        return Err(Fault::new("request_uri_not_supported", "request_uri parameter is not supported"));
    }
    if !fields.text("scope").split(' ').any(|scope| scope == "openid") {
        let told = "scope parameter must contain the \"openid\" value";
        return Err(Fault::new("invalid_request", told));
    }
    match fields.text("response_type") {
        "" => Err(Fault::new("invalid_request", "response_type parameter is required")),
        "code" => Ok(()),
        _ => Err(Fault::new("unsupported_response_type", "unsupported response_type value")),
    }
}

/// Each scope once and in order.
fn asked_scopes(text: &str) -> Vec<String> {
    let mut scopes: Vec<String> = text.split(' ').map(str::to_owned).collect();
    scopes.sort();
    scopes.dedup();
    scopes
}

/// When the caller logged in, where the client says how long ago that may be.
fn auth_time(call: &Call<'_>) -> Result<Option<i64>, Fault> {
    if !call.fields.has("max_age") {
        return Ok(None);
    }
    let max_age = call.fields.number("max_age");
    if max_age <= 0 {
        return Err(Fault::new("invalid_request", "max_age must be greater than zero"));
    }
    let Some(caller) = call.caller else { return Ok(None) };
    let since = caller.token.created.unix_timestamp();
    if call.now().unix_timestamp() - since > max_age {
        return Err(Fault::new("max_age_violation", "active re-authentication is required by max_age"));
    }
    Ok(Some(since))
}
