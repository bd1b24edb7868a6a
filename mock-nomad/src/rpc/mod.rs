//! The RPC port and calls to other agents' RPC ports.

mod auth;
mod connection;
mod dial;
mod first_byte;
mod limit;
mod listener;
mod pool;
mod raft;
mod tunnel;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use lab_wire::tls::ServerTls;

pub(crate) use self::auth::NameChecks;
pub(crate) use self::dial::Dialler;
pub(crate) use self::limit::ConnectionLimit;
pub(crate) use self::listener::{Incoming, Listening};
pub(crate) use self::pool::{Pool, PoolKind};
pub(crate) use self::raft::RaftLayer;
pub(crate) use self::tunnel::{Answer, Asked, NO_PATH, NodeSessions, ask, asked, reply};

/// What the RPC port goes by. It is the *server's* own view, replaced only when a reload touches the server's
/// connections: `rpc_upgrade_mode` alone, changed in the files, does not get here.
#[derive(Clone)]
pub(crate) struct RpcSettings {
    pub(crate) region: String,
    /// TLS for who wants it; `None` where `rpc` is off.
    pub(crate) tls: Option<ServerTls>,
    pub(crate) upgrade_mode: bool,
    pub(crate) verify_server_hostname: bool,
    pub(crate) handshake_timeout: Duration,
}

/// The settings as they are now; clones share them.
#[derive(Clone)]
pub(crate) struct LiveSettings(Arc<RwLock<Arc<RpcSettings>>>);

impl LiveSettings {
    pub(crate) fn new(settings: RpcSettings) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(settings))))
    }

    pub(crate) fn get(&self) -> Arc<RpcSettings> {
        Arc::clone(&self.0.read().expect("no panic while reading settings"))
    }

    pub(crate) fn set(&self, settings: RpcSettings) {
        *self.0.write().expect("no panic while replacing settings") = Arc::new(settings);
    }
}

#[cfg(test)]
mod tests;
