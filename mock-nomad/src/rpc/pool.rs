//! Calls to other agents over connections that are kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use lab_wire::BoxIo;
use lab_wire::rpc::yamux::{self, Keepalive, Role, Session};
use lab_wire::rpc::{CallError, Codec, RPC_MULTIPLEX_V2, RPC_NOMAD};
use lab_world::{Host, Log, Tasks};
use time::OffsetDateTime;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;

use super::dial::Dialler;
use super::tunnel::{self, Answer};
use crate::seam::{RpcDialer, RpcError, RpcResult};

/// Whose pool it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolKind {
    /// A server's: connections idle for 2 minutes are closed; 64 idle streams are kept on each.
    Server,
    /// A client's: 5 minutes, 2 streams.
    Client,
}

impl PoolKind {
    fn idle(self) -> Duration {
        Duration::from_secs(if self == Self::Server { 120 } else { 300 })
    }

    fn logger(self) -> &'static str {
        if self == Self::Server { "nomad" } else { "client" }
    }

    fn streams(self) -> usize {
        if self == Self::Server { 64 } else { 2 }
    }
}

/// One connection for each address; clones share them.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    kind: PoolKind,
    dialler: Dialler,
    log: Log,
    /// Runs the sessions.
    tasks: Tasks,
    /// Answers what comes back over the sessions.
    answer: OnceLock<Arc<dyn Answer>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connections: BTreeMap<SocketAddr, Arc<Connection>>,
    /// Who waits for a connection that someone is dialling learns here when that is over.
    dialling: BTreeMap<SocketAddr, watch::Receiver<()>>,
    /// Raised when all connections are closed, so that one that is being dialled is not kept.
    generation: u64,
    reaping: bool,
}

struct Connection {
    session: Session,
    streams: Mutex<Vec<Codec<BoxIo>>>,
    last_used: Mutex<OffsetDateTime>,
}

impl Pool {
    /// A pool whose sessions live in `tasks`.
    pub(crate) fn new(kind: PoolKind, dialler: Dialler, host: &Host, tasks: &Tasks) -> Self {
        let log = host.log.clone();
        let (tasks, answer) = (tasks.clone(), OnceLock::new());
        Self(Arc::new(Inner { kind, dialler, log, tasks, answer, state: Mutex::default() }))
    }

    /// Lets `answer` take what servers ask over the sessions opened from now on. It is told once.
    pub(crate) fn set_answer(&self, answer: Arc<dyn Answer>) {
        let _ = self.0.answer.set(answer);
    }

    /// Closes every connection: what a change of TLS does. Calls that are under way end with `rpc error: EOF`.
    pub(crate) fn close_all(&self) {
        let mut state = self.0.state();
        state.generation += 1;
        let connections = std::mem::take(&mut state.connections);
        drop(state);
        connections.into_values().for_each(|connection| connection.session.close());
    }

    async fn exchange(
        &self,
        address: SocketAddr,
        region: &str,
        method: &str,
        body: rmpv::Value,
    ) -> RpcResult {
        let (connection, mut codec) = self.stream(address, region).await?;
        match codec.call(method, &body).await {
            Ok(answer) => {
                connection.give_back(codec, self.0.kind.streams(), self.0.dialler.clock().now());
                Ok(answer)
            }
            // The stream is not used again after any error; a coded one passes as it is.
            Err(CallError::Remote(text)) if text.starts_with("RPC Error:: ") => Err(RpcError::new(text)),
            Err(CallError::Remote(text)) => Err(RpcError::from_remote(&text)),
            Err(CallError::Connection(error)) => {
                if connection.session.is_closed() || error.to_string() == "EOF" {
                    self.0.forget(address, &connection);
                }
                Err(RpcError::from_remote(&error.to_string()))
            }
        }
    }

    /// An idle or a new stream on the connection to `address`; tried twice, since a kept connection may be dead.
    async fn stream(
        &self,
        address: SocketAddr,
        region: &str,
    ) -> Result<(Arc<Connection>, Codec<BoxIo>), RpcError> {
        let mut problem = String::new();
        for _ in 0..2 {
            let connection = self.connection(address, region).await?;
            match connection.stream().await {
                Ok(codec) => return Ok((connection, codec)),
                Err(error) => {
                    self.0.forget(address, &connection);
                    problem = error;
                }
            }
        }
        Err(RpcError::new(format!("rpc error: failed to start stream: {problem}")))
    }

    /// The kept connection, or a new one. Of several that want the first one only one dials.
    async fn connection(&self, address: SocketAddr, region: &str) -> Result<Arc<Connection>, RpcError> {
        let waiting = {
            let mut state = self.0.state();
            if let Some(connection) = state.connections.get(&address).filter(|kept| !kept.session.is_closed())
            {
                return Ok(Arc::clone(connection));
            }
            match state.dialling.get(&address).cloned() {
                Some(waiting) => Err(waiting),
                None => {
                    let (done, waiting) = watch::channel(());
                    state.dialling.insert(address, waiting);
                    Ok((done, state.generation))
                }
            }
        };
        match waiting {
            Ok((done, generation)) => {
                let lead = Lead { inner: &self.0, address, _done: done };
                lead.dial(region, generation).await
            }
            Err(mut waiting) => {
                // An error means that the lead is done: it drops its end.
                let _ = waiting.changed().await;
                let state = self.0.state();
                let found = state.connections.get(&address).cloned();
                found.ok_or_else(|| RpcError::new("rpc error: lead thread didn't get connection"))
            }
        }
    }
}

