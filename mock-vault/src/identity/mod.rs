//! Entities, aliases and groups: who is behind a token, whichever way they logged in.

mod alias;
mod entity;
mod group;
mod group_alias;
mod login;
mod lookup;
mod model;
mod oidc;
mod store;

pub(crate) use self::oidc::denial;
pub(crate) use self::store::Identity;

use crate::logical::Endpoint;
use crate::state::State;

/// The endpoints of `identity/`.
pub(crate) static ENDPOINTS: &[&[Endpoint<State>]] = &[
    entity::ENDPOINTS,
    alias::ENDPOINTS,
    group::ENDPOINTS,
    group_alias::ENDPOINTS,
    lookup::ENDPOINTS,
    oidc::ENDPOINTS[0],
    oidc::ENDPOINTS[1],
    oidc::ENDPOINTS[2],
    oidc::ENDPOINTS[3],
    oidc::ENDPOINTS[4],
    oidc::ENDPOINTS[5],
    oidc::ENDPOINTS[6],
    oidc::ENDPOINTS[7],
    oidc::ENDPOINTS[8],
    oidc::ENDPOINTS[9],
    oidc::ENDPOINTS[10],
    oidc::ENDPOINTS[11],
    oidc::ENDPOINTS[12],
];

/// Paths that need no token.
pub(crate) const UNAUTHENTICATED: &[&str] =
    &["oidc/.well-known/*", "oidc/provider/+/.well-known/*", "oidc/provider/+/token"];
