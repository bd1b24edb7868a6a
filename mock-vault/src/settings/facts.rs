//! What the server knows of itself and its machine.

use std::net::SocketAddr;

use crate::logical::Data;

/// How the server was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerFacts {
    /// The machine's name.
    pub(crate) hostname: String,
    /// `http://127.0.0.1:8200`, where the server knows how it is reached.
    pub(crate) api_address: String,
    pub(crate) cluster_address: String,
    /// `inmem` or `file`.
    pub(crate) storage: String,
    /// The ports as they are configured, and whether they speak TLS.
    pub(crate) listeners: Vec<(SocketAddr, bool)>,
    pub(crate) cluster_name: String,
    pub(crate) ui: bool,
    /// In seconds; zero where nothing is set.
    pub(crate) default_lease_ttl: u64,
    pub(crate) max_lease_ttl: u64,
    /// What is shown of configuration files; empty without any.
    pub(crate) configured: Data,
}
