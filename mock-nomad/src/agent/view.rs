//! What the HTTP API shows of the agent.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use http::Method;
use lab_world::Host;
use serde_json::{Value, json};

use super::Shared;
use super::client::ClientSide;
use super::server::ServerSide;
use crate::api::{AgentView, Api, ApiError, ApiRequest, Reply};
use crate::config::{AgentConfig, Settled, TlsBlock};
use crate::gossip::{Gossip, Member, Status};

/// The agent as its API sees it.
pub(super) struct View {
    api: Api,
    node_id: Option<String>,
}

impl View {
    pub(super) fn new(
        shared: &Arc<Shared>,
        config: &Arc<RwLock<AgentConfig>>,
        settled: &Settled,
        server: Option<&ServerSide>,
        client: Option<&ClientSide>,
    ) -> Self {
        let (region, datacenter) = config
            .read()
            .map(|config| (config.region.clone(), config.datacenter.clone()))
            .unwrap_or_default();
        let agent = AgentState {
            host: shared.host.clone(),
            config: Arc::clone(config),
            settled: settled.clone(),
            gossip: server.map(|server| server.gossip().clone()),
            datacenter,
            dev: shared.options.dev,
        };
        let (server, client) =
            (server.map(|side| Arc::clone(side.server())), client.map(|side| Arc::clone(side.client())));
        let client_id = client.as_ref().map(|client| client.node_id().to_owned());
        let node_id = client_id.or_else(|| server.as_ref().map(|server| server.id().to_owned()));
        Self { api: Api { region, server, client, view: Arc::new(agent) }, node_id }
    }

    /// The API of this agent.
    pub(super) fn api(&self) -> Api {
        self.api.clone()
    }

    pub(super) fn node_id(&self) -> Option<String> {
        self.node_id.clone()
    }
}

struct AgentState {
    host: Host,
    config: Arc<RwLock<AgentConfig>>,
    settled: Settled,
    gossip: Option<Gossip>,
    datacenter: String,
    dev: bool,
}

impl AgentView for AgentState {
    fn config(&self) -> Value {
        match self.config.read() {
            Ok(config) => config_json(&config, &self.settled, self.dev),
            Err(_) => Value::Null,
        }
    }

    fn member(&self) -> Value {
        self.gossip.as_ref().map_or(Value::Null, |gossip| member_json(&gossip.own()))
    }

    fn members(&self) -> Value {
        let (name, region) =
            self.config.read().map(|config| (config.name.clone(), config.region.clone())).unwrap_or_default();
        let members: Vec<Value> =
            self.gossip.iter().flat_map(Gossip::members).map(|member| member_json(&member)).collect();
        json!({"ServerName": name, "ServerRegion": region, "ServerDC": self.datacenter, "Members": members})
    }

    fn stats(&self) -> Value {
        let mut stats = json!({"runtime": {"kernel.name": "linux", "arch": "amd64", "version": "go1.25.8"}});
        if let Some(gossip) = &self.gossip {
            let members = gossip.members();
            let count =
                |status: Status| members.iter().filter(|member| member.status == status).count().to_string();
            let encrypted = gossip.keyring().is_encrypted();
            stats["serf"] = json!({
                "members": members.len().to_string(), "failed": count(Status::Failed), "left": count(Status::Left),
                "encrypted": encrypted.to_string(), "health_score": "0",
            });
        }
        stats
    }

    fn other(&self, request: &ApiRequest) -> Option<Result<Reply, ApiError>> {
        match request.path.as_str() {
            "/v1/agent/force-leave" => Some(self.force_leave(request)),
            "/v1/agent/keyring/list" => Some(self.keys(request)),
            _ => None,
        }
    }
}

impl AgentState {
    fn force_leave(&self, request: &ApiRequest) -> Result<Reply, ApiError> {
        if !matches!(request.method, Method::PUT | Method::POST) {
            return Err(ApiError::new(405, "Invalid method"));
        }
        let node = request.query.iter().find(|(name, _)| name == "node").map(|(_, node)| node.as_str());
        let (Some(gossip), Some(node)) = (&self.gossip, node.filter(|node| !node.is_empty())) else {
            return Err(ApiError::new(400, "missing node to force leave"));
        };
        let done = gossip.force_leave(node);
        self.host.log.info("agent", format!("force leave: node={node} done={done}"));
        Ok(Reply::default())
    }
}

