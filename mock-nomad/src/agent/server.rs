//! The server in an agent, with its RPC port, its calls to others and its gossip.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use lab_wire::BoxIo;
use lab_world::{Host, Tasks, parse_duration};

use super::Shared;
use super::ways::{ServerWays, Ways};
use crate::config::{AclBlock, AgentConfig, IntroductionBlock, Settled, TlsBlock, resolve};
use crate::gossip::{Gossip, JoinPlan, Keyring, Member, Status, Tags};
use crate::hclog;
use crate::rpc::{
    ConnectionLimit, Dialler, Incoming, Listening, LiveSettings, NameChecks, NodeSessions, Pool, PoolKind,
    RaftLayer, RpcSettings,
};
use crate::seam::{RpcContext, RpcError, RpcResult, RpcService, ServerParts, ServerSettings};
use crate::server::{
    AccessSettings, Enforcement, IntroductionSettings, KeyringSettings, Server, WorkerPool, server_id,
};
use crate::tls::{KeyLoader, TlsSettings, incoming_rpc, outgoing};

/// A running server.
pub(super) struct ServerSide {
    server: Arc<Server>,
    gossip: Gossip,
    settings: LiveSettings,
    checks: NameChecks,
    dialler: Dialler,
    pool: Pool,
    incoming: Incoming,
    listening: Option<Listening>,
    bind: SocketAddr,
    host: Host,
    loader: KeyLoader,
    /// The server's own copy of the TLS settings, which a reload replaces only when it touches the connections.
    tls: TlsBlock,
}

impl ServerSide {
    /// Starts the server. The error is what stands behind `Error starting agent: `.
    pub(super) async fn start(
        shared: &Arc<Shared>,
        config: &AgentConfig,
        settled: &Settled,
        loader: &KeyLoader,
        ways: &Arc<Ways>,
    ) -> Result<Self, String> {
        let (host, tasks) = (&shared.host, &shared.tasks);
        let limits = limits(config).map_err(|error| format!("server config setup failed: {error}"))?;
        let server_settings = server_settings(shared, config, settled)?;
        let data_dir = server_settings.data_dir.clone();
        let keyring = Keyring::open(&host.disk, data_dir.as_deref(), &config.server.encrypt, &mut |line| {
            shared.ui.output(&line)
        })
        .map_err(|error| format!("failed to configure keyring: {error}"))?;
        let setup = |error: String| format!("server setup failed: {error}");
        let tls = tls_settings(config, host, loader);
        let outgoing = outgoing(tls).map_err(setup)?;
        let rpc = rpc_settings(config, host, loader, limits.0).map_err(setup)?;
        let checks = NameChecks::new(&config.region, verifies(&config.tls));
        let dialler = Dialler::new(&host.net, &host.clock, outgoing);
        let pool = Pool::new(PoolKind::Server, dialler.clone(), host, tasks);
        let own = own_member(host, config, settled, &server_settings.id)?;
        let gossip = Gossip::start(host, tasks, settled.serf, own, keyring).await;
        let gossip = gossip.map_err(|error| setup(format!("Failed to start serf WAN: {error}")))?;
        let server = Server::start(ServerParts {
            host: host.clone(),
            tasks: tasks.clone(),
            settings: server_settings,
            dialer: Arc::new(pool.clone()),
            raft_dialer: Arc::new(RaftLayer::new(dialler.clone(), &config.region)),
            authenticator: Arc::new(checks.clone()),
            members: Arc::new(gossip.clone()),
            telemetry: Arc::clone(&shared.telemetry),
        })
        .map_err(setup)?;
        let settings = LiveSettings::new(rpc);
        let (consensus, nodes) = (Arc::clone(&server), NodeSessions::default());
        let incoming = Incoming {
            host: host.clone(),
            tasks: tasks.clone(),
            settings: settings.clone(),
            service: Arc::new(Service { server: server.service(), ways: Arc::downgrade(ways) }),
            raft: Arc::new(move |stream: BoxIo| consensus.accept_raft(stream)),
            streaming: {
                let ways = Arc::downgrade(ways);
                Arc::new(move |stream: BoxIo| {
                    if let Some(ways) = ways.upgrade() {
                        ways.answer(stream);
                    }
                })
            },
            nodes: nodes.clone(),
            limit: ConnectionLimit::new(limits.1),
            telemetry: Arc::clone(&shared.telemetry),
        };
        ways.set_server(ServerWays { sessions: nodes, dialler: dialler.clone(), gossip: gossip.clone() });
        let listening = Listening::open(&incoming, settled.rpc).await;
        let listening = listening.map_err(|error| setup(format!("Failed to start RPC layer: {error}")))?;
        join(shared, config, gossip.clone());
        let bind = listening.address();
        Ok(Self {
            server,
            gossip,
            settings,
            checks,
            dialler,
            pool,
            incoming,
            listening: Some(listening),
            bind,
            host: host.clone(),
            loader: loader.clone(),
            tls: config.tls.clone(),
        })
    }

