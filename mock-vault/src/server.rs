//! A server on a host.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lab_pki::KeySource;
use lab_wire::http::{Handler, Peer, Request, Together};
use lab_wire::jwt::Fetcher;
use lab_world::{Disk, Host, Tasks};

use crate::configuration::TlsFiles;
use crate::error::Error;
use crate::http::Served;
use crate::listener::{ListenerConfig, Listening};
use crate::mounts::{SYSTEM_MAX_TTL, SystemTtl};
use crate::settings::ServerFacts;
use crate::storage::Physical;
use crate::vault::Vault;

/// Where a server keeps its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// `inmem`: gone when the server stops.
    #[default]
    Memory,
    /// `file`: a directory on the host's disk; survives a restart, sealed.
    File(PathBuf),
}

/// A server that is initialised and unsealed at once, as `vault server -dev` is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dev {
    /// The root token; `None` makes one.
    pub root_token: Option<String>,
    /// Whether the KV engine at `secret/` keeps no versions.
    pub unversioned: bool,
}

/// How a server is set up.
#[derive(Clone)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where its state is.
    pub storage: Storage,
    /// Whether it is a development server.
    pub dev: Option<Dev>,
    /// Where its keys come from. Keys of a simulation are refused on a socket.
    pub keys: KeySource,
    /// Whether `/` leads to the web interface.
    pub ui: bool,
    /// The certificate that it shows on `listen`; `None`: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Where else it listens.
    pub more_listeners: Vec<ListenerConfig>,
    /// The cluster's name; `None` makes one up when the server is initialised.
    pub cluster_name: Option<String>,
    /// How long leases last where nothing else is said; zero for 768 hours.
    pub default_lease_ttl: Duration,
    /// How long leases may last; zero for 768 hours.
    pub max_lease_ttl: Duration,
    /// What `sys/config/state/sanitized` shows; empty for what a server for development shows.
    pub shown: serde_json::Map<String, serde_json::Value>,
}

impl Config {
    /// Port 8200 on the host's own address, storage in memory, keys that fit the host.
    pub fn for_host(host: &Host) -> Self {
        Self {
            listen: SocketAddr::new(host.net.address(), 8200),
            storage: Storage::Memory,
            dev: None,
            keys: KeySource::for_host(host),
            ui: false,
            tls: None,
            more_listeners: Vec::new(),
            cluster_name: None,
            default_lease_ttl: Duration::ZERO,
            max_lease_ttl: Duration::ZERO,
            shown: serde_json::Map::new(),
        }
    }

    fn listeners(&self) -> Vec<ListenerConfig> {
        let first = ListenerConfig { tls: self.tls.clone(), ..ListenerConfig::plain(self.listen) };
        std::iter::once(first).chain(self.more_listeners.iter().cloned()).collect()
    }
}

/// A running server. Dropping it stops it at once.
pub struct Server {
    listening: Vec<Listening>,
    root_token: Option<String>,
    unseal_key: Option<String>,
    vault: Arc<Vault>,
    disk: Disk,
    tasks: Tasks,
}

impl Server {
    /// Starts a server on a host.
    ///
    /// Errors: the address is taken or not allowed; the storage or a certificate cannot be read; the keys do not fit the
    /// host.
    pub async fn start(host: &Host, config: Config) -> Result<Self, Error> {
        config.keys.check_host(host).map_err(|error| Error::Keys(error.to_string()))?;
        let longest = if config.max_lease_ttl.is_zero() { SYSTEM_MAX_TTL } else { config.max_lease_ttl };
        if config.default_lease_ttl > longest {
            return Err(Error::Core("cannot have DefaultLeaseTTL larger than MaxLeaseTTL"));
        }
        let physical = match &config.storage {
            Storage::Memory => Physical::memory(),
            Storage::File(path) => Physical::file(host.disk.clone(), path),
        };
        let listeners = config.listeners();
        let keys = config.keys.clone();
        let vault = Arc::new(Vault::new(physical, host, keys, config.ui).map_err(Error::Storage)?);
        vault.lock().cluster_name.clone_from(&config.cluster_name);
        vault.lock().system_ttl = SystemTtl::configured(config.default_lease_ttl, config.max_lease_ttl);
        vault.lock().facts = Arc::new(facts(host, &config, &listeners));
        let tasks = Tasks::new();
        let serve = handler_of(host, &vault);
        let mut listening = Vec::new();
        for listener in &listeners {
            listening.push(Listening::start(host, listener, &serve, &tasks).await?);
        }
        let (root_token, unseal_key) = match &config.dev {
            Some(dev) => {
                let (token, key) = vault.start_dev(dev).map_err(Error::Dev)?;
                (Some(token), Some(key))
            }
            None => (None, None),
        };
        tasks.spawn(expire(Arc::clone(&vault)));
        for one in &listening {
            host.log.info("core", format!("vault server started: address={}", one.address));
        }
        Ok(Self { listening, root_token, unseal_key, vault, disk: host.disk.clone(), tasks })
    }

