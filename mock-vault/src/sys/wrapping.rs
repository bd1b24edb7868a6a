//! `sys/wrapping`.

use serde_json::Value;

use crate::cubbyhole::RESPONSE;
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;
use crate::token::Found;

const TOKEN: &[Field] = &[Field::text("token")];

/// The endpoints of wrapping.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("wrapping/wrap", &[], &[(Update, wrap)]).open(),
    Endpoint::new("wrapping/unwrap", &[TOKEN], &[(Update, unwrap)]),
    Endpoint::new("wrapping/lookup", &[TOKEN], &[(Read, lookup), (Update, lookup)]),
    Endpoint::new("wrapping/rewrap", &[TOKEN], &[(Update, rewrap)]),
];

fn invalid() -> Refusal {
    Refusal::invalid("wrapping token is not valid or does not exist")
}

/// What was sent comes back, wrapped.
fn wrap(_: &mut State, call: &Call<'_>) -> Outcome {
    if call.request.wrap_ttl.is_none() {
        return Err(Refusal::invalid("endpoint requires response wrapping to be used"));
    }
    respond(Value::Object(call.request.data.clone()))
}

/// The wrapping token: the one in the body, or else the one in the header. It was seen to wrap something.
fn wrapping_token(state: &mut State, call: &Call<'_>) -> Result<Found, Refusal> {
    let token = match call.fields.text("token") {
        "" => call.request.token.as_deref().unwrap_or(""),
        token => token,
    };
    let (name, entry) = state.tokens.find(token, call.now()).ok_or_else(invalid)?;
    if state.cubbyhole.get(&name, RESPONSE).is_none() {
        return Err(invalid());
    }
    Ok((name, entry))
}

fn content(state: &State, name: &str) -> Option<String> {
    state.cubbyhole.get(name, RESPONSE)?.get("response")?.as_str().map(str::to_owned)
}

fn info(state: &State, name: &str) -> Result<Data, Refusal> {
    state.cubbyhole.get(name, "wrapinfo").cloned().ok_or_else(invalid)
}

fn unwrap(state: &mut State, call: &Call<'_>) -> Outcome {
    let (name, _) = wrapping_token(state, call)?;
    let body = content(state, &name).ok_or_else(invalid)?;
    if !call.fields.text("token").is_empty() {
        state.revoke_token(&name, call.environment);
    }
    if body.is_empty() { Ok(Reply::Nothing) } else { Response::raw(200, "application/json", body).ok() }
}

fn lookup(state: &mut State, call: &Call<'_>) -> Outcome {
    let (name, _) = wrapping_token(state, call)?;
    respond(Value::Object(info(state, &name)?))
}

fn rewrap(state: &mut State, call: &Call<'_>) -> Outcome {
    let (name, entry) = wrapping_token(state, call)?;
    let body = content(state, &name).ok_or_else(invalid)?;
    let path =
        info(state, &name)?.get("creation_path").and_then(Value::as_str).unwrap_or_default().to_owned();
    state.revoke_token(&name, call.environment);
    let response = state.wrap(body.as_bytes(), &path, entry.ttl, String::new(), call.environment);
    response.ok()
}
