//! Tokens: who they are for, how they are made, found, renewed and revoked.

mod batch;
mod create;
mod endpoints;
mod entry;
mod grant;
mod id;
mod known;
mod lookup;
mod renew;
mod revoke;
mod roles;
mod store;

pub(crate) use self::endpoints::ENDPOINTS;
pub(crate) use self::entry::{OidcAccess, TokenEntry};
pub(crate) use self::grant::{NewToken, root_entry};
pub(crate) use self::known::Found;
pub(crate) use self::store::TokenStore;

/// Paths of the token store that need `sudo`.
pub(crate) const SUDO: &[&str] = &["accessors/*", "create-orphan", "revoke-orphan*"];
