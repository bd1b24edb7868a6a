//! Ways from this agent to the HTTP API of any node's agent: its own, one whose client has a session with this server,
//! or one that another server knows a way to.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};

use lab_wire::BoxIo;
use lab_wire::http::{Handler, Options, Peer, serve_connection};
use lab_wire::rpc::{Codec, RPC_STREAMING};
use lab_world::{Host, Tasks};
use rmpv::Value;

use crate::api::{Api, call_about_node, is_call, is_stream, stream_call};
use crate::client::Client;
use crate::gossip::Gossip;
use crate::rpc::{Answer, Asked, Dialler, NO_PATH, NodeSessions, ask, asked, reply};
use crate::seam::Members;

/// What an agent knows of ways.
pub(super) struct Ways {
    host: Host,
    tasks: Tasks,
    region: String,
    /// Filled on a server.
    server: OnceLock<ServerWays>,
    /// Filled on a client: how servers are reached from it.
    client: OnceLock<(Dialler, Weak<Client>)>,
    /// The ids of this very agent, as a node and as a server, and its API.
    own: OnceLock<(Vec<String>, Handler)>,
    /// The API, for calls that stand for requests to it.
    api: OnceLock<Api>,
}

/// What a client answers over its session with a server.
pub(super) struct Back(pub(super) Weak<Ways>);

/// What a server knows beside.
pub(super) struct ServerWays {
    pub(super) sessions: NodeSessions,
    pub(super) dialler: Dialler,
    pub(super) gossip: Gossip,
}

impl Ways {
    pub(super) fn new(host: &Host, tasks: &Tasks, region: &str) -> Arc<Self> {
        Arc::new(Self {
            host: host.clone(),
            tasks: tasks.clone(),
            region: region.to_owned(),
            server: OnceLock::new(),
            client: OnceLock::new(),
            own: OnceLock::new(),
            api: OnceLock::new(),
        })
    }

    /// Each of these is told once, when it is there.
    pub(super) fn set_server(&self, ways: ServerWays) {
        let _ = self.server.set(ways);
    }

    pub(super) fn set_client(&self, dialler: Dialler, client: &Arc<Client>) {
        let _ = self.client.set((dialler, Arc::downgrade(client)));
    }

    pub(super) fn set_own(&self, ids: Vec<String>, handler: Handler) {
        let _ = self.own.set((ids, handler));
    }

    pub(super) fn set_api(&self, api: Api) {
        let _ = self.api.set(api);
    }

    /// A stream on a node's own session with this server, after its first byte.
    pub(super) async fn open(&self, node: &str, first: u8) -> Result<BoxIo, String> {
        let server = self.server.get().ok_or(NO_PATH)?;
        server.sessions.stream(node, first).await.unwrap_or_else(|| Err(NO_PATH.to_owned()))
    }

    /// A streaming call at the first server that can be reached, before its header.
    pub(super) async fn open_server(&self) -> Result<BoxIo, String> {
        let mut last = "no servers".to_owned();
        let Some((dialler, client)) = self.client.get() else { return Err(last) };
        for address in client.upgrade().map(|client| client.known_servers()).unwrap_or_default() {
            match dialler.dial(address, &self.region, RPC_STREAMING).await {
                Ok(io) => return Ok(io),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Answers a call about a node; `None`: it is about something else.
    pub(super) async fn call(&self, method: &str, arguments: &Value) -> Option<Result<Value, String>> {
        let api = self.api.get().filter(|_| is_call(method))?;
        Some(call_about_node(api, method, arguments).await)
    }

    /// A way to the API of a node's agent. The error is the real server's, `No path to node`.
    pub(super) async fn dial(&self, node: &str) -> Result<BoxIo, String> {
        self.dial_from(node, false).await
    }

    /// `is_last`: no other server is asked.
    async fn dial_from(&self, node: &str, is_last: bool) -> Result<BoxIo, String> {
        let servers: Vec<SocketAddr> = match (self.server.get(), self.client.get()) {
            (Some(server), _) => {
                if let Some(found) = server.sessions.open(node).await {
                    return found;
                }
                if is_last {
                    return Err(NO_PATH.to_owned());
                }
                let own = server.gossip.own().name;
                let others = server.gossip.servers().into_iter();
                let others = others
                    .filter(|member| member.alive && member.region == self.region && member.name != own);
                others.map(|member| member.rpc).collect()
            }
            (None, Some((_, client))) => {
                client.upgrade().map(|client| client.known_servers()).unwrap_or_default()
            }
            (None, None) => Vec::new(),
        };
        let dialler = self.server.get().map(|server| &server.dialler);
        let dialler = dialler.or_else(|| self.client.get().map(|(dialler, _)| dialler));
        let Some(dialler) = dialler else { return Err(NO_PATH.to_owned()) };
        for address in servers {
            if let Ok(mut io) = dialler.dial(address, &self.region, RPC_STREAMING).await
                && ask(&mut io, node, self.server.get().is_some()).await.is_ok()
            {
                return Ok(io);
            }
        }
        Err(NO_PATH.to_owned())
    }

    /// Serves a streaming call.
    pub(super) fn answer(self: &Arc<Self>, io: BoxIo) {
        let ways = Arc::clone(self);
        self.tasks.spawn(async move { ways.lead(io).await });
    }

    async fn lead(&self, mut io: BoxIo) {
        let (node, is_last) = match asked(&mut io).await {
            Some(Asked::Way { node, is_last }) => (node, is_last),
            Some(Asked::Unknown(method)) if is_stream(&method) => {
                if let Some(api) = self.api.get()
                    && reply(&mut io, Ok(())).await.is_ok()
                {
                    stream_call(api, &method, io).await;
                }
                return;
            }
            Some(Asked::Unknown(method)) => {
                let text = format!("Unknown rpc method: {method:?}");
                // The caller may be gone already, here and below.
                let _ = reply(&mut io, Err(&text)).await;
                return;
            }
            None => return,
        };
        if let Some((_, handler)) = self.own.get().filter(|(own, _)| own.contains(&node)) {
            if reply(&mut io, Ok(())).await.is_ok() {
                let peer = Peer::plain(SocketAddr::from(([127, 0, 0, 1], 0)));
                let (handler, clock) = (Handler::clone(handler), &self.host.clock);
                let _ = serve_connection(io, peer, handler, clock, Options::default()).await;
            }
            return;
        }
        match self.dial_from(&node, is_last).await {
            Ok(mut further) => {
                if reply(&mut io, Ok(())).await.is_ok() {
                    let _ = tokio::io::copy_bidirectional(&mut io, &mut further).await;
                }
            }
            Err(text) => drop(reply(&mut io, Err(&text)).await),
        }
    }
}

impl Answer for Back {
    fn stream(&self, io: BoxIo) {
        if let Some(ways) = self.0.upgrade() {
            ways.answer(io);
        }
    }

    fn calls(&self, io: BoxIo) {
        let Some(ways) = self.0.upgrade() else { return };
        let tasks = ways.tasks.clone();
        tasks.spawn(async move {
            let mut codec = Codec::new(io);
            while let Ok(request) = codec.read_request().await {
                let answer = ways.call(&request.method, &request.body).await;
                let answer =
                    answer.unwrap_or_else(|| Err(format!("rpc: can't find service {}", request.method)));
                // Who asked may be gone.
                if codec.write_response(&request, &answer).await.is_err() {
                    return;
                }
            }
        });
    }
}
