//! A server: keeps the state with its peers, watches the nodes, and decides what runs where.

mod access;
mod applier;
mod auth;
mod broker;
mod collector;
mod cron;
mod deployments;
mod drainer;
mod endpoints;
mod forward;
mod gauges;
mod heartbeat;
mod id;
mod implied;
mod introduction;
mod keyring;
mod leader;
mod machine;
mod page;
mod periodic;
mod permission;
mod query;
mod scheduler;
mod vault_identity;
mod worker;
mod workers;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};

use futures::future::BoxFuture;
use lab_wire::BoxIo;
use lab_world::{Entropy, Tasks};
use rmpv::Value;
use tokio::sync::watch;

use self::access::Caller;
use self::applier::Applier;
use self::broker::Broker;
use self::heartbeat::Heartbeats;
use self::machine::Machine;
use self::workers::Workers;
use crate::raft::{Parts, Peer, Raft};
use crate::seam::{RpcContext, RpcError, RpcResult, RpcService, ServerParts};
use crate::state::{Command, Store};
use crate::telemetry::measured;

pub(crate) use self::access::AccessSettings;
pub(crate) use self::cron::{check_cron, is_known_zone};
pub(crate) use self::forward::{Access, can_retry};
pub(crate) use self::id::server_id;
pub(crate) use self::introduction::{Enforcement, IntroductionSettings};
pub(crate) use self::keyring::KeyringSettings;
pub(crate) use self::workers::WorkerPool;

/// The name that a server logs under.
pub(crate) const LOGGER: &str = "nomad";

/// A running server. Everything it does ends with the [`Tasks`] it was given.
pub(crate) struct Server {
    parts: ServerParts,
    id: String,
    store: Arc<Store>,
    raft: Raft,
    broker: Arc<Broker>,
    applier: Applier,
    heartbeats: Heartbeats,
    /// Whether this leader has caught up with its own log, so that it may answer for the cluster.
    ready: watch::Sender<bool>,
    /// When locks of variables end.
    locks: endpoints::LockTimes,
    /// The logins that it has sent to providers of identities.
    logins: endpoints::LoginRequests,
    /// The token that this server shows to itself.
    own_token: String,
    workers: Workers,
    /// Draws ids.
    ids: Entropy,
    /// Draws waiting times.
    jitter: Entropy,
    me: Weak<Self>,
}

/// One call that is being carried out.
pub(crate) struct Request {
    /// Who calls.
    pub(crate) context: Arc<RpcContext>,
    /// `Service.Method`
    pub(crate) method: String,
    /// The request's fields.
    pub(crate) body: Value,
    /// Who calls, once that is known.
    pub(crate) caller: OnceLock<Arc<Caller>>,
}

impl Server {
    /// Starts a server with what its disk holds.
    ///
    /// Errors: a log that cannot be read, in one line.
    pub(crate) fn start(parts: ServerParts) -> Result<Arc<Self>, String> {
        let host = &parts.host;
        let directory = parts.settings.data_dir.as_ref().map(|directory| directory.join("server"));
        let id = parts.settings.id.clone();
        let store = Arc::new(Store::default());
        let broker = Arc::new(Broker::new(&host.clock));
        let raft = Raft::start(Parts {
            host: host.clone(),
            tasks: parts.tasks.clone(),
            me: Peer { id: id.clone(), address: parts.settings.rpc_advertise },
            directory: directory.map(|directory| directory.join("raft")),
            multiplier: parts.settings.raft_multiplier,
            dialer: Arc::clone(&parts.raft_dialer),
            machine: Arc::new(Machine::new(&store, &broker, &parts.telemetry)),
        })?;
        let (ids, jitter) = (host.entropy.branch("ids"), host.entropy.branch("jitter"));
        let heartbeats = Heartbeats::new(&parts.settings, &host.clock, host.entropy.branch("heartbeats"));
        let own_token = host.entropy.branch("own token").uuid();
        let server = Arc::new_cyclic(|me| Self {
            workers: Workers::new(parts.settings.workers.clone()),
            own_token,
            locks: endpoints::LockTimes::default(),
            logins: endpoints::LoginRequests::default(),
            id,
            store,
            raft,
            broker,
            applier: Applier::default(),
            heartbeats,
            ready: watch::Sender::new(false),
            ids,
            jitter,
            me: me.clone(),
            parts,
        });
        leader::begin(&server);
        server.tasks().spawn(workers::tend(Arc::clone(&server)));
        Ok(server)
    }

    /// The endpoints.
    pub(crate) fn service(self: &Arc<Self>) -> Arc<dyn RpcService> {
        Arc::clone(self) as Arc<dyn RpcService>
    }