impl AgentState {
    /// The gossip keys and how many servers have each. A change of keys is not offered.
    fn keys(&self, request: &ApiRequest) -> Result<Reply, ApiError> {
        if request.method != Method::GET {
            return Err(ApiError::new(405, "Invalid method"));
        }
        let Some(gossip) = &self.gossip else { return Err(ApiError::new(501, "Invalid method")) };
        let nodes = gossip.members().iter().filter(|member| member.status == Status::Alive).count();
        let keys: serde_json::Map<String, Value> =
            gossip.keyring().encoded().into_iter().map(|key| (key, json!(nodes))).collect();
        let primary: serde_json::Map<String, Value> =
            keys.iter().take(1).map(|(key, n)| (key.clone(), n.clone())).collect();
        let body = json!({"Messages": {}, "Keys": keys, "PrimaryKeys": primary, "NumNodes": nodes});
        Ok(Reply { body: Some(body), ..Reply::default() })
    }
}

fn member_json(member: &Member) -> Value {
    json!({
        "Name": member.name, "Addr": member.address.ip().to_string(), "Port": member.address.port(), "Tags": member.tags,
        "Status": member.status.to_string(), "ProtocolMin": 1, "ProtocolMax": 5, "ProtocolCur": 2, "DelegateMin": 2,
        "DelegateMax": 5, "DelegateCur": 4,
    })
}

/// The part of the configuration that this agent knows, in the field names of the real program.
fn config_json(config: &AgentConfig, settled: &Settled, dev: bool) -> Value {
    let ip = |address: &SocketAddr| address.ip().to_string();
    let told = &settled.advertise;
    json!({
        "ACL": {"Enabled": config.acl_enabled},
        "Addresses": {
            "HTTP": settled.http.first().map(ip), "RPC": ip(&settled.rpc), "Serf": ip(&settled.serf),
        },
        "AdvertiseAddrs": {"HTTP": told.http, "RPC": told.rpc, "Serf": told.serf},
        "BindAddr": config.bind_addr,
        "Client": client_json(config),
        "DataDir": config.data_dir, "Datacenter": config.datacenter, "DevMode": dev,
        "DisableUpdateCheck": config.disable_update_check, "EnableDebug": config.enable_debug, "Files": config.files,
        "HTTPAPIResponseHeaders": config.response_headers, "LeaveOnInt": config.leave_on_interrupt,
        "LeaveOnTerm": config.leave_on_terminate,
        "Limits": {
            "HTTPMaxConnsPerClient": config.limits.http_max_conns_per_client,
            "HTTPSHandshakeTimeout": config.limits.https_handshake_timeout,
            "RPCHandshakeTimeout": config.limits.rpc_handshake_timeout,
            "RPCMaxConnsPerClient": config.limits.rpc_max_conns_per_client,
        },
        "LogLevel": config.log_level, "NodeName": config.name,
        "Ports": {"HTTP": config.ports.http, "RPC": config.ports.rpc, "Serf": config.ports.serf},
        "Region": config.region,
        "Server": server_json(config),
        "TLSConfig": tls_json(&config.tls),
        "Version": {"BuildDate": null, "Revision": "", "Version": "1.11.3", "VersionMetadata": "", "VersionPrerelease": ""},
    })
}

fn client_json(config: &AgentConfig) -> Value {
    let block = &config.client;
    json!({
        "Enabled": block.enabled, "Servers": block.servers, "NodeClass": block.node_class, "NodePool": block.node_pool,
        "Meta": block.meta, "Options": block.options,
        "ServerJoin": {"RetryJoin": block.server_join.retry_join, "StartJoin": block.server_join.start_join,
                       "RetryMaxAttempts": block.server_join.retry_max,
                       "RetryInterval": nanos(block.server_join.retry_interval)},
    })
}

/// The gossip key is not shown.
fn server_json(config: &AgentConfig) -> Value {
    let block = &config.server;
    json!({
        "Enabled": block.enabled, "BootstrapExpect": block.bootstrap_expect, "RaftMultiplier": block.raft_multiplier,
        "HeartbeatGrace": nanos(block.heartbeat_grace), "MinHeartbeatTTL": nanos(block.min_heartbeat_ttl),
        "FailoverHeartbeatTTL": nanos(block.failover_heartbeat_ttl),
        "MaxHeartbeatsPerSecond": block.max_heartbeats_per_second,
        "ServerJoin": {"RetryJoin": block.join.retry_join, "StartJoin": block.join.start_join,
                       "RetryMaxAttempts": block.join.retry_max, "RetryInterval": nanos(block.join.retry_interval)},
    })
}

fn tls_json(tls: &TlsBlock) -> Value {
    json!({
        "EnableHTTP": tls.http, "EnableRPC": tls.rpc, "VerifyServerHostname": tls.verify_server_hostname,
        "RPCUpgradeMode": tls.rpc_upgrade_mode, "VerifyHTTPSClient": tls.verify_https_client, "CAFile": tls.ca_file,
        "CertFile": tls.cert_file, "KeyFile": tls.key_file, "KeyLoader": {}, "Checksum": tls.checksum,
        "TLSCipherSuites": tls.cipher_suites, "TLSMinVersion": tls.min_version,
    })
}

fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