impl RpcDialer for Pool {
    fn call<'a>(
        &'a self,
        address: SocketAddr,
        region: &'a str,
        method: &'a str,
        body: rmpv::Value,
    ) -> BoxFuture<'a, RpcResult> {
        Box::pin(self.exchange(address, region, method, body))
    }
}

/// Who dials for all that wait; also when its caller gives up, others must learn of it.
struct Lead<'pool> {
    inner: &'pool Arc<Inner>,
    address: SocketAddr,
    _done: watch::Sender<()>,
}

impl Lead<'_> {
    async fn dial(&self, region: &str, generation: u64) -> Result<Arc<Connection>, RpcError> {
        let dialler = &self.inner.dialler;
        let io = dialler.dial(self.address, region, RPC_MULTIPLEX_V2).await;
        let io = io.map_err(|error| RpcError::new(format!("rpc error: failed to get conn: {error}")))?;
        let session =
            Session::new(io, Role::Client, Keepalive::default(), dialler.clock(), &self.inner.tasks);
        self.inner.tasks.spawn(log_end(session.watch(), self.inner.log.clone(), self.inner.kind));
        if let Some(answer) = self.inner.answer.get() {
            self.inner.tasks.spawn(tunnel::accept(session.clone(), Arc::clone(answer)));
        }
        let last_used = Mutex::new(dialler.clock().now());
        let connection = Arc::new(Connection { session, streams: Mutex::default(), last_used });
        let mut state = self.inner.state();
        if state.generation == generation {
            state.connections.insert(self.address, Arc::clone(&connection));
        }
        if !state.reaping {
            state.reaping = true;
            self.inner.tasks.spawn(reap(Arc::downgrade(self.inner)));
        }
        Ok(connection)
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.inner.state().dialling.remove(&self.address);
    }
}

impl Connection {
    async fn stream(&self) -> Result<Codec<BoxIo>, String> {
        let kept = self.streams.lock().ok().and_then(|mut streams| streams.pop());
        if let Some(codec) = kept {
            return Ok(codec);
        }
        let mut stream = self.session.open().map_err(|error| error.to_string())?;
        stream.write_u8(RPC_NOMAD).await.map_err(|error| error.to_string())?;
        Ok(Codec::new(stream))
    }

    fn give_back(&self, codec: Codec<BoxIo>, most: usize, now: OffsetDateTime) {
        if let Ok(mut last_used) = self.last_used.lock() {
            *last_used = now;
        }
        if let Ok(mut streams) = self.streams.lock()
            && streams.len() < most
        {
            streams.push(codec);
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic in the pool")
    }

    fn forget(&self, address: SocketAddr, connection: &Arc<Connection>) {
        let mut state = self.state();
        if state.connections.get(&address).is_some_and(|kept| Arc::ptr_eq(kept, connection)) {
            state.connections.remove(&address);
        }
        drop(state);
        connection.session.close();
    }

    /// Closes what was idle too long; the time until the next look, or `None` where nothing is kept.
    fn reap_once(&self) -> Option<Duration> {
        let oldest = self.dialler.clock().now() - self.kind.idle();
        let mut state = self.state();
        state.connections.retain(|_, connection| {
            let last_used = connection.last_used.lock().map_or(OffsetDateTime::UNIX_EPOCH, |at| *at);
            // Its own place in the map and nobody who calls: a call holds another reference.
            let is_idle = last_used < oldest && Arc::strong_count(connection) == 1;
            if is_idle {
                connection.session.close();
            }
            !is_idle && !connection.session.is_closed()
        });
        state.reaping = !state.connections.is_empty();
        state.reaping.then_some(self.kind.idle())
    }
}

/// Says why a connection broke: where a server refused this agent's certificate, only this line tells.
async fn log_end(ended: impl Future<Output = yamux::Error>, log: Log, kind: PoolKind) {
    match ended.await {
        yamux::Error::Connection(text) if !text.contains("reset by peer") => {
            log.error(kind.logger(), format!("yamux: Failed to read header: {text}"));
        }
        reason @ yamux::Error::KeepaliveTimeout => {
            log.error(kind.logger(), format!("yamux: keepalive failed: {reason}"))
        }
        _ => {}
    }
}

async fn reap(pool: std::sync::Weak<Inner>) {
    loop {
        let Some(clock) = pool.upgrade().map(|inner| inner.dialler.clock().clone()) else { return };
        let Some(kind) = pool.upgrade().map(|inner| inner.kind) else { return };
        clock.sleep(kind.idle() / 2).await;
        if pool.upgrade().and_then(|inner| inner.reap_once()).is_none() {
            return;
        }
    }
}
