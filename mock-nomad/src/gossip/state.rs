//! What this server knows of every node, and what that sets going.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lab_world::Level;
use time::OffsetDateTime;

use super::broadcasts::Broadcasts;
use super::member::{Member, Status};
use super::message::{Message, VERSIONS, octets_of};
use super::stream::NodeState;

/// For how long a dead node is still told of.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How many intents of unknown nodes are kept.
const MOST_INTENTS: usize = 256;

/// How memberlist sees a node; the numbers are those of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Liveness {
    Alive = 0,
    Suspect = 1,
    Dead = 2,
    Left = 3,
}

impl Liveness {
    /// Whether it is asked and told things.
    pub(super) fn is_there(self) -> bool {
        matches!(self, Self::Alive | Self::Suspect)
    }
}

pub(super) struct Node {
    pub(super) member: Member,
    pub(super) liveness: Liveness,
    /// When its liveness changed.
    pub(super) since: OffsetDateTime,
    pub(super) incarnation: u32,
    /// Its tags as it told them.
    pub(super) meta: Vec<u8>,
    /// Lamport's time of the last intent.
    pub(super) status_time: u64,
    /// Who says that it does not answer.
    pub(super) accusers: BTreeSet<String>,
}

/// Everything this server knows, and what it has to say of changes.
pub(super) struct State {
    pub(super) own_name: String,
    pub(super) nodes: BTreeMap<String, Node>,
    pub(super) incarnation: u32,
    /// Lamport's clock of intents.
    pub(super) time: u64,
    /// Lamport's clock of queries.
    pub(super) query_time: u64,
    pub(super) is_leaving: bool,
    pub(super) broadcasts: Broadcasts,
    /// The last intent of nodes that are not known yet, and whether it was to leave.
    pub(super) intents: BTreeMap<String, (u64, bool)>,
    pub(super) now: OffsetDateTime,
    /// Lines for the log.
    pub(super) lines: Vec<(Level, String)>,
    /// Whether members changed, as others see them.
    pub(super) is_changed: bool,
    /// Whether something is to be told that was not before.
    pub(super) is_stirred: bool,
}

impl State {
    pub(super) fn new(own_name: &str, now: OffsetDateTime) -> Self {
        Self {
            own_name: own_name.to_owned(),
            nodes: BTreeMap::new(),
            incarnation: 1,
            time: 1,
            query_time: 1,
            is_leaving: false,
            broadcasts: Broadcasts::default(),
            intents: BTreeMap::new(),
            now,
            lines: Vec::new(),
            is_changed: false,
            is_stirred: false,
        }
    }

    /// Queues news of a node.
    pub(super) fn tell(&mut self, name: &str, message: &Message) {
        self.is_stirred = true;
        self.broadcasts.push(Some(name), message.encode());
    }

    pub(super) fn say(&mut self, level: Level, line: String) {
        self.lines.push((level, line));
    }

    /// How many nodes there are that were not dead for long.
    pub(super) fn count(&self) -> usize {
        self.nodes.values().filter(|node| !node.is_forgotten(self.now)).count()
    }

    /// Every node for another's push/pull.
    pub(super) fn node_states(&self) -> Vec<NodeState> {
        let known = self.nodes.values().filter(|node| !node.is_forgotten(self.now));
        known.map(Node::state).collect()
    }

    /// Keeps the later intent of a node that is not known; whether it was news.
    pub(super) fn keep_intent(&mut self, name: &str, time: u64, is_leave: bool) -> bool {
        let known = self.intents.get(name).map(|(known, _)| *known);
        if known.is_some_and(|known| known >= time) || known.is_none() && self.intents.len() >= MOST_INTENTS {
            return false;
        }
        self.intents.insert(name.to_owned(), (time, is_leave));
        true
    }

    /// Gives a node another status, and says so.
    pub(super) fn set_status(&mut self, name: &str, status: Status, event: &str) {
        let Some(node) = self.nodes.get_mut(name) else { return };
        node.member.status = status;
        let member = node.member.clone();
        self.is_changed = true;
        if status == Status::Leaving {
            return;
        }
        self.say(Level::Info, format!("serf: {event}: {} {}", member.name, member.address.ip()));
        let Some(server) = member.as_server() else { return };
        let verb = if status == Status::Alive { "adding" } else { "removing" };
        let (name, address, datacenter) = (server.name, server.rpc, server.datacenter);
        self.say(Level::Info, format!("{verb} server: name={name} addr={address} dc={datacenter}"));
    }
}

impl Node {
    /// Whether it has been dead for so long that nothing is known of it but that.
    pub(super) fn is_forgotten(&self, now: OffsetDateTime) -> bool {
        !self.liveness.is_there() && now - self.since >= REMEMBERED
    }

    fn state(&self) -> NodeState {
        NodeState {
            name: self.member.name.clone(),
            addr: octets_of(self.member.address.ip()),
            port: self.member.address.port(),
            meta: self.meta.clone(),
            incarnation: self.incarnation,
            state: self.liveness as u8,
            vsn: VERSIONS.to_vec(),
        }
    }
}