    pub(super) fn log(&self) -> &lab_world::Log {
        &self.host.log
    }

    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    pub(super) fn service(&self) -> Arc<dyn RpcService> {
        self.server.service()
    }

    pub(super) fn gossip(&self) -> &Gossip {
        &self.gossip
    }

    /// Applies a new configuration: of it only TLS, and of TLS only what comes with new certificates or a changed `rpc`.
    pub(super) async fn reload(&mut self, config: &AgentConfig) -> Result<(), String> {
        let mut new = config.tls.clone();
        match self.tls.same_certificates(&mut new, &self.host.disk) {
            Ok(same) if same && self.tls.rpc == new.rpc => Ok(()),
            Ok(_) => {
                let reloaded = self.reload_connections(config).await;
                reloaded.inspect_err(|error| {
                    let error = hclog::pair("error", error);
                    self.host
                        .log
                        .error("nomad", format!("error reloading server TLS configuration: {error}"));
                })
            }
            Err(error) => {
                let error = hclog::pair("error", error);
                self.host
                    .log
                    .error("nomad", format!("error checking whether to reload TLS configuration: {error}"));
                Ok(())
            }
        }
    }

    /// Replaces TLS on every way in and out. Connections that came in stay until their next request.
    async fn reload_connections(&mut self, config: &AgentConfig) -> Result<(), String> {
        let log = &self.host.log;
        log.info("nomad", "reloading server connections due to configuration changes");
        let refused = |error: String| {
            log.error(
                "nomad",
                format!("unable to create TLS configuration: {}", hclog::pair("error", &error)),
            );
            error
        };
        let handshake_timeout = self.settings.get().handshake_timeout;
        let outgoing = outgoing(tls_settings(config, &self.host, &self.loader)).map_err(refused)?;
        let rpc = rpc_settings(config, &self.host, &self.loader, handshake_timeout).map_err(refused)?;
        self.tls = config.tls.clone();
        if let Some(listening) = &self.listening {
            listening.supersede();
        }
        self.checks.set_verify(verifies(&config.tls));
        self.settings.set(rpc);
        self.dialler.set_tls(outgoing);
        self.pool.close_all();
        if let Some(listening) = self.listening.take() {
            listening.close().await;
        }
        let opened = Listening::open(&self.incoming, self.bind).await;
        self.listening = Some(opened.map_err(|error| error.to_string())?);
        self.server.close_raft_streams();
        self.host.log.debug("nomad", "finished reloading server connections");
        Ok(())
    }
}

/// The server's endpoints, and those that stand for requests to the HTTP API.
struct Service {
    server: Arc<dyn RpcService>,
    ways: Weak<Ways>,
}

impl RpcService for Service {
    fn call(
        self: Arc<Self>,
        context: Arc<RpcContext>,
        method: String,
        body: rmpv::Value,
    ) -> BoxFuture<'static, RpcResult> {
        Box::pin(async move {
            if let Some(ways) = self.ways.upgrade()
                && let Some(answer) = ways.call(&method, &body).await
            {
                return answer.map_err(RpcError::new);
            }
            Arc::clone(&self.server).call(context, method, body).await
        })
    }
}

/// Whether names in certificates are checked at all.
fn verifies(tls: &TlsBlock) -> bool {
    tls.rpc && tls.verify_server_hostname
}

fn tls_settings<'a>(config: &'a AgentConfig, host: &'a Host, loader: &'a KeyLoader) -> TlsSettings<'a> {
    TlsSettings { block: &config.tls, region: &config.region, disk: &host.disk, clock: &host.clock, loader }
}

fn rpc_settings(
    config: &AgentConfig,
    host: &Host,
    loader: &KeyLoader,
    handshake_timeout: Duration,
) -> Result<RpcSettings, String> {
    Ok(RpcSettings {
        region: config.region.clone(),
        tls: incoming_rpc(tls_settings(config, host, loader))?,
        upgrade_mode: config.tls.rpc_upgrade_mode,
        verify_server_hostname: config.tls.verify_server_hostname,
        handshake_timeout,
    })
}

/// How long an RPC handshake may take, and how many connections an address may have.
fn limits(config: &AgentConfig) -> Result<(Duration, usize), String> {
    let text = &config.limits.rpc_handshake_timeout;
    let timeout =
        parse_duration(text).map_err(|error| format!("error parsing rpc_handshake_timeout: {error}"))?;
    let most = config.limits.rpc_max_conns_per_client.unwrap_or_default();
    if most != 0 && most <= 25 {
        return Err(format!("rpc_max_conns_per_client must be > 25; found: {most}"));
    }
    Ok((timeout, usize::try_from(most).unwrap_or_default()))
}

