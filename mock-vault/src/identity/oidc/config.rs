//! `identity/oidc/config`.

use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;

/// The endpoint of the issuer.
pub(super) static ENDPOINTS: &[Endpoint<State>] =
    &[Endpoint::new("oidc/config/?", &[&[Field::text("issuer")]], &[(Read, read), (Update, write)])];

const EXPLICIT: &str = "If \"issuer\" is set explicitly, all tokens must be validated against that address, including those \
    issued by secondary clusters. Setting issuer to \"\" will restore the default behavior of using the cluster's api_addr as \
    the issuer.";

fn read(state: &mut State, _: &Call<'_>) -> Outcome {
    respond(json!({"issuer": state.identity.oidc.issuer.get()}))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    if !call.fields.has("issuer") {
        return Ok(Reply::Nothing);
    }
    let issuer = call.fields.text("issuer");
    check(issuer)?;
    state.identity.oidc.issuer.set(issuer.to_owned());
    explicit(issuer)
}

/// What is answered where an issuer was set.
pub(super) fn explicit(issuer: &str) -> Outcome {
    if issuer.is_empty() { Ok(Reply::Nothing) } else { Response::warning(EXPLICIT).ok() }
}

/// Refuses an issuer that is more or less than the address of a server.
pub(super) fn check(issuer: &str) -> Result<(), Refusal> {
    let host = issuer.strip_prefix("http://").or_else(|| issuer.strip_prefix("https://"));
    let whole = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@']));
    if issuer.is_empty() || whole {
        return Ok(());
    }
    Err(Refusal::invalid(
        "invalid issuer, which must include only a scheme, host, and optional port (e.g. https://example.com:8200)",
    ))
}

/// The address that tokens and documents name: what was set, or where the server is reached.
pub(super) fn address(state: &State, set: &str) -> String {
    if set.is_empty() { state.server.api_address.clone() } else { set.to_owned() }
}

/// The issuer of role tokens.
pub(super) fn issuer(state: &State) -> String {
    format!("{}/v1/identity/oidc", address(state, state.identity.oidc.issuer.get()))
}
