//! A cluster without sockets: who may call whom follows from each agent's TLS, as the listener and the pool decide.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use lab_wire::BoxIo;
use lab_world::{DEFAULT_EPOCH, Host, Simulation, Tasks};
use rmpv::Value;
use serde_json::json;
use tokio::sync::watch;

use crate::client::Client;
use crate::seam::{
    Authenticator, ClientParts, ClientSettings, Members, RaftDialer, RpcContext, RpcDialer, RpcError,
    RpcResult, ServerMember, ServerParts, ServerSettings,
};
use crate::server::Server;
use crate::structs::{Allocation, Node, canonicalize};
use crate::telemetry::Telemetry;

/// An agent's `tls` block, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(crate) rpc: bool,
    pub(crate) upgrade: bool,
    pub(crate) verify: bool,
}

impl Tls {
    pub(crate) const OFF: Self = Self { rpc: false, upgrade: false, verify: false };
    pub(crate) const UPGRADE: Self = Self { rpc: true, upgrade: true, verify: false };
    pub(crate) const UPGRADE_VERIFY: Self = Self { rpc: true, upgrade: true, verify: true };
    pub(crate) const STRICT: Self = Self { rpc: true, upgrade: false, verify: true };
}

#[derive(Default)]
struct Switchboard {
    tls: BTreeMap<SocketAddr, Tls>,
    servers: BTreeMap<SocketAddr, Arc<Server>>,
    members: BTreeMap<SocketAddr, ServerMember>,
}

type Board = Arc<Mutex<Switchboard>>;

/// One agent's ways out.
#[derive(Clone)]
struct Port {
    board: Board,
    address: SocketAddr,
    role: &'static str,
    changes: Arc<watch::Sender<u64>>,
}

impl Port {
    fn tls(&self) -> Tls {
        self.board.lock().expect("no panic").tls.get(&self.address).copied().unwrap_or_default()
    }

    /// What the pool and the listener make of a connection.
    fn reach(&self, address: SocketAddr) -> Result<(Arc<Server>, Arc<RpcContext>), &'static str> {
        let board = self.board.lock().expect("no panic");
        let mine = board.tls.get(&self.address).copied().unwrap_or_default();
        let Some(server) = board.servers.get(&address) else {
            return Err("failed to get conn: connection refused");
        };
        let theirs = board.tls.get(&address).copied().unwrap_or_default();
        match (mine.rpc, theirs.rpc) {
            (true, false) => return Err("failed to get conn: EOF"),
            (false, true) if !theirs.upgrade => return Err("EOF"),
            _ => {}
        }
        let names = if mine.rpc { vec![format!("{}.global.nomad", self.role)] } else { Vec::new() };
        let context = RpcContext { remote: self.address, tls: mine.rpc, names, internal: false };
        Ok((Arc::clone(server), Arc::new(context)))
    }
}

impl RpcDialer for Port {
    fn call<'a>(
        &'a self,
        address: SocketAddr,
        _: &'a str,
        method: &'a str,
        body: Value,
    ) -> BoxFuture<'a, RpcResult> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let (server, context) = self.reach(address).map_err(RpcError::from_remote)?;
            server
                .service()
                .call(context, method.to_owned(), body)
                .await
                .map_err(|error| RpcError::from_remote(&error.0))
        })
    }
}

impl RaftDialer for Port {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxIo>> {
        Box::pin(async move {
            let (server, _) =
                self.reach(address).map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            let (near, far) = tokio::io::duplex(1 << 16);
            server.accept_raft(Box::new(far));
            Ok(Box::new(near) as BoxIo)
        })
    }
}

impl Authenticator for Port {
    fn server_only(&self, context: &RpcContext) -> Result<(), RpcError> {
        self.one_of(context, &["server.global.nomad"])
    }

    fn client_only(&self, context: &RpcContext) -> Result<(), RpcError> {
        self.one_of(context, &["client.global.nomad", "server.global.nomad"])
    }

    fn registration(&self, context: &RpcContext) -> Result<(), RpcError> {
        self.client_only(context)
    }
}

impl Port {
    fn one_of(&self, context: &RpcContext, names: &[&str]) -> Result<(), RpcError> {
        let tls = self.tls();
        let named = context.names.iter().any(|name| names.contains(&name.as_str()));
        if tls.rpc && tls.verify && !named { Err(RpcError::permission_denied()) } else { Ok(()) }
    }
}

impl Members for Port {
    fn servers(&self) -> Vec<ServerMember> {
        self.board.lock().expect("no panic").members.values().cloned().collect()
    }

