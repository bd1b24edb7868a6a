//! A program that logs in to Vault by itself, with the words of Go's `api` client where that fails.

use std::time::Duration;

use lab_world::Host;
use serde_json::{Value as Json, json};

use crate::embedded::{VaultAccess, vault_config};
use crate::vault::{Client, Secret};

/// A client of Vault.
#[derive(Clone, Debug)]
pub struct Vault(Client);

/// A token that Vault gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token itself.
    pub token: String,
    /// How long it lives.
    pub lease: Duration,
    /// Whether it can be renewed.
    pub renewable: bool,
}

impl Vault {
    /// A client on that machine.
    ///
    /// Errors: TLS files that cannot be used.
    pub fn new(host: &Host, access: &VaultAccess) -> Result<Self, String> {
        Client::new(host, &vault_config(access)).map(Self).map_err(|error| error.to_string())
    }

    /// Logs in at the auth method mounted at `mount` with a signed token; an empty `role` is the method's own.
    pub async fn log_in(&self, mount: &str, role: &str, jwt: &str) -> Result<Token, String> {
        let path = format!("auth/{}/login", mount.trim_matches('/'));
        let secret = self.0.write(&path, &json!({"role": role, "jwt": jwt})).await?;
        let token = token_of(secret)?;
        self.0.set_token(&token.token);
        Ok(token)
    }

    /// Renews the token it has.
    pub async fn renew(&self, increment: Duration) -> Result<Token, String> {
        let body = json!({"increment": increment.as_secs()});
        token_of(self.0.write("auth/token/renew-self", &body).await?)
    }

    /// Uses this token from now on.
    pub fn set_token(&self, token: &str) {
        self.0.set_token(token);
    }

    /// What Vault says of its seal: `version`, `sealed`, `cluster_id`, `cluster_name`.
    pub async fn seal_status(&self) -> Result<Json, String> {
        self.0.seal_status().await
    }
}

fn token_of(secret: Option<Secret>) -> Result<Token, String> {
    let auth = secret.and_then(|secret| secret.auth).ok_or("Vault returned no token")?;
    Ok(Token {
        token: auth.client_token,
        lease: Duration::from_secs(auth.lease_duration.max(0).unsigned_abs()),
        renewable: auth.renewable,
    })
}
