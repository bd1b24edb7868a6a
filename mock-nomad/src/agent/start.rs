//! From files to a running agent.

use std::sync::{Arc, RwLock};

use lab_wire::http::Handler;

use super::client::ClientSide;
use super::read::read;
use super::server::ServerSide;
use super::view::View;
use super::ways::Ways;
use super::{Shared, StartError, http, metrics};
use crate::config::{AgentConfig, Settled, log_level};
use crate::hclog;
use crate::http::HttpServer;
use crate::tls::KeyLoader;

/// The parts of an agent that runs.
pub(super) struct Running {
    /// The agent's own view of its configuration, which its API shows. A reload replaces the TLS settings and the log
    /// level in it, nothing else.
    pub(super) config: Arc<RwLock<AgentConfig>>,
    pub(super) settled: Settled,
    pub(super) loader: KeyLoader,
    pub(super) server: Option<ServerSide>,
    pub(super) client: Option<ClientSide>,
    pub(super) handler: Handler,
    pub(super) http: Option<HttpServer>,
    /// Held for those who find it again.
    _ways: Arc<Ways>,
}

pub(super) async fn start(shared: &Arc<Shared>) -> Result<Running, StartError> {
    let (config, settled) = read(shared).map_err(StartError::Configuration)?;
    let ui = &shared.ui;
    match log_level(&config.log_level) {
        Ok(level) => shared.host.log.set_level(level),
        Err(line) => {
            ui.error(&line);
            return Err(StartError::Configuration(line));
        }
    }
    match config.files.as_slice() {
        [] => ui.output("No configuration files loaded"),
        files => ui.output(&format!("Loaded configuration from {}", files.join(", "))),
    }
    ui.output("Starting Nomad agent...");
    let loader = KeyLoader::default();
    let ways = Ways::new(&shared.host, &shared.tasks, &config.region);
    let (server, client) = parts(shared, &config, &settled, &loader, &ways).await.map_err(|error| {
        let line = format!("Error starting agent: {error}");
        ui.error(&line);
        shared.host.log.error("agent", format!("error starting agent: {}", hclog::pair("error", error)));
        StartError::Start(line)
    })?;
    let live = Arc::new(RwLock::new(config.clone()));
    let view = View::new(shared, &live, &settled, server.as_ref(), client.as_ref(), &ways);
    ways.set_api(view.api());
    let handler = crate::http::handler(&shared.host, view.api(), &config.response_headers);
    let node = client.as_ref().map(|client| client.client().node_id().to_owned());
    let member = server.as_ref().map(|server| server.server().id().to_owned());
    ways.set_own(node.into_iter().chain(member).collect(), Handler::clone(&handler));
    let opened = http::open(&shared.host, &shared.tasks, &config, &settled, &loader, &handler).await;
    let http = opened.map_err(|error| {
        let line = format!("Error starting http server: {error}");
        ui.error(&line);
        StartError::Start(line)
    })?;
    introduce(shared, &config, &settled, view.node_id());
    Ok(Running { config: live, settled, loader, server, client, handler, http: Some(http), _ways: ways })
}

async fn parts(
    shared: &Arc<Shared>,
    config: &AgentConfig,
    settled: &Settled,
    loader: &KeyLoader,
    ways: &Arc<Ways>,
) -> Result<(Option<ServerSide>, Option<ClientSide>), String> {
    let server = match config.server.enabled {
        true => Some(ServerSide::start(shared, config, settled, loader, ways).await?),
        false => None,
    };
    let local = server.as_ref().map(ServerSide::service);
    let client = match config.client.enabled {
        true => Some(ClientSide::start(shared, config, settled, loader, local, ways)?),
        false => None,
    };
    metrics::start(&config.tls, &shared.host)?;
    Ok((server, client))
}

/// The table that the real program prints when it runs.
fn introduce(shared: &Shared, config: &AgentConfig, settled: &Settled, node_id: Option<String>) {
    let ui = &shared.ui;
    let (told, http) =
        (&settled.advertise, settled.http.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let (bound, advertised) = match config.server.enabled {
        true => (
            format!("HTTP: [{http}]; RPC: {}; Serf: {}", settled.rpc, settled.serf),
            format!("HTTP: {}; RPC: {}; Serf: {}", told.http, told.rpc, told.serf),
        ),
        false => (format!("HTTP: [{http}]"), format!("HTTP: {}", told.http)),
    };
    ui.output("Nomad agent configuration:");
    ui.setting("Advertise Addrs", &advertised);
    ui.setting("Bind Addrs", &bound);
    ui.setting("Client", &config.client.enabled.to_string());
    ui.setting("Log Level", &config.log_level);
    if let Some(node_id) = node_id {
        ui.setting("Node Id", &node_id);
    }
    ui.setting("Region", &format!("{} (DC: {})", config.region, config.datacenter));
    ui.setting("Server", &config.server.enabled.to_string());
    ui.setting("Version", crate::VERSION);
    ui.output("Nomad agent started! Log data will stream in below:");
}

impl Running {
    /// Tells other servers that this one goes.
    pub(super) async fn leave(&self) {
        if let Some(server) = &self.server {
            server.gossip().leave().await;
        }
    }

    /// Ends the processes of tasks at once.
    pub(super) fn kill_processes(&self) {
        if let Some(client) = &self.client {
            client.client().kill_processes();
        }
    }

    /// The last lines of the log.
    pub(super) fn say_goodbye(&self, left: bool) {
        let Some(log) = self.log() else { return };
        log.info("agent", "requesting shutdown");
        if self.client.is_some() {
            log.info("client", "shutting down");
        }
        if self.server.is_some() {
            log.info("nomad", "shutting down server");
            if !left {
                log.warn("nomad", "serf: Shutdown without a Leave");
            }
        }
        log.info("agent", "shutdown complete");
    }

    fn log(&self) -> Option<&lab_world::Log> {
        let server = self.server.as_ref().map(ServerSide::log);
        server.or_else(|| self.client.as_ref().map(ClientSide::log))
    }
}