    /// Where it listens; the first of its ports.
    pub fn address(&self) -> SocketAddr {
        // `start` opens `Config::listen` before anything else.
        self.listening.first().map(|one| one.address).expect("a server has a port")
    }

    /// Reads certificates and keys again, as the real server does on SIGHUP.
    ///
    /// Errors: the first that cannot be used; what it would have replaced stays.
    pub fn reload(&self) -> Result<(), Error> {
        self.listening.iter().try_for_each(|one| one.reload(&self.disk))
    }

    /// The root token of a development server.
    pub fn root_token(&self) -> Option<&str> {
        self.root_token.as_deref()
    }

    /// The unseal key of a development server, in base64.
    pub fn unseal_key(&self) -> Option<&str> {
        self.unseal_key.as_deref()
    }

    /// Whether it serves nothing but the way to unseal it.
    pub fn is_sealed(&self) -> bool {
        self.vault.lock().unsealed.is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.address())
    }
}

fn facts(host: &Host, config: &Config, listeners: &[ListenerConfig]) -> ServerFacts {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let cluster = SocketAddr::new(config.listen.ip(), config.listen.port().wrapping_add(1));
    let known = |address: String| if config.dev.is_some() { address } else { String::new() };
    ServerFacts {
        hostname: host.name.clone(),
        api_address: known(format!("{scheme}://{}", config.listen)),
        cluster_address: known(format!("https://{cluster}")),
        storage: match config.storage {
            Storage::Memory => "inmem".to_owned(),
            Storage::File(_) => "file".to_owned(),
        },
        listeners: listeners.iter().map(|listener| (listener.address, listener.tls.is_some())).collect(),
        cluster_name: config.cluster_name.clone().unwrap_or_default(),
        ui: config.ui,
        default_lease_ttl: config.default_lease_ttl.as_secs(),
        max_lease_ttl: config.max_lease_ttl.as_secs(),
        configured: config.shown.clone(),
    }
}

fn handler_of(host: &Host, vault: &Arc<Vault>) -> Handler {
    let fetcher = Arc::new(Fetcher::new(host.net.clone(), host.clock.clone()));
    let vault = Arc::clone(vault);
    // A simulated machine has no cores to wake.
    let together = (!host.net.is_simulated()).then(Together::default);
    Arc::new(move |request: Request, peer: Peer| {
        match crate::http::serve(&vault, &fetcher, &request, peer.address) {
            Served::Now(response) => match together.clone() {
                None => Box::pin(std::future::ready(response)),
                Some(together) => Box::pin(async move {
                    together.pass().await;
                    response
                }),
            },
            Served::Later(response) => response,
        }
    })
}

/// Ends leases when their time is over and lets engines do their chores: sleeps until the next of them.
async fn expire(vault: Arc<Vault>) {
    loop {
        let next = vault.expire();
        let sleep = async {
            match next {
                Some(next) => vault.clock.sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = vault.earlier.notified() => {}
            () = sleep => {}
        }
        // What is due now does not keep requests waiting.
        tokio::task::yield_now().await;
    }
}
