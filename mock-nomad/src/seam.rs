//! What the outside of an agent (configuration, TLS, listeners, gossip) and its inside (state, consensus, scheduling,
//! client) know of each other.
//!
//! The inside never touches a socket or a certificate: it asks through these traits, which the outside implements,
//! and is called through [`RpcService`]. So it also runs in tests over dialers that are plain function calls.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use lab_wire::BoxIo;
use lab_world::{Host, Tasks};
use tokio::sync::watch;

use crate::telemetry::Telemetry;

/// What an RPC answers: the body of the reply, or the error as the caller reads it.
pub(crate) type RpcResult = Result<rmpv::Value, RpcError>;

/// The error of an RPC in the words of the real program; it travels as this text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RpcError(pub(crate) String);

impl RpcError {
    /// An error with this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `Permission denied`: what every refused caller reads, whatever the reason.
    pub(crate) fn permission_denied() -> Self {
        Self::new("Permission denied")
    }

    /// `No cluster leader`
    pub(crate) fn no_leader() -> Self {
        Self::new("No cluster leader")
    }

    /// What a caller reads of an error that came over the wire: `rpc error: ` before it, once for each hop.
    pub(crate) fn from_remote(text: &str) -> Self {
        Self(format!("rpc error: {text}"))
    }

    /// An error with a status code for the HTTP API: `RPC Error:: 400,text`.
    pub(crate) fn coded(code: u16, text: &str) -> Self {
        Self(format!("RPC Error:: {code},{text}"))
    }
}

/// Who calls: what the connection proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RpcContext {
    /// The caller's address.
    pub(crate) remote: SocketAddr,
    /// Whether the call came inside TLS.
    pub(crate) tls: bool,
    /// The common name and the DNS names of the verified certificate; empty without one.
    pub(crate) names: Vec<String>,
    /// Whether the call comes from inside this very process, which skips every check of certificates.
    pub(crate) internal: bool,
}

impl RpcContext {
    /// The context of calls that the process makes to itself.
    pub(crate) fn internal() -> Arc<Self> {
        let remote = SocketAddr::from(([127, 0, 0, 1], 0));
        Arc::new(Self { remote, tls: false, names: Vec::new(), internal: true })
    }
}

/// The endpoints of a server: the inside implements it, the listener and the HTTP API call it.
pub(crate) trait RpcService: Send + Sync {
    /// Carries out one call. `body` is the map of the request's fields, as decoded from the wire.
    ///
    /// An unknown method answers `rpc: can't find service X.Y` or `rpc: can't find method X.Y`.
    fn call(
        self: Arc<Self>,
        context: Arc<RpcContext>,
        method: String,
        body: rmpv::Value,
    ) -> BoxFuture<'static, RpcResult>;
}

/// Calls to other agents' RPC ports, over pooled connections with this agent's TLS: the outside implements it.
///
/// Its errors are whole, as the caller prints them: `rpc error: failed to get conn: EOF`, `rpc error: Permission denied`.
/// Implementations put no limit of time on the call itself (blocking queries last minutes), only on dialling.
pub(crate) trait RpcDialer: Send + Sync {
    /// Calls `method` at `address`; `region` is the called server's, for the name that its certificate must have.
    fn call<'a>(
        &'a self,
        address: SocketAddr,
        region: &'a str,
        method: &'a str,
        body: rmpv::Value,
    ) -> BoxFuture<'a, RpcResult>;
}

/// Connections for consensus: the outside implements it (type bytes and TLS), consensus speaks its protocol on them.
/// Accepted ones are handed to `Server::accept_raft`.
pub(crate) trait RaftDialer: Send + Sync {
    /// Opens a stream on which the first byte is already consensus' own.
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxIo>>;
}

/// The name checks of section "authenticator": the outside implements it over the live TLS configuration.
/// Every refusal is `Permission denied`. Tokens are the inside's own to check, after the names.
pub(crate) trait Authenticator: Send + Sync {
    /// The caller must be a server of this region.
    fn server_only(&self, context: &RpcContext) -> Result<(), RpcError>;
    /// The caller must be a client or a server of this region.
    fn client_only(&self, context: &RpcContext) -> Result<(), RpcError>;
    /// The caller of a registration or heartbeat: a client or a server of this region.
    fn registration(&self, context: &RpcContext) -> Result<(), RpcError>;
}

/// One server as gossip shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerMember {
    /// The server's id, which consensus knows it by (`server_id`).
    pub(crate) id: String,
    /// Its name with the region, `server-1.global`.
    pub(crate) name: String,
    /// Its region.
    pub(crate) region: String,
    /// Its datacenter.
    pub(crate) datacenter: String,
    /// Where its RPC port is reached.
    pub(crate) rpc: SocketAddr,
    /// Whether it is alive, as opposed to leaving, left or failed.
    pub(crate) alive: bool,
    /// Whether it left on purpose, so that consensus may forget it.
    pub(crate) left: bool,
    /// Its `bootstrap_expect`; 0 when it does not say.
    pub(crate) expect: usize,
}

