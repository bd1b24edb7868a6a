//! `identity/oidc/provider/:name/userinfo`: who an access token is of.

use serde_json::Value;

use crate::dispatch::Answer;
use crate::identity::oidc::claims;
use crate::identity::oidc::fault::{Fault, bare};
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, to_go_json};
use crate::state::State;

/// The endpoint of claims.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[Endpoint::new(
    "oidc/provider/{name}/userinfo",
    &[&[Field::text("name")]],
    &[(Read, userinfo), (Update, userinfo)],
)];

fn userinfo(state: &mut State, call: &Call<'_>) -> Outcome {
    match claims_of_caller(state, call) {
        Ok(claims) => bare(200, &Value::Object(claims), Vec::new()),
        Err(fault) if fault.status == 403 => bare(403, &fault.body(), Vec::new()),
        Err(fault) => bare(fault.status, &fault.body(), vec![("www-authenticate", fault.challenge())]),
    }
}

fn claims_of_caller(state: &State, call: &Call<'_>) -> Result<Data, Fault> {
    let oidc = &state.identity.oidc;
    let Some(provider) = oidc.providers.get(call.fields.text("name")) else {
        return Err(Fault::new("invalid_request", "provider not found"));
    };
    let invalid = |told: &str| Fault::new("invalid_token", told).status(401);
    if !call.request.shows_bearer {
        return Err(invalid("access token must be sent as a Bearer token"));
    }
    let token = call.caller.map(|caller| &caller.token);
    let Some((token, access)) = token.and_then(|token| Some((token, token.oidc.as_ref()?))) else {
        return Err(invalid("access token is malformed or invalid"));
    };
    let denied = |told: &str| Fault::new("access_denied", told).status(403);
    let client = oidc.client(&access.client_id).ok_or_else(|| denied("client not found"))?;
    if !oidc.may_use(&state.identity, client, &token.entity_id) {
        return Err(denied("identity entity not authorized by client assignment"));
    }
    if !provider.serves(&access.client_id) {
        return Err(denied("client is not authorized to use the provider"));
    }
    let scopes: Vec<String> =
        access.scopes.iter().filter(|scope| provider.scopes_supported.contains(scope)).cloned().collect();
    let mut claims = claims::of_scopes(state, &scopes, &token.entity_id, call.now())?;
    claims.insert("sub".to_owned(), token.entity_id.as_str().into());
    Ok(claims)
}

/// How a client is told that its token is none, where `path` leads here: as OpenID Connect wants it.
pub(crate) fn denial(path: &str, refusal: &Refusal) -> Option<Answer> {
    let name = path.strip_prefix("identity/oidc/provider/")?.strip_suffix("/userinfo")?;
    let denied = matches!(refusal, Refusal::Denied | Refusal::InvalidToken)
        || matches!(refusal, Refusal::Plain { status: 403, .. });
    if name.contains('/') || !denied {
        return None;
    }
    let fault = Fault::new("invalid_token", "permission denied").status(401);
    let mut body = to_go_json(&fault.body());
    body.push(b'\n');
    Some(Answer::Send {
        status: fault.status,
        content_type: "application/json",
        headers: vec![("www-authenticate", fault.challenge())],
        body: body.into(),
    })
}
