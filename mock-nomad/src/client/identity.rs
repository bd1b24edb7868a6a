//! Who the node is.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::hclog::pair;
use lab_world::Host;
use serde_json::{Map, Value};

use super::Client;
use crate::identity::Unverified;

/// A node's id and the secret that proves it; kept in `<data_dir>/client`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) node_id: String,
    pub(super) secret: String,
}

/// The token that introduces a new node: what was given to the agent, or what lies in `<data_dir>/client`; empty: none.
pub(super) fn introduction(host: &Host, data_dir: Option<&Path>, given: &str) -> String {
    if !given.is_empty() {
        return given.to_owned();
    }
    let path = data_dir.map(|directory| directory.join("client").join("intro_token.jwt"));
    let kept = path.and_then(|path| host.disk.read_to_string(path).ok());
    kept.map(|token| token.trim().to_owned()).unwrap_or_default()
}

impl Identity {
    /// Reads what is kept, and draws and keeps what is not.
    pub(super) fn load(host: &Host, data_dir: Option<&Path>) -> Self {
        let entropy = host.entropy.branch("node");
        let one = |file: &str| -> String {
            let path = data_dir.map(|directory| directory.join("client").join(file));
            let kept = path.as_ref().and_then(|path| host.disk.read_to_string(path).ok());
            if let Some(kept) = kept.map(|kept| kept.trim().to_owned()).filter(|kept| !kept.is_empty()) {
                return kept;
            }
            let drawn = entropy.branch(file).uuid();
            if let Some(path) = path
                && let Err(error) = host.disk.write_atomic(path, &drawn, 0o600)
            {
                host.log.error(super::LOGGER, format!("failed to persist {file}: {}", pair("error", &error)));
            }
            drawn
        };
        Self { node_id: one("client-id"), secret: one("secret-id") }
    }
}

/// The identity that the servers have signed for the node.
#[derive(Debug, Default)]
pub(super) struct Signed {
    token: Mutex<String>,
    /// Whether the next heartbeat is to ask for another one.
    renews: AtomicBool,
}

impl Signed {
    /// Takes what an answer brought; empty: nothing.
    pub(super) fn take(&self, token: &str) {
        if !token.is_empty() {
            token.clone_into(&mut self.token.lock().unwrap_or_else(PoisonError::into_inner));
            self.renews.store(false, Ordering::Relaxed);
        }
    }

    /// Whether another one is to be asked for.
    pub(super) fn renews(&self) -> bool {
        self.renews.load(Ordering::Relaxed)
    }
}

impl Client {
    /// What the node's signed identity says. The error is the real program's.
    pub(crate) fn identity_claims(&self) -> Result<Map<String, Value>, String> {
        let token = self.signed.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if token.is_empty() {
            return Err("node does not have a JWT identity token".to_owned());
        }
        let read = Unverified::parse(&token);
        read.map(Unverified::into_claims).map_err(|error| format!("failed to parsed signed token: {error}"))
    }

    /// Has the next heartbeat ask for another identity.
    pub(crate) fn renew_identity(&self) {
        self.signed.renews.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use lab_world::{DEFAULT_EPOCH, Simulation};

    #[test]
    fn a_node_stays_itself() {
        Simulation::run(3, DEFAULT_EPOCH, async |world| {
            let host = world.host("client-1");
            let first = Identity::load(&host, Some(Path::new("/data")));
            assert_ne!(first.node_id, first.secret);
            assert_eq!(Identity::load(&host, Some(Path::new("/data"))), first);
            assert_eq!(host.disk.read_to_string("/data/client/client-id").expect("kept"), first.node_id);
            assert_eq!(host.disk.metadata("/data/client/secret-id").expect("kept").mode, 0o600);
        });
    }
}