fn access(given: &AclBlock) -> AccessSettings {
    let AccessSettings { token_min_ttl, token_max_ttl, .. } = AccessSettings::default();
    let or = |given: Duration, own: Duration| if given.is_zero() { own } else { given };
    AccessSettings {
        enabled: given.enabled,
        token_min_ttl: or(given.token_min_ttl, token_min_ttl),
        token_max_ttl: or(given.token_max_ttl, token_max_ttl),
    }
}

fn server_settings(
    shared: &Shared,
    config: &AgentConfig,
    settled: &Settled,
) -> Result<ServerSettings, String> {
    let block = &config.server;
    let data_dir = Some(PathBuf::from(&config.data_dir)).filter(|path| !path.as_os_str().is_empty());
    Ok(ServerSettings {
        id: server_id(&shared.host, data_dir.as_deref()),
        name: config.name.clone(),
        region: config.region.clone(),
        datacenter: config.datacenter.clone(),
        data_dir,
        workers: WorkerPool::configured(block.num_schedulers, &block.enabled_schedulers),
        access: access(&config.acl),
        keyring: KeyringSettings {
            issuer: block.oidc_issuer.clone(),
            rotation_threshold: block.root_key_rotation_threshold,
            gc_interval: block.root_key_gc_interval,
            gc_threshold: block.root_key_gc_threshold,
        },
        introduction: introduction(&block.introduction)?,
        vault_enabled: config.vault.enabled,
        vault_identity: config.vault.default_identity.clone(),
        rpc_advertise: advertised(&shared.host, &settled.advertise.rpc, config.ports.rpc)?,
        bootstrap_expect: usize::try_from(block.bootstrap_expect).unwrap_or_default(),
        raft_multiplier: u32::try_from(block.raft_multiplier).unwrap_or(1).max(1),
        min_heartbeat_ttl: block.min_heartbeat_ttl,
        max_heartbeats_per_second: block.max_heartbeats_per_second,
        heartbeat_grace: block.heartbeat_grace,
        failover_heartbeat_ttl: block.failover_heartbeat_ttl,
    })
}

fn introduction(block: &IntroductionBlock) -> Result<IntroductionSettings, String> {
    let enforcement = Enforcement::named(&block.enforcement);
    let faults: Vec<String> = [
        enforcement.is_none().then(|| format!("invalid enforcement {}", lab_pki::quote(&block.enforcement))),
        (block.longest_life < block.default_life)
            .then(|| "max_identity_ttl must be greater than or equal to default_identity_ttl".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    match enforcement {
        Some(enforcement) if faults.is_empty() => Ok(IntroductionSettings {
            enforcement,
            default_life: block.default_life,
            longest_life: block.longest_life,
        }),
        _ => {
            let errors = if faults.len() == 1 { "error" } else { "errors" };
            let listed: String = faults.iter().map(|fault| format!("\n\t* {fault}")).collect();
            let count = faults.len();
            Err(format!(
                "server config setup failed: invalid server.client_introduction configuration: {count} {errors} occurred:{listed}\n\n"
            ))
        }
    }
}

/// An advertised address as one.
pub(super) fn advertised(host: &Host, text: &str, port: i64) -> Result<SocketAddr, String> {
    resolve(&host.net, text, u16::try_from(port).unwrap_or_default())
}

fn own_member(host: &Host, config: &AgentConfig, settled: &Settled, id: &str) -> Result<Member, String> {
    let tags = Tags {
        region: &config.region,
        datacenter: &config.datacenter,
        id,
        rpc: advertised(host, &settled.advertise.rpc, config.ports.rpc)?,
        bootstrap_expect: usize::try_from(config.server.bootstrap_expect).unwrap_or_default(),
    };
    Ok(Member {
        name: format!("{}.{}", config.name, config.region),
        address: advertised(host, &settled.advertise.serf, config.ports.serf)?,
        tags: tags.to_map(),
        status: Status::Alive,
    })
}

/// Starts to meet the servers that the configuration names.
fn join(shared: &Arc<Shared>, config: &AgentConfig, gossip: Gossip) {
    let join = &config.server.join;
    let plan = JoinPlan {
        addresses: join.start_join.iter().chain(&join.retry_join).cloned().collect(),
        interval: join.retry_interval,
        most: join.retry_max,
    };
    let port = u16::try_from(config.ports.serf).unwrap_or_default();
    // The task ends with the agent; it must not keep it alive.
    let agent = Arc::downgrade(shared);
    let tasks: Tasks = shared.tasks.clone();
    tasks.spawn(async move {
        if !crate::gossip::run_join(&gossip, plan, port).await
            && let Some(agent) = agent.upgrade()
        {
            agent.end(super::Exit { code: 1, message: "max join retry exhausted, exiting".into() });
        }
    });
}