    /// Takes a stream that another server's consensus dialled.
    pub(crate) fn accept_raft(&self, stream: BoxIo) {
        self.raft.accept(stream);
    }

    /// Closes all streams of consensus, as a change of TLS does; they are dialled again when they are needed.
    pub(crate) fn close_raft_streams(&self) {
        self.raft.close_streams();
    }

    /// Ends everything at once, as a crash of the agent does.
    #[cfg(test)]
    pub(crate) fn stop(&self) {
        self.parts.tasks.abort();
    }

    /// Draws an id.
    pub(crate) fn uuid(&self) -> String {
        self.ids.uuid()
    }

    /// The events of the last changes, from that at `index` on.
    pub(crate) fn events_since(&self, index: u64) -> Vec<Arc<crate::state::Batch>> {
        self.store.events_since(index)
    }

    /// The index of the newest change that made something happen, and of those that follow.
    pub(crate) fn newest_event(&self) -> watch::Receiver<u64> {
        self.store.newest_event()
    }

    /// The machine's clock.
    pub(crate) fn clock(&self) -> &lab_world::Clock {
        &self.parts.host.clock
    }

    /// The server's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Where it counts what it does.
    #[cfg(test)]
    pub(crate) fn telemetry(&self) -> &Arc<crate::telemetry::Telemetry> {
        &self.parts.telemetry
    }

    /// Counts a call that is carried out here.
    fn count_call(&self, method: &str) {
        if let Some(counter) = measured(method).counter {
            self.parts.telemetry.count(&format!("nomad.rpc.{counter}"));
        }
    }

    /// Whether this server leads.
    pub(crate) fn is_leader(&self) -> bool {
        self.raft.is_leader()
    }

    /// The address of the leader that this server knows of.
    pub(crate) fn leader(&self) -> Option<SocketAddr> {
        self.raft.leader().map(|leader| leader.address)
    }

    /// What `stats.raft` of the agent shows.
    pub(crate) fn raft_stats(&self) -> BTreeMap<String, String> {
        self.raft.stats()
    }

    /// What `stats.nomad` of the agent shows.
    pub(crate) fn stats(&self) -> BTreeMap<String, String> {
        let regions: std::collections::BTreeSet<String> =
            self.parts.members.servers().into_iter().map(|member| member.region).collect();
        [
            ("server", "true".to_owned()),
            ("leader", self.is_leader().to_string()),
            ("leader_addr", self.leader().map(|address| address.to_string()).unwrap_or_default()),
            ("bootstrap", (self.parts.settings.bootstrap_expect == 1).to_string()),
            ("known_regions", regions.len().max(1).to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    /// Whether this leader may answer for the cluster.
    pub(super) fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Puts a change into the log and waits until it is applied. Its index.
    pub(super) async fn apply(&self, command: Command) -> Result<u64, RpcError> {
        let telemetry = &self.parts.telemetry;
        telemetry.count("raft.apply");
        let began = telemetry.now();
        let index = self.raft.apply(command.encode()).await;
        telemetry.since("raft.commitTime", began);
        index.map_err(|error| RpcError::new(error.to_string()))
    }

    /// Calls one of this server's own endpoints, which forwards as for anyone else.
    pub(super) async fn call_self(&self, method: &str, body: Value) -> RpcResult {
        let Some(me) = self.me.upgrade() else { return Err(RpcError::new("server is shutting down")) };
        me.call(RpcContext::internal(), method.to_owned(), self.in_own_name(body)).await
    }

    /// A request with this server's own token, unless it has one.
    fn in_own_name(&self, body: Value) -> Value {
        let Value::Map(mut fields) = body else { return body };
        if !fields.iter().any(|(name, _)| name.as_str() == Some("AuthToken")) {
            fields.push(("AuthToken".into(), self.own_token.as_str().into()));
        }
        Value::Map(fields)
    }

    /// Where the server's background work lives.
    pub(super) fn tasks(&self) -> &Tasks {
        &self.parts.tasks
    }

    /// Nanoseconds since 1970.
    pub(super) fn now_nanos(&self) -> i64 {
        i64::try_from(self.parts.host.clock.now().unix_timestamp_nanos()).unwrap_or(i64::MAX)
    }
}

impl RpcService for Server {
    fn call(
        self: Arc<Self>,
        context: Arc<RpcContext>,
        method: String,
        body: Value,
    ) -> BoxFuture<'static, RpcResult> {
        Box::pin(async move {
            let began = self.parts.telemetry.now();
            let request = Request { context, method, body, caller: OnceLock::new() };
            let answer = endpoints::dispatch(&self, &request).await;
            if let Some(sample) = measured(&request.method).sample {
                self.parts.telemetry.since(&format!("nomad.{sample}"), began);
            }
            answer
        })
    }
}
