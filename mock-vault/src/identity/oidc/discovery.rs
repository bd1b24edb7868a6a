//! `identity/oidc/.well-known`: what others need to check tokens.

use crate::identity::oidc::model::{DEFAULT, NamedKey};
use crate::identity::oidc::{ALGORITHMS, config};
use crate::logical::{Call, Endpoint, Environment, Operation::*, Outcome, Refusal, Response};
use crate::state::State;

/// The endpoints of documents.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("oidc/.well-known/openid-configuration/?", &[], &[(Read, configuration)]),
    Endpoint::new("oidc/.well-known/keys/?", &[], &[(Read, keys)]),
];

fn configuration(state: &mut State, _: &Call<'_>) -> Outcome {
    let issuer = config::issuer(state);
    document(&format!(
        "{{\"issuer\":\"{issuer}\",\"jwks_uri\":\"{issuer}/.well-known/keys\",\"response_types_supported\":[\"id_token\"],\
         \"subject_types_supported\":[\"public\"],\"id_token_signing_alg_values_supported\":{}}}",
        list(&ALGORITHMS)
    ))
}

fn keys(state: &mut State, call: &Call<'_>) -> Outcome {
    let keys = state.identity.oidc.keys.iter().filter(|(name, key)| key.published || *name == DEFAULT);
    let names: Vec<String> = keys.map(|(name, _)| name.clone()).collect();
    key_set(state, call.environment, &names)
}

/// The public keys behind some names, as far as there are any yet.
pub(super) fn key_set(state: &mut State, environment: &Environment, names: &[String]) -> Outcome {
    let mut shown = Vec::new();
    for name in names {
        let used = state.identity.oidc.keys.get(name).is_some_and(|key| !key.private.is_empty());
        let Some(key) = state.identity.oidc.keys.get_mut(name).filter(|_| used) else { continue };
        renewed(key, environment)?;
        shown.extend(key.public.iter().map(|key| key.jwk.clone()));
    }
    Response::raw(200, "application/json", format!("{{\"keys\":[{}]}}", shown.join(","))).ok()
}

fn renewed(key: &mut NamedKey, environment: &Environment) -> Result<(), Refusal> {
    key.prepare(environment)?;
    key.forget(environment.now);
    Ok(())
}

/// A document that changes seldom.
pub(super) fn document(body: &str) -> Outcome {
    let mut response = Response::raw(200, "application/json", body.to_owned());
    response.headers.push(("cache-control", "max-age=3600".to_owned()));
    response.ok()
}

/// Texts as a JSON list.
pub(super) fn list(texts: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> =
        texts.iter().map(|text| serde_json::Value::from(text.as_ref()).to_string()).collect();
    format!("[{}]", quoted.join(","))
}