/// The servers known by gossip, this one included: the outside implements it.
pub(crate) trait Members: Send + Sync {
    /// All servers of all regions, in a fixed order.
    fn servers(&self) -> Vec<ServerMember>;
    /// The same as gossip tells of them, with their tags.
    fn shown(&self) -> Vec<serde_json::Value>;
    /// Ticks whenever [`Members::servers`] would answer differently.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// What a server needs to run; see `crate::server::Server::start`.
#[derive(Clone)]
pub(crate) struct ServerParts {
    /// The machine.
    pub(crate) host: Host,
    /// Where everything it spawns lives.
    pub(crate) tasks: Tasks,
    /// Its configuration.
    pub(crate) settings: ServerSettings,
    /// Calls to other servers.
    pub(crate) dialer: Arc<dyn RpcDialer>,
    /// Streams to other servers' consensus.
    pub(crate) raft_dialer: Arc<dyn RaftDialer>,
    /// The name checks.
    pub(crate) authenticator: Arc<dyn Authenticator>,
    /// The servers known by gossip.
    pub(crate) members: Arc<dyn Members>,
    /// Where it counts what it does.
    pub(crate) telemetry: Arc<Telemetry>,
}

/// A server's configuration, with defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServerSettings {
    /// The server's own id.
    pub(crate) id: String,
    /// The agent's name.
    pub(crate) name: String,
    /// Its region.
    pub(crate) region: String,
    /// Its datacenter.
    pub(crate) datacenter: String,
    /// The agent's data directory; state lives in `server` below it. `None` (dev mode): nothing is kept.
    pub(crate) data_dir: Option<PathBuf>,
    /// The address that other agents reach its RPC port by.
    pub(crate) rpc_advertise: SocketAddr,
    /// How many servers to wait for before the first election.
    pub(crate) bootstrap_expect: usize,
    /// Scales every time of consensus (default 1).
    pub(crate) raft_multiplier: u32,
    /// The shortest time between two heartbeats of a node (default 10 s).
    pub(crate) min_heartbeat_ttl: Duration,
    /// How many heartbeats a second the cluster wants at most (default 50).
    pub(crate) max_heartbeats_per_second: f64,
    /// How late a heartbeat may be (default 10 s).
    pub(crate) heartbeat_grace: Duration,
    /// How long a new leader waits for every node's first heartbeat (default 5 min).
    pub(crate) failover_heartbeat_ttl: Duration,
    /// The workers that it begins with.
    pub(crate) workers: crate::server::WorkerPool,
    /// Who may do what.
    pub(crate) access: crate::server::AccessSettings,
    /// How the servers look after their keys.
    pub(crate) keyring: crate::server::KeyringSettings,
    /// Whether new nodes must introduce themselves.
    pub(crate) introduction: crate::server::IntroductionSettings,
    /// Whether the agent's `vault` block is enabled, without which no job may ask for Vault.
    pub(crate) vault_enabled: bool,
    /// The identity that tasks prove themselves to Vault with, as a job has it; `null` where there is none.
    pub(crate) vault_identity: serde_json::Value,
}

/// What a client agent needs to run; see `crate::client::Client::start`.
#[derive(Clone)]
pub(crate) struct ClientParts {
    /// The machine.
    pub(crate) host: Host,
    /// Where everything it spawns lives.
    pub(crate) tasks: Tasks,
    /// Its configuration.
    pub(crate) settings: ClientSettings,
    /// Calls to servers.
    pub(crate) dialer: Arc<dyn RpcDialer>,
    /// The server in the same agent, called without a connection, where there is one.
    pub(crate) local_server: Option<Arc<dyn RpcService>>,
    /// Where it counts what it does.
    pub(crate) telemetry: Arc<Telemetry>,
}

/// A client's configuration, with defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClientSettings {
    /// The agent's name.
    pub(crate) name: String,
    /// Its region.
    pub(crate) region: String,
    /// Its datacenter.
    pub(crate) datacenter: String,
    /// `client.node_class`
    pub(crate) node_class: String,
    /// `client.node_pool` (default `default`)
    pub(crate) node_pool: String,
    /// Megahertz, mebibytes of memory and of disk, where `client` says so; else 0.
    pub(crate) room: [i64; 3],
    /// `client.meta`
    pub(crate) meta: std::collections::BTreeMap<String, String>,
    /// The agent's data directory; id, secret and allocations live in `client` below it. `None`: nothing is kept.
    pub(crate) data_dir: Option<PathBuf>,
    /// Where the directories of allocations are.
    pub(crate) alloc_dir: PathBuf,
    /// How tasks get to Vault.
    pub(crate) vault: VaultSettings,
    /// Whether the driver `raw_exec` is enabled.
    pub(crate) raw_exec: bool,
    /// The address that others reach its HTTP port by.
    pub(crate) http_advertise: SocketAddr,
    /// Whether that port speaks TLS.
    pub(crate) tls_http: bool,
    /// The token that introduces it, where the agent was given one.
    pub(crate) introduction: String,
    /// The servers it begins with; it learns others from replies.
    pub(crate) servers: Vec<SocketAddr>,
    /// Dev mode: it retries quickly.
    pub(crate) dev: bool,
}

/// How tasks get to Vault.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct VaultSettings {
    /// Whether they do at all.
    pub(crate) enabled: bool,
    /// Where it is; the token is each task's own.
    pub(crate) access: lab_consul_template::VaultAccess,
    /// Where the auth method is mounted that takes signed tokens.
    pub(crate) mount: String,
    /// The role of tasks that name none.
    pub(crate) create_from_role: String,
}
