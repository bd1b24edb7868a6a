//! `identity/oidc`: the server as an issuer of identity tokens.

mod assignment;
mod authorize;
mod claims;
mod client;
mod config;
mod discovery;
mod exchange;
mod fault;
mod grant;
mod introspect;
mod key;
mod model;
mod provider;
mod redirect;
mod role;
mod scope;
mod signing;
mod template;
mod token;
mod userinfo;

pub(crate) use self::model::Oidc;
pub(crate) use self::userinfo::denial;

use crate::logical::{Endpoint, Refusal};
use crate::state::State;

/// The endpoints, a family each.
pub(super) static ENDPOINTS: [&[Endpoint<State>]; 13] = [
    config::ENDPOINTS,
    key::ENDPOINTS,
    role::ENDPOINTS,
    token::ENDPOINTS,
    introspect::ENDPOINTS,
    discovery::ENDPOINTS,
    scope::ENDPOINTS,
    assignment::ENDPOINTS,
    client::ENDPOINTS,
    provider::ENDPOINTS,
    authorize::ENDPOINTS,
    exchange::ENDPOINTS,
    userinfo::ENDPOINTS,
];

/// Refuses to delete what others refer to: `kind` of them, such as clients.
fn unused<'a>(
    what: &str,
    name: &str,
    kind: &str,
    users: impl Iterator<Item = &'a String>,
) -> Result<(), Refusal> {
    let users: Vec<&str> = users.map(String::as_str).collect();
    match users.as_slice() {
        [] => Ok(()),
        users => Err(Refusal::Invalid(format!(
            "unable to delete {what} {name:?} because it is currently referenced by these {kind}: {}",
            users.join(", ")
        ))),
    }
}

/// Each text once and in order, as the lists of clients and providers are kept.
fn unique(list: Vec<String>) -> Vec<String> {
    let trimmed = list.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    let sorted: std::collections::BTreeSet<&str> = trimmed.collect();
    sorted.into_iter().map(str::to_owned).collect()
}

/// The algorithms that tokens can be signed with.
const ALGORITHMS: [&str; 7] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"];
