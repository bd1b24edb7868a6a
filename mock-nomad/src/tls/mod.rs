//! The agent's TLS: which certificate it shows, whom it trusts, and what names it asks for.

mod ciphers;
mod context;
mod loader;
mod names;

pub(crate) use self::context::Outgoing;
pub(crate) use self::context::{TlsSettings, incoming_http, incoming_rpc, outgoing};
pub(crate) use self::loader::KeyLoader;
pub(crate) use self::names::names_of;
