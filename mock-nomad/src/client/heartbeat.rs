//! Registers the node and keeps it alive.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lab_wire::rpc::to_value;
use lab_world::format_duration;
use rmpv::Value;

use super::rpc::NO_SERVERS;
use super::{Client, LOGGER, vault_facts};
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::server::Access;
use crate::structs::Body;

/// The first heartbeat comes within this time of the registration.
const FIRST: Duration = Duration::from_secs(10);
const REGISTER_RETRY: Duration = Duration::from_secs(15);
const NO_SERVERS_RETRY: Duration = Duration::from_secs(1);
/// How long a client on sockets gives servers that begin when it does, and how often it looks.
const SERVERS_BEGIN: Duration = Duration::from_secs(3);
const SERVERS_LOOK: Duration = Duration::from_millis(20);

/// Registers, and then sends heartbeats for as long as the client lives.
pub(super) async fn run(client: Arc<Client>) {
    let clock = &client.parts.host.clock;
    let log = &client.parts.host.log;
    vault_facts::look(&client).await;
    if !client.parts.host.net.is_simulated() {
        clock.timeout(SERVERS_BEGIN, until_a_server_listens(&client)).await;
    }
    register_until_done(&client).await;
    let mut wait = client.entropy.duration(Duration::ZERO..FIRST);
    loop {
        client.wait_for_success(wait).await;
        match beat(&client).await {
            Ok(ttl) => wait = ttl,
            Err(error) if error.0.contains("node not found") => {
                log.info(LOGGER, "re-registering node");
                client.beat().registered = false;
                register_until_done(&client).await;
                wait = client.entropy.duration(Duration::ZERO..FIRST);
            }
            Err(error) => {
                wait = retry_interval(&client, clock.now());
                let period = format_duration(wait);
                let text = format!("failed to update status: {error}");
                log.error(
                    LOGGER,
                    format!("error heartbeating. retrying: {} period={period}", pair("error", text)),
                );
            }
        }
    }
}

/// A real client takes this time to look at its machine; without it, one that is started beside its servers would come
/// before them, and try again only after [`REGISTER_RETRY`].
async fn until_a_server_listens(client: &Client) {
    let host = &client.parts.host;
    while let Some(server) = client.servers.first() {
        if host.net.connect(server).await.is_ok() {
            return;
        }
        client.servers.failed(server);
        host.clock.sleep(SERVERS_LOOK).await;
    }
}

async fn register_until_done(client: &Client) {
    let log = &client.parts.host.log;
    loop {
        let base = match register(client).await {
            Ok(()) => return,
            Err(error) if error.0 == NO_SERVERS => {
                log.debug(LOGGER, format!("registration waiting on servers: {}", pair("error", &error)));
                NO_SERVERS_RETRY
            }
            Err(error) => {
                log.error(LOGGER, format!("error registering: {}", pair("error", &error)));
                if error.0.ends_with("Permission denied") {
                    // Perhaps the servers have forgotten the node: the next try is that of a new one.
                    client.beat().registered = false;
                }
                REGISTER_RETRY
            }
        };
        client.wait_for_success(client.retry_interval(base)).await;
    }
}

/// Registers the node as it is now.
pub(super) async fn register(client: &Client) -> Result<(), RpcError> {
    let node = to_value(&client.node()).map_err(|error| RpcError::new(error.to_string()))?;
    let body = client.request([("Node", node), ("NodeEvent", Value::Nil), ("CreateNodePool", false.into())]);
    let answer = client.rpc("Node.Register", Access::Write, body).await?;
    client.beat().registered = true;
    take_answer(client, Body(&answer));
    client.parts.host.log.info(LOGGER, "node registration complete");
    client.registered.notify_waiters();
    Ok(())
}

/// One heartbeat. When the next is due.
async fn beat(client: &Client) -> Result<Duration, RpcError> {
    let clock = &client.parts.host.clock;
    let (before, asked) = (*client.beat(), clock.now());
    let body = client.request([
        ("NodeID", client.node_id().into()),
        ("Status", "ready".into()),
        ("NodeEvent", Value::Nil),
        ("UpdatedAt", 0.into()),
        ("ForceIdentityRenewal", client.signed.renews().into()),
    ]);
    let answer = client.rpc("Node.UpdateStatus", Access::Write, body).await?;
    let now = clock.now();
    // An index says that the servers had to change the node's status: they had missed it.
    let was_missed = Body(&answer).index("Index") > 0 && before.beaten;
    client.beat().beaten = true;
    if let Some(since) =
        before.last.map(|last| (now - last).unsigned_abs()).filter(|since| *since > before.ttl && was_missed)
    {
        let latency = format_duration((now - asked).unsigned_abs());
        let (ttl, since_text) = (format_duration(before.ttl), format_duration(since));
        client.parts.host.log.warn(LOGGER, format!("missed heartbeat: req_latency={latency} heartbeat_ttl={ttl} since_last_heartbeat={since_text}"));
        // The servers may have given the work up meanwhile: they hear what became of it.
        client.send_all();
    }
    Ok(take_answer(client, Body(&answer)))
}

/// Takes what the servers say of themselves. When the next heartbeat is due.
fn take_answer(client: &Client, answer: Body<'_>) -> Duration {
    client.signed.take(answer.string("SignedIdentity"));
    let ttl = Duration::from_nanos(answer.integer("HeartbeatTTL").max(0).unsigned_abs());
    {
        let mut beat = client.beat();
        beat.last = Some(client.parts.host.clock.now());
        beat.ttl = ttl;
    }
    let servers: Vec<SocketAddr> = answer
        .list("Servers")
        .iter()
        .filter_map(|server| Body(server).string("RPCAdvertiseAddr").parse().ok())
        .collect();
    if !servers.is_empty() {
        client.servers.set(servers);
    }
    ttl.max(Duration::from_secs(1))
}

/// How long to wait after a heartbeat that failed.
fn retry_interval(client: &Client, now: time::OffsetDateTime) -> Duration {
    let second = Duration::from_secs(1);
    if client.parts.settings.dev {
        return second;
    }
    let beat = *client.beat();
    let left = beat.last.map_or(time::Duration::ZERO, |last| last + beat.ttl - now);
    let stagger = |limit: Duration| client.entropy.duration(Duration::ZERO..limit);
    if left.is_negative() && left > time::Duration::seconds(-30) {
        return second + stagger(second);
    }
    match stagger(left.unsigned_abs()) {
        wait if wait < second => second + stagger(second),
        wait if wait > Duration::from_secs(30) => Duration::from_secs(25) + stagger(Duration::from_secs(5)),
        wait => wait,
    }
}
