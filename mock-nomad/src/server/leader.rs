//! What a server does when it becomes the leader, and when it no longer is.

use std::sync::Arc;
use std::time::Duration;

use lab_world::Tasks;

use super::endpoints::watch_locks;
use super::{LOGGER, Server, collector, deployments, drainer, heartbeat, keyring, periodic};
use crate::hclog::pair;
use crate::raft::Peer;
use crate::seam::{RpcError, ServerMember};
use crate::state::{Command, SettingsCommand};

/// How long another server may take to say whether it has a cluster, how often it is asked, and with what waits.
const ASK_LIMIT: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Starts the watches over leadership and over the other servers.
pub(super) fn begin(server: &Arc<Server>) {
    server.tasks().spawn(follow_leadership(Arc::clone(server)));
    server.tasks().spawn(bootstrap(Arc::clone(server)));
}

async fn follow_leadership(server: Arc<Server>) {
    let mut leadership = server.raft.leadership();
    let mut reign: Option<Tasks> = None;
    loop {
        let term = *leadership.borrow_and_update();
        match (term, reign.is_some()) {
            (Some(_), false) => {
                server.parts.host.log.info(LOGGER, "cluster leadership acquired");
                let tasks = Tasks::new();
                tasks.spawn(lead(Arc::clone(&server)));
                reign = Some(tasks);
            }
            (None, true) => {
                reign.take().into_iter().for_each(|tasks| tasks.abort());
                server.ready.send_replace(false);
                server.broker.set_enabled(false);
                server.heartbeats.end();
                server.parts.host.log.info(LOGGER, "cluster leadership lost");
            }
            _ => {}
        }
        if leadership.changed().await.is_err() {
            return;
        }
    }
}

/// Leads: catches up with the log, then takes over the queue and the watch over the nodes.
async fn lead(server: Arc<Server>) {
    if let Err(error) = server.apply(Command::Noop).await {
        server.parts.host.log.error(LOGGER, format!("failed to wait for barrier: {}", pair("error", &error)));
        return;
    }
    if let Err(error) = server.write_settings().await {
        server
            .parts
            .host
            .log
            .error(LOGGER, format!("failed to initialize settings: {}", pair("error", &error)));
    }
    // Nodes are given identities when they register, which need a key.
    server.initialize_keyring().await;
    server.broker.set_enabled(true);
    let (nodes, evaluations) = server.store.read(|tables| {
        let alive = tables.nodes.values().filter(|node| !node.is_terminal()).map(|node| node.id.clone());
        let open = tables.evaluations.values().filter(|evaluation| !evaluation.is_terminal()).cloned();
        (alive.collect::<Vec<_>>(), open.collect::<Vec<_>>())
    });
    server.heartbeats.begin(nodes);
    evaluations.iter().for_each(|evaluation| server.broker.take(evaluation));
    server.ready.send_replace(true);
    tokio::join!(
        biased;
        heartbeat::watch(&server),
        server.broker.run_timer(),
        keep_members(&server),
        keyring::tend(&server),
        watch_locks(&server),
        deployments::watch(&server),
        drainer::watch(&server),
        periodic::watch(&server),
        collector::watch(&server)
    );
}

impl Server {
    /// What a cluster's first leader puts into the log: how things are where nobody has said otherwise.
    async fn write_settings(&self) -> Result<(), RpcError> {
        let settings = self.store.read(|tables| tables.settings.clone());
        let mut missing = Vec::new();
        if settings.autopilot.create_index == 0 {
            let configuration = settings.autopilot.clone();
            missing.push(SettingsCommand::Autopilot { configuration, only_at: Some(0) });
        }
        if settings.scheduler.create_index == 0 {
            let configuration = settings.scheduler.clone();
            missing.push(SettingsCommand::Scheduler { configuration, only_at: Some(0) });
        }
        if settings.cluster_id.is_empty() {
            missing.push(SettingsCommand::Cluster { id: self.uuid() });
        }
        for command in missing {
            self.apply(Command::Settings(command)).await?;
        }
        Ok(())
    }
}