    fn shown(&self) -> Vec<serde_json::Value> {
        let shown = |member: &ServerMember| json!({"Name": member.name, "Addr": member.rpc.ip().to_string()});
        self.servers().iter().map(shown).collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// A running server.
pub(crate) struct ServerAgent {
    pub(crate) host: Host,
    pub(crate) address: SocketAddr,
    pub(crate) server: Arc<Server>,
}

/// A running client.
pub(crate) struct ClientAgent {
    pub(crate) host: Host,
    pub(crate) client: Arc<Client>,
}

/// The cluster.
pub(crate) struct Cluster<'world> {
    pub(crate) world: &'world Simulation,
    board: Board,
    pub(crate) servers: Vec<ServerAgent>,
    pub(crate) clients: Vec<ClientAgent>,
    /// How many servers the first election waits for.
    pub(crate) expect: usize,
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        self.servers.iter().for_each(|agent| agent.server.stop());
        self.clients.iter().for_each(|agent| agent.client.stop());
    }
}

/// Runs `work` on a cluster that has settled.
pub(crate) fn cluster(servers: usize, clients: usize, work: impl AsyncFnOnce(&mut Cluster<'_>)) {
    Simulation::run(11, DEFAULT_EPOCH, async |world| {
        let board = Board::default();
        let mut cluster = Cluster { world, board, servers: Vec::new(), clients: Vec::new(), expect: servers };
        for number in 1..=servers {
            let agent = cluster.start_server(number);
            cluster.servers.push(agent);
        }
        for number in 1..=clients {
            let agent = cluster.start_client(number);
            cluster.clients.push(agent);
        }
        cluster.sleep(40).await;
        work(&mut cluster).await;
    });
}

impl Cluster<'_> {
    pub(crate) async fn sleep(&self, seconds: u64) {
        self.world.clock().sleep(Duration::from_secs(seconds)).await;
    }

    fn port(&self, host: &Host, role: &'static str) -> Port {
        let address = SocketAddr::new(host.net.address(), 4647);
        Port { board: Arc::clone(&self.board), address, role, changes: Arc::new(watch::Sender::new(0)) }
    }

    pub(crate) fn start_server(&self, number: usize) -> ServerAgent {
        let host = self.world.host(&format!("server-{number}")).program("nomad");
        let port = self.port(&host, "server");
        let address = port.address;
        let data_dir = Some("/opt/nomad".into());
        let id = crate::server::server_id(&host, Some(std::path::Path::new("/opt/nomad")));
        let member = ServerMember {
            id: id.clone(),
            name: format!("server-{number}.global"),
            region: "global".into(),
            datacenter: "dc1".into(),
            rpc: address,
            alive: true,
            left: false,
            expect: self.expect,
        };
        self.board.lock().expect("no panic").members.insert(address, member);
        let settings = ServerSettings {
            workers: crate::server::WorkerPool::configured(None, &[]),
            id,
            access: crate::server::AccessSettings::default(),
            keyring: crate::server::KeyringSettings::default(),
            introduction: crate::server::IntroductionSettings::default(),
            name: format!("server-{number}"),
            region: "global".into(),
            datacenter: "dc1".into(),
            data_dir,
            rpc_advertise: address,
            bootstrap_expect: self.expect,
            raft_multiplier: 1,
            min_heartbeat_ttl: Duration::from_secs(10),
            max_heartbeats_per_second: 50.0,
            heartbeat_grace: Duration::from_secs(10),
            failover_heartbeat_ttl: Duration::from_secs(300),
            vault_enabled: false,
            vault_identity: serde_json::Value::Null,
        };
        let changes = Arc::clone(&port.changes);
        let port = Arc::new(port);
        let tasks = Tasks::new();
        // Gossip takes a moment to find everyone.
        let clock = host.clock.clone();
        tasks.spawn(async move {
            clock.sleep(Duration::from_secs(1)).await;
            changes.send_modify(|version| *version += 1);
        });
        let server = Server::start(ServerParts {
            host: host.clone(),
            tasks,
            settings,
            dialer: port.clone(),
            raft_dialer: port.clone(),
            authenticator: port.clone(),
            members: port,
            telemetry: Arc::new(Telemetry::new(&host.clock)),
        });
        let server = server.expect("a sound directory");
        self.board.lock().expect("no panic").servers.insert(address, Arc::clone(&server));
        ServerAgent { host, address, server }
    }

    pub(crate) fn start_client(&self, number: usize) -> ClientAgent {
        let host = self.world.host(&format!("client-{number}")).program("nomad");
        let port = self.port(&host, "client");
        let servers = self.board.lock().expect("no panic").members.keys().copied().collect();
        let settings = ClientSettings {
            name: format!("client-{number}"),
            region: "global".into(),
            datacenter: "dc1".into(),
            node_class: String::new(),
            room: [0; 3],
            node_pool: "default".into(),
            meta: BTreeMap::new(),
            data_dir: Some("/opt/nomad".into()),
            alloc_dir: "/opt/nomad/alloc".into(),
            vault: crate::seam::VaultSettings::default(),
            raw_exec: true,
            http_advertise: SocketAddr::new(host.net.address(), 4646),
            tls_http: false,
            introduction: String::new(),
            servers,
            dev: false,
        };
        let (dialer, tasks) = (Arc::new(port), Tasks::new());
        let client = Client::start(ClientParts {
            telemetry: Arc::new(Telemetry::new(&host.clock)),
            host: host.clone(),
            tasks,
            settings,
            dialer,
            local_server: None,
        });
        ClientAgent { host, client }
    }

    /// Kills a server; others keep its address.
    pub(crate) fn kill_server(&self, agent: &ServerAgent) {
        agent.server.stop();
        self.board.lock().expect("no panic").servers.remove(&agent.address);
        agent.server.close_raft_streams();
    }

    /// Changes an agent's TLS as a reload does.
    pub(crate) fn set_tls(&self, host: &Host, tls: Tls) {
        let address = SocketAddr::new(host.net.address(), 4647);
        let server = {
            let mut board = self.board.lock().expect("no panic");
            board.tls.insert(address, tls);
            board.servers.get(&address).cloned()
        };
        server.into_iter().for_each(|server| server.close_raft_streams());
    }

    pub(crate) fn leader(&self) -> &ServerAgent {
        self.servers.iter().find(|agent| agent.server.is_leader()).expect("a leader")
    }

    pub(crate) fn followers(&self) -> Vec<&ServerAgent> {
        self.servers.iter().filter(|agent| !agent.server.is_leader()).collect()
    }

    /// Calls a server from inside its process.
    pub(crate) async fn call(
        &self,
        agent: &ServerAgent,
        method: &str,
        fields: serde_json::Value,
    ) -> RpcResult {
        let mut body = json!({"Region": "global"});
        fields.as_object().into_iter().flatten().for_each(|(name, value)| body[name] = value.clone());
        let body = lab_wire::rpc::to_value(&body).expect("plain values");
        agent.server.service().call(RpcContext::internal(), method.to_owned(), body).await
    }

    /// Registers a job given by its groups' count at the leader.
    pub(crate) async fn run_job(
        &self,
        id: &str,
        kind: &str,
        count: u64,
        extra: serde_json::Value,
    ) -> RpcResult {
        let mut task = json!({"Name": "t", "Driver": "raw_exec", "Config": {"command": "sleep", "args": ["3600"]},
                              "Resources": {"CPU": 20, "MemoryMB": 16}});
        extra["Task"].as_object().into_iter().flatten().for_each(|(name, value)| task[name] = value.clone());
        let mut group = json!({"Name": "g", "Count": count, "Tasks": [task]});
        extra["Group"]
            .as_object()
            .into_iter()
            .flatten()
            .for_each(|(name, value)| group[name] = value.clone());
        let mut job = json!({"ID": id, "Type": kind, "TaskGroups": [group]});
        extra["Job"].as_object().into_iter().flatten().for_each(|(name, value)| job[name] = value.clone());
        let job = canonicalize(&job, "global");
        self.call(self.leader(), "Job.Register", json!({"Job": job})).await
    }

    /// `name=status` of all nodes, by the leader.
    pub(crate) fn node_statuses(&self) -> Vec<String> {
        let mut nodes: Vec<String> = self.leader().server.store.read(|tables| {
            tables.nodes.values().map(|node| format!("{}={}", node.name, node.status)).collect()
        });
        nodes.sort();
        nodes
    }

    pub(crate) fn node(&self, name: &str) -> Arc<Node> {
        let found = self
            .leader()
            .server
            .store
            .read(|tables| tables.nodes.values().find(|node| node.name == name).cloned());
        found.expect("a node of that name")
    }

    /// A job's allocations by the leader, in order of creation.
    pub(crate) fn allocations(&self, job: &str) -> Vec<Arc<Allocation>> {
        let mut found: Vec<_> = self
            .leader()
            .server
            .store
            .read(|tables| tables.allocations_of_job("default", job).cloned().collect());
        found.sort_by_key(|allocation: &Arc<Allocation>| (allocation.create_index, allocation.name.clone()));
        found
    }

    /// `client-status/desired-status` of a job's allocations, sorted.
    pub(crate) fn work(&self, job: &str) -> Vec<String> {
        let mut states: Vec<String> = self
            .allocations(job)
            .iter()
            .map(|found| format!("{}/{}", found.client_status, found.desired_status))
            .collect();
        states.sort();
        states
    }
}
