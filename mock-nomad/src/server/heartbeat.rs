//! Watches over the nodes: who does not send a heartbeat in time is down.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use lab_world::{Clock, Entropy};
use rmpv::Value;
use time::OffsetDateTime;
use tokio::sync::Notify;

use super::{LOGGER, Server};
use crate::hclog::pair;
use crate::seam::{RpcError, ServerSettings};
use crate::structs::NodeEvent;

/// The timers of a leader; without leadership there are none.
pub(super) struct Heartbeats {
    clock: Clock,
    entropy: Entropy,
    min_ttl: Duration,
    max_per_second: f64,
    grace: Duration,
    failover_ttl: Duration,
    timers: Mutex<BTreeMap<String, OffsetDateTime>>,
    earlier: Notify,
}

impl Heartbeats {
    pub(super) fn new(settings: &ServerSettings, clock: &Clock, entropy: Entropy) -> Self {
        Self {
            clock: clock.clone(),
            entropy,
            min_ttl: settings.min_heartbeat_ttl,
            max_per_second: settings.max_heartbeats_per_second,
            grace: settings.heartbeat_grace,
            failover_ttl: settings.failover_heartbeat_ttl,
            timers: Mutex::default(),
            earlier: Notify::new(),
        }
    }

    /// A new leader gives every node time to find it.
    pub(super) fn begin(&self, nodes: impl IntoIterator<Item = String>) {
        let deadline = self.clock.now() + self.failover_ttl;
        let mut timers = self.timers.lock().expect("no panic while timing");
        *timers = nodes.into_iter().map(|node| (node, deadline)).collect();
        self.earlier.notify_one();
    }

    /// A leadership ends, and the watch with it.
    pub(super) fn end(&self) {
        self.timers.lock().expect("no panic while timing").clear();
    }

    /// A node was heard. When the next heartbeat is due; the node is down a grace time after that.
    pub(super) fn reset(&self, node: &str) -> Duration {
        let mut timers = self.timers.lock().expect("no panic while timing");
        let rate = self.max_per_second.max(0.001);
        let base = self.min_ttl.max(Duration::from_secs_f64(timers.len() as f64 / rate));
        let ttl = base + self.entropy.duration(Duration::ZERO..base);
        let deadline = self.clock.now() + ttl + self.grace;
        let before = timers.insert(node.to_owned(), deadline);
        drop(timers);
        // The first heartbeat after an election ends the long time that a new leader gives.
        if before.is_none_or(|before| deadline < before) {
            self.earlier.notify_one();
        }
        ttl
    }

    /// A node is no longer watched.
    pub(super) fn forget(&self, node: &str) {
        self.timers.lock().expect("no panic while timing").remove(node);
    }

    /// Nodes whose time is over; they are no longer watched.
    fn expired(&self) -> Vec<String> {
        let now = self.clock.now();
        let mut timers = self.timers.lock().expect("no panic while timing");
        let late: Vec<String> =
            timers.iter().filter(|(_, deadline)| **deadline <= now).map(|(node, _)| node.clone()).collect();
        timers.retain(|node, _| !late.contains(node));
        late
    }

    /// Waits until some node's time may be over.
    async fn wait(&self) {
        let earlier = self.earlier.notified();
        let next = self.timers.lock().expect("no panic while timing").values().min().copied();
        match next {
            None => earlier.await,
            Some(next) => tokio::select! {
                biased;
                () = earlier => {}
                () = self.clock.sleep_until(next) => {}
            },
        }
    }
}

/// Marks nodes as down, or as disconnected where their work allows that, for as long as this server leads.
pub(super) async fn watch(server: &Server) {
    loop {
        server.heartbeats.wait().await;
        for node in server.heartbeats.expired() {
            invalidate(server, &node).await;
        }
    }
}

