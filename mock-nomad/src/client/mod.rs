//! A client: registers its node, keeps it alive, and runs what the servers want.

mod access;
mod address;
mod alloc_dir;
mod checks;
mod driver;
mod environment;
mod events;
mod files;
mod fingerprint;
mod gauges;
mod health;
mod heartbeat;
mod hooks;
mod identity;
mod lifecycle;
mod metadata;
mod persist;
mod restart;
mod rpc;
mod runner;
mod servers;
mod services;
mod sync;
mod task;
mod vault_facts;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use lab_world::{Entropy, format_duration};
use time::OffsetDateTime;
use tokio::sync::Notify;

pub(crate) use self::files::{FileError, Files};
pub(crate) use self::fingerprint::CORES;
use self::identity::{Identity, Signed};
use self::metadata::Metadata;
pub(crate) use self::metadata::{Changes, MetadataView};
use self::runner::Runner;
use self::servers::Servers;
use crate::seam::ClientParts;
use crate::telemetry::Telemetry;

/// The name that a client logs under.
pub(crate) const LOGGER: &str = "client";

/// A running client. Everything it does ends with the tasks it was given; what it runs is found again by the next
/// client with the same data directory.
pub(crate) struct Client {
    parts: ClientParts,
    identity: Identity,
    signed: Signed,
    /// The token that introduces it while it is new.
    introduction: String,
    servers: Servers,
    entropy: Entropy,
    /// When it started.
    began: OffsetDateTime,
    /// What is known of Vault.
    vault_facts: Mutex<BTreeMap<String, String>>,
    metadata: Metadata,
    beat: Mutex<Beat>,
    runners: Mutex<BTreeMap<String, Runner>>,
    /// Allocations that the servers have yet to hear of.
    unsent: sync::Unsent,
    /// Wakes those who wait after a failure: some call went through.
    success: Notify,
    /// Wakes those who wait for the node to be registered.
    registered: Notify,
}

/// How the node stands with the servers.
#[derive(Clone, Copy, Debug, Default)]
struct Beat {
    registered: bool,
    /// Whether there was a heartbeat since the client started.
    beaten: bool,
    /// When the servers last heard of it.
    last: Option<OffsetDateTime>,
    ttl: Duration,
}

impl Client {
    /// Starts a client, and goes on with what an earlier one left running.
    pub(crate) fn start(parts: ClientParts) -> Arc<Self> {
        let host = &parts.host;
        let entropy = host.entropy.branch("client");
        let data_dir = parts.settings.data_dir.as_deref();
        let identity = Identity::load(host, data_dir);
        let introduction = identity::introduction(host, data_dir, &parts.settings.introduction);
        host.log.info(LOGGER, format!("started client: node_id={}", identity.node_id));
        let servers = Servers::new(parts.settings.servers.clone(), entropy.branch("servers"));
        let client = Arc::new(Self {
            identity,
            signed: Signed::default(),
            introduction,
            servers,
            entropy,
            began: host.clock.now(),
            vault_facts: Mutex::default(),
            metadata: Metadata::load(&parts),
            beat: Mutex::default(),
            runners: Mutex::default(),
            unsent: sync::Unsent::default(),
            success: Notify::new(),
            registered: Notify::new(),
            parts,
        });
        persist::restore(&client);
        let tasks = &client.parts.tasks;
        tasks.spawn(heartbeat::run(Arc::clone(&client)));
        tasks.spawn(watch::run(Arc::clone(&client)));
        tasks.spawn(sync::run(Arc::clone(&client)));
        tasks.spawn(vault_facts::run(Arc::clone(&client)));
        tasks.spawn(metadata::run(Arc::clone(&client)));
        tasks.spawn(servers::rebalance(Arc::clone(&client)));
        client
    }

    /// Ends everything at once but what it runs, as a crash of the agent does.
    #[cfg(test)]
    pub(crate) fn stop(&self) {
        self.parts.tasks.abort();
        self.runners().values().for_each(Runner::abandon);
    }

    /// Where it counts what it does.
    pub(crate) fn telemetry(&self) -> &Arc<Telemetry> {
        &self.parts.telemetry
    }

    /// The node's id.
    pub(crate) fn uuid(&self) -> String {
        self.entropy.uuid()
    }

    /// The node's id.
    pub(crate) fn node_id(&self) -> &str {
        &self.identity.node_id
    }

    /// The servers it knows, the one it talks to first.
    pub(crate) fn known_servers(&self) -> Vec<SocketAddr> {
        self.servers.all()
    }

    /// Replaces the servers it knows.
    pub(crate) fn set_servers(&self, servers: Vec<SocketAddr>) {
        self.servers.set(servers);
    }

    /// What `stats.client` of the agent shows.
    pub(crate) fn stats(&self) -> BTreeMap<String, String> {
        let beat = *self.beat();
        let now = self.parts.host.clock.now();
        let since =
            beat.last.map_or_else(|| "0s".to_owned(), |last| format_duration((now - last).unsigned_abs()));
        let servers: Vec<String> = self.known_servers().iter().map(SocketAddr::to_string).collect();
        [
            ("node_id", self.node_id().to_owned()),
            ("known_servers", servers.join(",")),
            ("num_allocations", self.runners().len().to_string()),
            ("last_heartbeat", since),
            ("heartbeat_ttl", format_duration(beat.ttl)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    /// Ends every process that it started and left running, at once.
    pub(crate) fn kill_processes(&self) {
        self.runners().values().for_each(Runner::kill_processes);
    }

    /// Whether `raw_exec` starts real processes here: on this machine, where the plugin is enabled.
    fn runs_processes(&self) -> bool {
        self.parts.settings.raw_exec && !self.parts.host.net.is_simulated()
    }

    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.beat.lock().expect("no panic while beating")
    }

    fn runners(&self) -> MutexGuard<'_, BTreeMap<String, Runner>> {
        self.runners.lock().expect("no panic while running")
    }

    /// How long to wait after a failure: at least `base`, at most twice that; in dev mode a second.
    fn retry_interval(&self, base: Duration) -> Duration {
        if self.parts.settings.dev { Duration::from_secs(1) } else { self.entropy.duration(base..base * 2) }
    }

    /// Waits until `limit` is over or some call goes through.
    async fn wait_for_success(&self, limit: Duration) {
        tokio::select! {
            biased;
            () = self.success.notified() => {}
            () = self.parts.host.clock.sleep(limit) => {}
        }
    }
}

impl Drop for Client {
    /// The machine would go on with what runs; in a simulation it is the next client that goes on with it.
    fn drop(&mut self) {
        self.runners().values().for_each(Runner::abandon);
    }
}
