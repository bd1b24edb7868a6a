//! A Vault to embed.
//!
//! It answers the HTTP API of Vault 1.21 as the real one does: the same JSON in the same order, the same errors word for
//! word. It keeps no promise of secrecy: it is for tests, for learning and for rehearsals.
//!
//! A [`Server`] runs on a [`lab_world::Host`], in a simulation or on a loopback socket; dropping it stops it. A test takes
//! a [`MockVault`], which is all of that in one expression.
//!
//! # In a test, with `reqwest`
//!
//! ```
//! use mock_vault::MockVault;
//! use serde_json::{Value, json};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let vault = MockVault::builder().start().await?;
//! let http = reqwest::Client::new();
//! let secret = format!("{}/v1/secret/data/app", vault.url());
//!
//! let wrote = http
//!     .post(&secret)
//!     .header("X-Vault-Token", vault.root_token())
//!     .json(&json!({ "data": { "password": "swordfish" } }))
//!     .send()
//!     .await?;
//! assert_eq!(wrote.status(), 200);
//!
//! let read: Value =
//!     http.get(&secret).header("X-Vault-Token", vault.root_token()).send().await?.json().await?;
//! assert_eq!(read["data"]["data"]["password"], "swordfish");
//!
//! let denied = http.get(&secret).send().await?;
//! assert_eq!(denied.json::<Value>().await?, json!({ "errors": ["permission denied"] }));
//! # Ok(())
//! # }
//! ```
//!
//! # In a test, with `vaultrs`
//!
//! ```
//! use mock_vault::MockVault;
//! use serde_json::json;
//! use vaultrs::api::pki::requests::GenerateCertificateRequest;
//! use vaultrs::client::{VaultClient, VaultClientSettingsBuilder};
//! use vaultrs::pki;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let vault = MockVault::builder()
//!     .pki("pki", "global.nomad")
//!     .write("pki/roles/nomad", json!({ "allowed_domains": "global.nomad", "allow_subdomains": true, "key_type": "ec" }))
//!     .start()
//!     .await?;
//! let settings =
//!     VaultClientSettingsBuilder::default().address(vault.url()).token(vault.root_token()).build()?;
//! let client = VaultClient::new(settings)?;
//!
//! let mut request = GenerateCertificateRequest::builder();
//! let issued =
//!     pki::cert::generate(&client, "pki", "nomad", Some(request.common_name("server.global.nomad"))).await?;
//! assert!(issued.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
//! # Ok(())
//! # }
//! ```

mod approle;
mod audit;
mod auth;
mod builder;
mod configuration;
mod cubbyhole;
mod database;
mod decode;
mod dispatch;
mod error;
mod http;
mod identity;
mod jwt;
mod kv;
mod lease;
mod listener;
mod lockout;
mod logical;
mod mounts;
mod pki;
mod policy;
mod seal;
mod server;
mod settings;
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

/// Holds a policy's text, in HCL or JSON, against what a server takes.
///
/// Errors: what a server would refuse it with, `failed to parse policy: ...`.
pub fn check_policy(text: &str) -> Result<(), String> {
    policy::parse(text).map(drop).map_err(|error| format!("failed to parse policy: {error}"))
}
