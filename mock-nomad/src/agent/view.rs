//! What the HTTP API shows of the agent.

use std::sync::{Arc, RwLock, Weak};

use futures::future::BoxFuture;
use http::Method;
use lab_wire::BoxIo;
use lab_world::Host;
use serde_json::{Value, json};

use super::Shared;
use super::client::ClientSide;
use super::server::ServerSide;
use super::shown::config_json;
use super::ways::Ways;
use crate::api::{AboutMetrics, AgentView, Api, ApiError, ApiRequest, Reply};
use crate::config::{AgentConfig, Settled, resolve};
use crate::gossip::{Gossip, Status};
use crate::rpc::NO_PATH;
use crate::telemetry::Telemetry;

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
        ways: &Arc<Ways>,
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
            ways: Arc::downgrade(ways),
            telemetry: Arc::clone(&shared.telemetry),
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
    ways: Weak<Ways>,
    telemetry: Arc<Telemetry>,
}

impl AgentView for AgentState {
    fn config(&self) -> Value {
        match self.config.read() {
            Ok(config) => config_json(&config, &self.settled, self.dev),
            Err(_) => Value::Null,
        }
    }

    fn member(&self) -> Value {
        self.gossip.as_ref().map_or_else(no_member, |gossip| gossip.own().shown())
    }

    fn members(&self) -> Value {
        let (name, region) =
            self.config.read().map(|config| (config.name.clone(), config.region.clone())).unwrap_or_default();
        let members: Vec<Value> =
            self.gossip.iter().flat_map(Gossip::members).map(|member| member.shown()).collect();
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

    fn server_name(&self) -> String {
        self.gossip.as_ref().map(|gossip| gossip.own().name).unwrap_or_default()
    }

    fn metrics(&self) -> AboutMetrics {
        AboutMetrics { host: self.host.name.clone(), has_prometheus: self.dev }
    }

    fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    fn join<'a>(&'a self, addresses: &'a [&'a str]) -> BoxFuture<'a, Option<(usize, Vec<String>)>> {
        Box::pin(async move {
            let gossip = self.gossip.as_ref()?;
            let port = self.config.read().map_or(0, |config| config.ports.serf);
            let (mut joined, mut faults) = (0, Vec::new());
            for text in addresses {
                match resolve(&self.host.net, text, u16::try_from(port).unwrap_or_default()) {
                    Ok(address) if address == gossip.own().address => joined += 1,
                    Ok(address) => match gossip.meet(address).await {
                        Ok(()) => joined += 1,
                        Err(fault) => faults.push(format!("failed to join {address}: {fault}")),
                    },
                    Err(_) => faults.push(format!("failed to resolve {text}: lookup {text}: no such host")),
                }
            }
            Some((joined, faults))
        })
    }

    fn enforces_access(&self) -> bool {
        self.config.read().is_ok_and(|config| config.acl.enabled)
    }

    fn open_node<'a>(&'a self, node: &'a str, first: u8) -> BoxFuture<'a, Result<BoxIo, String>> {
        let ways = self.ways.upgrade();
        Box::pin(async move {
            match ways {
                Some(ways) => ways.open(node, first).await,
                None => Err(NO_PATH.to_owned()),
            }
        })
    }

    fn open_server(&self) -> BoxFuture<'_, Result<BoxIo, String>> {
        let ways = self.ways.upgrade();
        Box::pin(async move {
            match ways {
                Some(ways) => ways.open_server().await,
                None => Err(NO_PATH.to_owned()),
            }
        })
    }

    fn dial_node<'a>(&'a self, node: &'a str) -> BoxFuture<'a, Result<BoxIo, String>> {
        let ways = self.ways.upgrade();
        Box::pin(async move {
            match ways {
                Some(ways) => ways.dial(node).await,
                None => Err(NO_PATH.to_owned()),
            }
        })
    }

    fn now_nanos(&self) -> i64 {
        i64::try_from(self.host.clock.now().unix_timestamp_nanos()).unwrap_or(i64::MAX)
    }

    fn other<'a>(&'a self, request: &'a ApiRequest) -> BoxFuture<'a, Option<Result<Reply, ApiError>>> {
        Box::pin(async move {
            Some(match request.path.strip_prefix("/v1/agent/")? {
                "monitor" => super::monitor::monitor(&self.host, request),
                "force-leave" => self.force_leave(request),
                "host" => self.machine(request),
                path => {
                    let what = path.strip_prefix("keyring/")?;
                    super::keyring::handle(self.gossip.as_ref(), request, what).await
                }
            })
        })
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
        let done = gossip.force_leave(node, request.flag("prune"));
        self.host.log.info("agent", format!("force leave: node={node} done={done}"));
        Ok(Reply::default())
    }
}

impl AgentState {
    /// What is told of the machine: nothing of the real one.
    fn machine(&self, request: &ApiRequest) -> Result<Reply, ApiError> {
        if request.method != Method::GET {
            return Err(ApiError::new(405, "Invalid method"));
        }
        let body = json!({
            "OS": "linux", "Network": [], "ResolvConf": "", "Hosts": "", "Environment": {}, "Disk": {},
        });
        Ok(Reply { body: Some(body), ..Reply::default() })
    }
}

/// What a client shows, which is no member.
fn no_member() -> Value {
    json!({
        "Name": "", "Addr": null, "Port": 0, "Tags": null, "Status": "none", "ProtocolMin": 0, "ProtocolMax": 0,
        "ProtocolCur": 0, "DelegateMin": 0, "DelegateMax": 0, "DelegateCur": 0,
    })
}
