//! The keyring of a server: keys are made, rotated and forgotten; identities signed and checked.

mod rotation;
mod workload;

use std::time::Duration;

use serde_json::{Map, Value};

use super::{LOGGER, Server};
use crate::hclog::pair;
use crate::identity::{SIGNING, Unverified, new_key, sign, source, stamp};
use crate::seam::RpcError;
use crate::state::{Command, KeyringCommand};
use crate::structs::{KeyMaterial, Node};

pub(super) use self::rotation::is_key_used;
pub(super) use self::rotation::tend;
pub(super) use self::workload::{Wanted, identities_of, sign_default};

/// How the servers look after their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyringSettings {
    /// Who issues identities, as others reach this cluster; empty: nobody, and there is no discovery.
    pub(crate) issuer: String,
    /// How old an active key becomes.
    pub(crate) rotation_threshold: Duration,
    /// How often keys are looked at.
    pub(crate) gc_interval: Duration,
    /// How much older a key becomes that is no longer active.
    pub(crate) gc_threshold: Duration,
}

impl Default for KeyringSettings {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            rotation_threshold: Duration::from_secs(720 * 3600),
            gc_interval: Duration::from_secs(600),
            gc_threshold: Duration::from_secs(3600),
        }
    }
}

impl Server {
    /// Makes the first key, where there is none.
    pub(super) async fn initialize_keyring(&self) {
        if self.store.read(|tables| tables.keyring.active().is_some()) {
            return;
        }
        match self.make_key("active", 0, false).await {
            Ok((key, _)) => {
                self.parts
                    .host
                    .log
                    .info(&format!("{LOGGER}.core"), format!("initialized keyring: id={}", key.meta.id));
            }
            Err(error) => {
                let text = format!("could not initialize keyring: {}", pair("error", &error));
                self.parts.host.log.error(&format!("{LOGGER}.core"), text);
            }
        }
    }

    /// Makes a key and puts it into the log. It and its index.
    pub(super) async fn make_key(
        &self,
        state: &str,
        publish_time: i64,
        rekey: bool,
    ) -> Result<(KeyMaterial, u64), RpcError> {
        let unable = || RpcError::new("failed to generate a key");
        // An RSA key takes its time: it is made while others are served.
        let keys = source(&self.parts.host);
        let pair = match keys.ready(SIGNING).map_err(|_| unable())? {
            Some(pair) => pair,
            None => {
                let (done, made) = tokio::sync::oneshot::channel();
                keys.make(SIGNING, move |pair| drop(done.send(pair)));
                made.await.map_err(|_| unable())?.map_err(|_| unable())?
            }
        };
        let key = new_key(&self.ids, &pair, state, publish_time, self.now_nanos());
        let command = KeyringCommand::Upsert { key: Box::new(key.clone()), rekey };
        let index = self.apply(Command::Keyring(command)).await?;
        Ok((key, index))
    }

    /// The key that things are made with now.
    pub(super) fn active_key(&self) -> Result<KeyMaterial, RpcError> {
        let found = self.store.read(|tables| tables.keyring.active().cloned());
        found.ok_or_else(|| RpcError::new("keyring has not been initialized yet"))
    }

    /// Signs claims with the active key. The token and the key's id.
    pub(super) fn sign_claims(
        &self,
        mut claims: Map<String, Value>,
        ttl: Option<i64>,
    ) -> Result<(String, String), RpcError> {
        let key = self.active_key()?;
        let now = self.parts.host.clock.unix();
        stamp(&mut claims, &self.ids.uuid(), &self.parts.settings.keyring.issuer, now, ttl);
        let token = sign(&key, &claims).ok_or_else(|| RpcError::new("failed to sign claims"))?;
        Ok((token, key.meta.id))
    }

    /// The claims of an identity that one of the keys has signed.
    pub(super) fn verify_identity(&self, token: &str) -> Result<Map<String, Value>, RpcError> {
        let fault = |error: crate::identity::VerifyError| RpcError::new(error.to_string());
        let token = Unverified::parse(token).map_err(fault)?;
        let key = self.store.read(|tables| tables.keyring.keys.get(&token.key_id).cloned());
        let Some(key) = key else {
            return Err(fault(crate::identity::VerifyError::UnknownKey(lab_pki::quote(&token.key_id))));
        };
        token.verify(&key, self.parts.host.clock.unix()).map_err(fault)
    }

    /// A node's own identity, which it shows in place of its secret.
    pub(super) fn node_identity(&self, node: &Node) -> Option<(String, String)> {
        let nanos = self.store.read(|tables| {
            tables.registry.node_pools.get(&node.node_pool).map_or(0, |pool| pool.node_identity_ttl)
        });
        let ttl = if nanos > 0 { nanos / 1_000_000_000 } else { 86_400 };
        let claims = crate::identity::node_claims(&self.parts.settings.region, node);
        self.sign_claims(claims, Some(ttl)).ok()
    }

    /// A node's next identity, where it asks for one, less than a third of its present one is left, or another key signs
    /// by now.
    pub(super) fn renewed_identity(&self, request: &super::Request, node: &Node) -> Option<String> {
        let body = crate::structs::Body(&request.body);
        let token = body.string("AuthToken");
        let is_of_node = token == node.secret_id || self.verify_identity(token).is_ok();
        if body.boolean("ForceIdentityRenewal") && is_of_node {
            return self.node_identity(node).map(|(token, _)| token);
        }
        let read = Unverified::parse(token).ok()?;
        let (key, claims) = (read.key_id, self.verify_identity(token).ok()?);
        let time = |name: &str| claims.get(name).and_then(Value::as_i64);
        let (from, until) = (time("iat")?, time("exp")?);
        let left = until - self.parts.host.clock.unix();
        let is_due = left < (until - from) / 3 || self.active_key().is_ok_and(|active| active.meta.id != key);
        is_due.then(|| self.node_identity(node)).flatten().map(|(token, _)| token)
    }
}