async fn invalidate(server: &Server, node: &str) {
    let log = &server.parts.host.log;
    log.warn("nomad.heartbeat", format!("node TTL expired: node_id={node}"));
    let status = if may_disconnect(server, node) { "disconnected" } else { "down" };
    let event = NodeEvent::cluster("Node heartbeat missed", server.parts.host.clock.now());
    if let Err(error) = server.set_node_status(node, status, Some(event)).await {
        log.error("nomad.heartbeat", format!("update node status failed: {}", pair("error", &error)));
    }
}

/// Whether some running work on the node may outlive a disconnection.
fn may_disconnect(server: &Server, node: &str) -> bool {
    server.store.read(|tables| {
        tables.allocations_of_node(node).filter(|allocation| !allocation.is_terminal()).any(|allocation| {
            let group = allocation.job.as_ref().and_then(|job| job.group(&allocation.task_group));
            group.is_some_and(|group| group.number("Disconnect", "LostAfter").unwrap_or(0) > 0)
        })
    })
}

impl Server {
    /// Changes a node's status and makes the evaluations that follow. The index, and the evaluations' ids and index.
    pub(super) async fn set_node_status(
        &self,
        node: &str,
        status: &str,
        event: Option<NodeEvent>,
    ) -> Result<(u64, Vec<String>, u64), RpcError> {
        let before = self.store.read(|tables| tables.nodes.get(node).map(|node| node.status.clone()));
        let Some(before) = before else { return Err(RpcError::new("node not found")) };
        let change = crate::state::StatusChange {
            node_id: node.to_owned(),
            status: status.to_owned(),
            at: self.parts.host.clock.unix(),
            event,
        };
        let index = self.apply(crate::state::Command::UpdateNodeStatus(change)).await?;
        if status == "down" {
            self.heartbeats.forget(node);
        }
        let (evaluations, evaluation_index) = match is_news(&before, status) {
            true => self.evaluate_node(node, index).await?,
            false => (Vec::new(), 0),
        };
        Ok((index, evaluations, evaluation_index))
    }

    /// Takes a heartbeat: when the next is due.
    pub(super) fn next_heartbeat(&self, node: &str) -> Result<Duration, RpcError> {
        if !self.raft.is_leader() {
            let text = "failed to reset heartbeat since server is not leader";
            self.parts.host.log.debug(LOGGER, text);
            return Err(RpcError::new(text));
        }
        let down = self.store.read(|tables| tables.nodes.get(node).is_none_or(|node| node.is_terminal()));
        Ok(if down { Duration::ZERO } else { self.heartbeats.reset(node) })
    }

    /// The heartbeat part of a reply: when the next is due, and which servers there are.
    pub(super) fn heartbeat_fields(&self, next: Duration) -> Vec<(Value, Value)> {
        let region = &self.parts.settings.region;
        let servers: Vec<Value> = self
            .parts
            .members
            .servers()
            .into_iter()
            .filter(|member| member.alive && member.region == *region)
            .map(|member| {
                crate::structs::map([
                    ("RPCAdvertiseAddr", member.rpc.to_string().into()),
                    ("Datacenter", member.datacenter.into()),
                    ("RPCMajorVersion", 0.into()),
                    ("RPCMinorVersion", 0.into()),
                ])
            })
            .collect();
        let leader = self.leader().map(|address| address.to_string()).unwrap_or_default();
        let nodes = self.store.read(|tables| tables.nodes.len());
        let next = i64::try_from(next.as_nanos()).unwrap_or(i64::MAX);
        vec![
            ("HeartbeatTTL".into(), next.into()),
            ("NumNodes".into(), (nodes as u64).into()),
            ("Servers".into(), Value::Array(servers)),
            ("LeaderRPCAddr".into(), leader.into()),
            ("Features".into(), 0.into()),
        ]
    }
}

/// Whether a change of status may move work: anything to down, into ready, into and out of disconnected.
fn is_news(before: &str, after: &str) -> bool {
    match (before, after) {
        (before, "down") => before != "down",
        ("initializing" | "down", "ready") => true,
        ("disconnected", after) => after != "disconnected",
        (_, "disconnected") => true,
        _ => false,
    }
}
