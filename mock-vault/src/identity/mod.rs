//! Entities, aliases and groups: who is behind a token, whichever way they logged in.

mod alias;
mod entity;
mod group;
mod group_alias;
mod login;
mod lookup;
mod model;
mod store;

pub(crate) use self::store::Identity;

use crate::logical::Endpoint;
use crate::state::State;

/// The endpoints of `identity/`.
pub(crate) static ENDPOINTS: &[&[Endpoint<State>]] =
    &[entity::ENDPOINTS, alias::ENDPOINTS, group::ENDPOINTS, group_alias::ENDPOINTS, lookup::ENDPOINTS];

/// Paths that need no token.
pub(crate) const UNAUTHENTICATED: &[&str] = &["oidc/.well-known/*"];