/// Makes servers that gossip shows members of consensus, and forgets those that left.
async fn keep_members(server: &Server) {
    let mut changes = server.parts.members.changes();
    loop {
        changes.borrow_and_update();
        for member in own_region(server) {
            let peers = server.raft.peers();
            let known = peers.iter().find(|peer| peer.id == member.id);
            let result = match (known, member.left) {
                (Some(_), true) => server.raft.remove_peer(&member.id).await,
                (Some(peer), false) if peer.address == member.rpc => Ok(()),
                (_, false) if member.alive => server.raft.add_peer(peer_of(&member)).await,
                _ => Ok(()),
            };
            if let Err(error) = result {
                server.parts.host.log.error(
                    LOGGER,
                    format!("failed to reconcile member: member={} {}", member.name, pair("error", &error)),
                );
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Waits until as many servers as expected are there, and begins the cluster with them, unless there is one already.
async fn bootstrap(server: Arc<Server>) {
    let expect = server.parts.settings.bootstrap_expect;
    let log = &server.parts.host.log;
    let mut changes = server.parts.members.changes();
    while expect > 0 && !server.raft.is_bootstrapped() {
        changes.borrow_and_update();
        let mut servers = own_region(&server);
        servers.retain(|member| member.alive);
        if servers.len() >= expect {
            match who_has_a_cluster(&server, &servers).await {
                Ok(None) => {
                    let peers: Vec<Peer> = servers.iter().map(peer_of).collect();
                    let addresses: Vec<String> = peers.iter().map(|peer| peer.address.to_string()).collect();
                    log.info(
                        LOGGER,
                        format!(
                            "found expected number of peers, attempting to bootstrap cluster...: peers={}",
                            addresses.join(",")
                        ),
                    );
                    server.raft.bootstrap(peers);
                    return;
                }
                Ok(Some(other)) => {
                    log.info(LOGGER, format!("disabling bootstrap mode because existing Raft peers being reported by peer: peer_name={} peer_address={}", other.name, other.rpc));
                    return;
                }
                // Tried again when gossip has news.
                Err(()) => {}
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// The first of the others that already has a cluster, which will take this server in. An error: one of them could
/// not be asked, and nothing may begin without its word.
async fn who_has_a_cluster<'a>(
    server: &Server,
    servers: &'a [ServerMember],
) -> Result<Option<&'a ServerMember>, ()> {
    for member in servers.iter().filter(|member| member.id != server.id) {
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        let peers = loop {
            match ask_for_peers(server, member).await {
                Ok(peers) => break peers,
                Err(error) => {
                    let text = format!(
                        "failed to confirm peer status: peer={} {}",
                        member.name,
                        pair("error", error)
                    );
                    server.parts.host.log.error(LOGGER, text);
                }
            }
            if attempt == ATTEMPTS || server.raft.is_bootstrapped() {
                return Err(());
            }
            server.parts.host.clock.sleep(wait).await;
            (attempt, wait) = (attempt + 1, wait * 2);
        };
        if peers > 0 {
            return Ok(Some(member));
        }
    }
    Ok(None)
}

/// How many members of consensus another server knows.
async fn ask_for_peers(server: &Server, member: &ServerMember) -> Result<usize, String> {
    let region = &server.parts.settings.region;
    let body = crate::structs::map([("Region", region.as_str().into()), ("AllowStale", true.into())]);
    let call = server.parts.dialer.call(member.rpc, region, "Status.Peers", body);
    match server.parts.host.clock.timeout(ASK_LIMIT, call).await {
        Some(Ok(peers)) => Ok(peers.as_array().map_or(0, Vec::len)),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("i/o timeout".to_owned()),
    }
}

fn own_region(server: &Server) -> Vec<ServerMember> {
    let region = &server.parts.settings.region;
    server.parts.members.servers().into_iter().filter(|member| member.region == *region).collect()
}

fn peer_of(member: &ServerMember) -> Peer {
    Peer { id: member.id.clone(), address: member.rpc }
}
