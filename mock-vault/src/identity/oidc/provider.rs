//! `identity/oidc/provider`: issuers for clients, and their documents.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::identity::oidc::model::{DEFAULT, Provider};
use crate::identity::oidc::{ALGORITHMS, claims, config, discovery, unique};
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;

const NAME: &[Field] = &[Field::text("name")];
const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("issuer"),
    Field::comma_list("allowed_client_ids"),
    Field::comma_list("scopes_supported"),
];

/// The endpoints of providers.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("oidc/provider/?", &[&[Field::text("allowed_client_id")]], &[(List, list)]),
    Endpoint::new("oidc/provider/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .exists(|state, call| state.identity.oidc.providers.contains(call.fields.text("name"))),
    Endpoint::new("oidc/provider/{name}/.well-known/openid-configuration", &[NAME], &[(Read, configuration)]),
    Endpoint::new("oidc/provider/{name}/.well-known/keys", &[NAME], &[(Read, keys)]),
];

/// The issuer of the tokens of a provider that is there.
pub(super) fn issuer_named(state: &State, name: &str) -> String {
    let provider = state.identity.oidc.providers.get(name).cloned().unwrap_or_default();
    issuer(state, name, &provider)
}

fn issuer(state: &State, name: &str, provider: &Provider) -> String {
    format!("{}/v1/identity/oidc/provider/{name}", config::address(state, &provider.issuer))
}

fn describe(state: &State, name: &str, provider: &Provider) -> Value {
    json!({
        "allowed_client_ids": provider.allowed_client_ids, "issuer": issuer(state, name, provider),
        "scopes_supported": provider.scopes_supported,
    })
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let asked = call.fields.text("allowed_client_id");
    let fits = |provider: &Provider| {
        asked.is_empty() || provider.allowed_client_ids.iter().any(|id| id == "*" || id == asked)
    };
    let providers = state.identity.oidc.providers.iter().filter(|(_, provider)| fits(provider));
    let info: Data =
        providers.map(|(name, provider)| (name.clone(), describe(state, name, provider))).collect();
    let mut response = Response::keys(info.keys().cloned().collect::<Vec<_>>());
    if let Some(data) = response.data.as_mut().filter(|_| !info.is_empty()) {
        data.insert("key_info".into(), info.into());
    }
    response.ok()
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let Some(provider) = state.identity.oidc.providers.get(name) else { return Ok(Reply::Nothing) };
    respond(describe(state, name, provider))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("name");
    let mut provider = state.identity.oidc.providers.get(name).cloned().unwrap_or_default();
    if fields.has("issuer") {
        provider.issuer = fields.text("issuer").to_owned();
    }
    if fields.has("allowed_client_ids") {
        provider.allowed_client_ids = unique(fields.list("allowed_client_ids"));
    }
    if fields.has("scopes_supported") {
        provider.scopes_supported = unique(fields.list("scopes_supported"));
    }
    config::check(&provider.issuer)?;
    if let Some(scope) =
        provider.scopes_supported.iter().find(|scope| !state.identity.oidc.scopes.contains(scope))
    {
        return Err(Refusal::Invalid(format!("scope {scope:?} does not exist")));
    }
    let set = provider.issuer.clone();
    let conflicts = claims::conflicts(&state.identity.oidc, &provider.scopes_supported, call.now());
    state.identity.oidc.providers.insert(name, provider);
    match (config::explicit(&set)?, conflicts) {
        (Reply::Respond(mut response), conflicts) => {
            response.warnings.extend(conflicts);
            Ok(Reply::Respond(response))
        }
        (reply, conflicts) if conflicts.is_empty() => Ok(reply),
        (_, conflicts) => Response { warnings: conflicts, ..Response::default() }.ok(),
    }
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    if name == DEFAULT {
        return Err(Refusal::Invalid(format!("deletion of OIDC provider {name:?} not allowed")));
    }
    state.identity.oidc.providers.remove(name);
    Ok(Reply::Nothing)
}

fn configuration(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let Some(provider) = state.identity.oidc.providers.get(name) else { return Ok(Reply::Nothing) };
    let issuer = issuer(state, name, provider);
    let address = config::address(state, &provider.issuer);
    let scopes: Vec<&str> =
        provider.scopes_supported.iter().map(String::as_str).chain(std::iter::once("openid")).collect();
    discovery::document(&format!(
        "{{\"issuer\":\"{issuer}\",\"jwks_uri\":\"{issuer}/.well-known/keys\",\
         \"authorization_endpoint\":\"{address}/ui/vault/identity/oidc/provider/{name}/authorize\",\
         \"token_endpoint\":\"{issuer}/token\",\"userinfo_endpoint\":\"{issuer}/userinfo\",\
         \"request_parameter_supported\":false,\"request_uri_parameter_supported\":false,\
         \"id_token_signing_alg_values_supported\":{},\"response_types_supported\":[\"code\"],\"scopes_supported\":{},\
         \"claims_supported\":[],\"subject_types_supported\":[\"public\"],\"grant_types_supported\":[\"authorization_code\"],\
         \"token_endpoint_auth_methods_supported\":[\"none\",\"client_secret_basic\",\"client_secret_post\"],\
         \"code_challenge_methods_supported\":[\"plain\",\"S256\"]}}",
        discovery::list(&ALGORITHMS),
        discovery::list(&scopes)
    ))
}

/// The keys of the clients that a provider serves.
fn keys(state: &mut State, call: &Call<'_>) -> Outcome {
    let oidc = &state.identity.oidc;
    let Some(provider) = oidc.providers.get(call.fields.text("name")) else { return Ok(Reply::Nothing) };
    let names: BTreeSet<String> = oidc
        .clients
        .values()
        .filter(|client| provider.serves(&client.client_id))
        .map(|client| client.key.clone())
        .collect();
    discovery::key_set(state, call.environment, &names.into_iter().collect::<Vec<_>>())
}
