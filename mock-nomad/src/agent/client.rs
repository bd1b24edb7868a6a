//! The client in an agent, with its calls to servers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use lab_consul_template::VaultAccess;
use lab_world::Host;

use super::Shared;
use super::server::advertised;
use super::ways::{Back, Ways};
use crate::client::Client;
use crate::config::{AgentConfig, Settled, TlsBlock, resolve};
use crate::hclog;
use crate::rpc::{Dialler, Pool, PoolKind};
use crate::seam::{ClientParts, ClientSettings, RpcService, VaultSettings};
use crate::tls::{KeyLoader, Outgoing, TlsSettings, outgoing};

/// The RPC port of servers that are named without one.
const SERVER_PORT: u16 = 4647;

/// A running client.
pub(super) struct ClientSide {
    client: Arc<Client>,
    dialler: Dialler,
    pool: Pool,
    host: Host,
    loader: KeyLoader,
    /// The client's own copy of the TLS settings.
    tls: TlsBlock,
}

impl ClientSide {
    /// Starts the client. The error is what stands behind `Error starting agent: `.
    pub(super) fn start(
        shared: &Arc<Shared>,
        config: &AgentConfig,
        settled: &Settled,
        loader: &KeyLoader,
        local_server: Option<Arc<dyn RpcService>>,
        ways: &Arc<Ways>,
    ) -> Result<Self, String> {
        let (host, tasks) = (&shared.host, &shared.tasks);
        let setup = |error: String| format!("client setup failed: {error}");
        let tls = build(config, host, loader).map_err(setup)?;
        let dialler = Dialler::new(&host.net, &host.clock, tls);
        let pool = Pool::new(PoolKind::Client, dialler.clone(), host, tasks);
        pool.set_answer(Arc::new(Back(Arc::downgrade(ways))));
        let settings = settings(shared, config, settled).map_err(setup)?;
        let needs_servers = settings.servers.is_empty() && local_server.is_none();
        let client = Client::start(ClientParts {
            host: host.clone(),
            tasks: tasks.clone(),
            settings,
            dialer: Arc::new(pool.clone()),
            local_server,
            telemetry: Arc::clone(&shared.telemetry),
        });
        ways.set_client(dialler.clone(), &client);
        if needs_servers {
            tasks.spawn(find_servers(host.clone(), config.clone(), Arc::clone(&client)));
        }
        let tls = config.tls.clone();
        Ok(Self { client, dialler, pool, host: host.clone(), loader: loader.clone(), tls })
    }

    pub(super) fn log(&self) -> &lab_world::Log {
        &self.host.log
    }

    pub(super) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Applies a new configuration: of it only TLS. Every error ends the agent.
    pub(super) fn reload(&mut self, config: &AgentConfig) -> Result<(), String> {
        let mut new = config.tls.clone();
        let same = self.tls.same_certificates(&mut new, &self.host.disk).map_err(|error| {
            let text = error.to_string();
            self.host
                .log
                .error("client", format!("error parsing TLS configuration: {}", hclog::pair("error", &text)));
            text
        })?;
        if same && self.tls.rpc == new.rpc {
            return Ok(());
        }
        let tls = build(config, &self.host, &self.loader)?;
        self.tls = config.tls.clone();
        self.dialler.set_tls(tls);
        self.pool.close_all();
        Ok(())
    }
}

fn build(config: &AgentConfig, host: &Host, loader: &KeyLoader) -> Result<Option<Outgoing>, String> {
    let (disk, clock) = (&host.disk, &host.clock);
    outgoing(TlsSettings { block: &config.tls, region: &config.region, disk, clock, loader })
}

fn settings(shared: &Shared, config: &AgentConfig, settled: &Settled) -> Result<ClientSettings, String> {
    let block = &config.client;
    Ok(ClientSettings {
        name: config.name.clone(),
        region: config.region.clone(),
        datacenter: config.datacenter.clone(),
        node_class: block.node_class.clone(),
        node_pool: block.node_pool.clone(),
        room: block.room,
        meta: block.meta.clone(),
        data_dir: Some(PathBuf::from(&config.data_dir)).filter(|path| !path.as_os_str().is_empty()),
        alloc_dir: alloc_dir(&shared.host, config),
        vault: vault_settings(config),
        raw_exec: config.client.raw_exec || shared.host.net.is_simulated(),
        http_advertise: advertised(&shared.host, &settled.advertise.http, config.ports.http)?,
        tls_http: config.tls.http,
        introduction: config.client.introduction.clone(),
        servers: servers(&shared.host, config).0,
        dev: shared.options.dev,
    })
}

fn vault_settings(config: &AgentConfig) -> VaultSettings {
    let block = config.vault.clone();
    VaultSettings {
        enabled: block.enabled,
        mount: block.jwt_auth_backend_path,
        create_from_role: block.create_from_role,
        access: VaultAccess {
            address: block.address,
            token: String::new(),
            namespace: block.namespace,
            ca_file: block.ca_file,
            ca_path: block.ca_path,
            cert_file: block.cert_file,
            key_file: block.key_file,
            server_name: block.tls_server_name,
            skip_verify: block.tls_skip_verify,
        },
    }
}

/// Where allocations have their directories: as configured, below the data directory, or for development in a directory
/// of its own among the temporary ones.
fn alloc_dir(host: &Host, config: &AgentConfig) -> PathBuf {
    if !config.client.alloc_dir.is_empty() {
        return PathBuf::from(&config.client.alloc_dir);
    }
    if !config.data_dir.is_empty() {
        return PathBuf::from(&config.data_dir).join("alloc");
    }
    let number = host.entropy.branch("alloc_dir").below(4_000_000_000);
    std::env::temp_dir().join(format!("NomadClient{number}"))
}

/// The servers that the configuration names, and why others could not be found.
fn servers(host: &Host, config: &AgentConfig) -> (Vec<SocketAddr>, Vec<String>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let join = &config.client.server_join;
    for text in config.client.servers.iter().chain(&join.start_join).chain(&join.retry_join) {
        match resolve(&host.net, text, SERVER_PORT) {
            Ok(address) if found.contains(&address) => {}
            Ok(address) => found.push(address),
            Err(problem) => problems.push(problem),
        }
    }
    (found, problems)
}

/// Looks for servers until some are found.
async fn find_servers(host: Host, config: AgentConfig, client: Arc<Client>) {
    let interval = match config.client.server_join.retry_interval {
        std::time::Duration::ZERO => std::time::Duration::from_secs(30),
        interval => interval,
    };
    loop {
        let (found, problems) = servers(&host, &config);
        if !found.is_empty() {
            return client.set_servers(found);
        }
        let Some(problem) = problems.first() else { return };
        let (error, retry) = (hclog::pair("error", problem), lab_world::format_duration(interval));
        host.log.warn("agent.joiner", format!("join failed: {error} retry={retry} agent_mode=client"));
        host.clock.sleep(interval).await;
    }
}
