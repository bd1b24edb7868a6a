//! A Vault to embed.
//!
//! It answers the HTTP API of Vault 1.21 as the real one does: the same JSON in the same order, the same errors word for
//! word. It keeps no promise of secrecy: it is for tests, for learning and for rehearsals.
//!
//! A [`Server`] runs on a [`lab_world::Host`], in a simulation or on a loopback socket; dropping it stops it.

mod approle;
mod audit;
mod auth;
mod builder;
mod configuration;
mod cubbyhole;
mod database;
mod dispatch;
mod error;
mod fetch;
mod http;
mod identity;
mod jwt;
mod kv;
mod lease;
mod listener;
mod logical;
mod mounts;
mod pki;
mod policy;
mod seal;
mod server;
mod state;
mod storage;
mod sys;
mod token;
mod userpass;
mod vault;

pub use crate::builder::{Builder, MockVault};
pub use crate::configuration::{Configuration, ConfigurationError, ListenerStanza, StorageStanza, TlsFiles};
pub use crate::error::Error;
pub use crate::listener::ListenerConfig;
pub use crate::server::{Config, Dev, Server, Storage};

/// The version of Vault that is imitated.
pub const VERSION: &str = mounts::VERSION;

/// When that version was built, as it says of itself.
pub const BUILD_DATE: &str = sys::BUILD_DATE;
