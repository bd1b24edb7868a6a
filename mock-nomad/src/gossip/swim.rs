//! How news of nodes are weighed: SWIM, as memberlist has it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use lab_world::Level;
use time::OffsetDateTime;

use super::member::{Member, Status};
use super::message::{Accusation, Alive, Message, VERSIONS, address_of, octets_of};
use super::serf::decode_tags;
use super::state::{Liveness, Node, State};
use super::stream::NodeState;

/// The time between two probes, which suspicion is measured by.
pub(super) const PROBE_INTERVAL: Duration = Duration::from_secs(5);
/// For how many intervals a node among few is suspected before it counts as dead.
const SUSPICION: f64 = 6.0;
/// How much longer a node among many is, until others agree.
const LONGEST_SUSPICION: f64 = 6.0;
/// How many others have to agree.
const AGREEING: usize = 4;

impl State {
    /// Takes in a node's account of itself.
    pub(super) fn alive(&mut self, told: Alive) {
        let is_own = told.node == self.own_name;
        if is_own && self.is_leaving {
            return;
        }
        let Some(address) = address_of(&told.addr, told.port) else {
            let length = told.addr.len();
            let reason = format!("IP byte length is invalid: {length} bytes is not either 4 or 16");
            return self.say(
                Level::Warn,
                format!("memberlist: Ignoring an alive message for '{}': {reason}", told.node),
            );
        };
        if told.vsn.len() < VERSIONS.len() || told.vsn[0] == 0 || told.vsn[0] > told.vsn[1] {
            let line = "because protocol version(s) are wrong";
            let (name, version) = (&told.node, &told.vsn);
            let line =
                format!("memberlist: Ignoring an alive message for '{name}' ({address}) {line}: {version:?}");
            return self.say(Level::Warn, line);
        }
        if let Some(node) = self.nodes.get(&told.node) {
            let is_free = node.liveness == Liveness::Left || node.is_forgotten(self.now);
            if node.member.address != address && !is_free {
                return self.refuse_address(&told.node, address);
            }
            let is_older = told.incarnation <= node.incarnation && !is_free;
            if !is_own && is_older {
                return;
            }
            if is_own {
                if told.incarnation > node.incarnation
                    || told.incarnation == node.incarnation && told.meta != node.meta
                {
                    let name = &told.node;
                    let line = format!("memberlist: Refuting an alive message for '{name}' ({address})");
                    self.say(Level::Warn, line);
                    self.refute(told.incarnation);
                }
                return;
            }
        }
        self.accept(told, address);
    }

    /// Takes in that a node does not answer.
    pub(super) fn suspect(&mut self, told: Accusation) {
        let is_own = told.node == self.own_name;
        let now = self.now;
        let Some(node) = self.nodes.get_mut(&told.node) else { return };
        if told.incarnation < node.incarnation {
            return;
        }
        match node.liveness {
            Liveness::Suspect => {
                if node.accusers.len() <= AGREEING && node.accusers.insert(told.from.clone()) {
                    self.tell(&told.node.clone(), &Message::Suspect(told));
                }
            }
            Liveness::Alive if is_own => {
                self.refute(told.incarnation);
                let from = &told.from;
                self.say(Level::Warn, format!("memberlist: Refuting a suspect message (from: {from})"));
            }
            Liveness::Alive => {
                node.liveness = Liveness::Suspect;
                node.incarnation = told.incarnation;
                node.since = now;
                node.accusers = BTreeSet::from([told.from.clone()]);
                self.tell(&told.node.clone(), &Message::Suspect(told));
            }
            Liveness::Dead | Liveness::Left => {}
        }
    }

    /// Takes in that a node is dead, or left where it says so itself.
    pub(super) fn dead(&mut self, told: Accusation) {
        let Some(node) = self.nodes.get_mut(&told.node) else { return };
        if told.incarnation < node.incarnation || !node.liveness.is_there() {
            return;
        }
        if told.node == self.own_name && !self.is_leaving {
            self.refute(told.incarnation);
            let from = &told.from;
            return self.say(Level::Warn, format!("memberlist: Refuting a dead message (from: {from})"));
        }
        node.incarnation = told.incarnation;
        node.liveness = if told.node == told.from { Liveness::Left } else { Liveness::Dead };
        node.since = self.now;
        node.accusers.clear();
        let (name, status) = (told.node.clone(), node.member.status);
        self.tell(&name, &Message::Dead(told));
        match status {
            Status::Leaving => self.set_status(&name, Status::Left, "EventMemberLeave"),
            Status::Alive => self.set_status(&name, Status::Failed, "EventMemberFailed"),
            Status::Left | Status::Failed => {}
        }
    }

    /// Takes in what another server knows. That a node is dead counts as suspicion until this one finds out itself.
    pub(super) fn merge(&mut self, nodes: Vec<NodeState>) {
        for NodeState { name, addr, port, meta, incarnation, state, vsn } in nodes {
            match state {
                0 => self.alive(Alive { incarnation, node: name, addr, port, meta, vsn }),
                3 => self.dead(Accusation { incarnation, from: name.clone(), node: name }),
                _ => self.suspect(Accusation { incarnation, node: name, from: self.own_name.clone() }),
            }
        }
    }

    /// Ends suspicions whose time is up; when the next one's is.
    pub(super) fn expire(&mut self) -> Option<OffsetDateTime> {
        let count = self.count();
        let suspected = self.nodes.values().filter(|node| node.liveness == Liveness::Suspect);
        let ends: Vec<_> = suspected
            .map(|node| {
                (
                    node.since + patience(count, node.accusers.len().saturating_sub(1)),
                    node.member.name.clone(),
                )
            })
            .collect();
        let (due, later): (Vec<_>, Vec<_>) = ends.into_iter().partition(|(end, _)| *end <= self.now);
        for (_, name) in due {
            let Some(node) = self.nodes.get(&name) else { continue };
            let (incarnation, agreeing) = (node.incarnation, node.accusers.len().saturating_sub(1));
            let reached = format!("suspect timeout reached ({agreeing} peer confirmations)");
            self.say(Level::Info, format!("memberlist: Marking {name} as failed, {reached}"));
            self.dead(Accusation { incarnation, from: self.own_name.clone(), node: name });
        }
        later.into_iter().map(|(end, _)| end).min()
    }

    /// This node's own account.
    pub(super) fn own_account(&self) -> Option<Alive> {
        let own = self.nodes.get(&self.own_name)?;
        Some(Alive {
            incarnation: own.incarnation,
            node: self.own_name.clone(),
            addr: octets_of(own.member.address.ip()),
            port: own.member.address.port(),
            meta: own.meta.clone(),
            vsn: VERSIONS.to_vec(),
        })
    }

    fn accept(&mut self, told: Alive, address: SocketAddr) {
        let tags = decode_tags(&told.meta);
        let name = told.node.clone();
        self.tell(&name, &Message::Alive(told.clone()));
        let old = self.nodes.get(&name).map(|node| (node.liveness, node.meta != told.meta));
        let node = self.nodes.entry(name.clone()).or_insert_with(|| Node {
            member: Member { name: name.clone(), address, tags: tags.clone(), status: Status::Failed },
            liveness: Liveness::Dead,
            since: self.now,
            incarnation: 0,
            meta: Vec::new(),
            status_time: 0,
            accusers: BTreeSet::new(),
        });
        node.incarnation = told.incarnation;
        node.meta = told.meta;
        node.accusers.clear();
        (node.member.address, node.member.tags) = (address, tags);
        if node.liveness != Liveness::Alive {
            (node.liveness, node.since) = (Liveness::Alive, self.now);
        }
        match old {
            Some((liveness, is_other)) if liveness.is_there() => {
                if is_other {
                    self.is_changed = true;
                    self.say(Level::Info, format!("serf: EventMemberUpdate: {name}"));
                }
            }
            _ => self.welcome(&name),
        }
    }

    /// A node came, or came back.
    fn welcome(&mut self, name: &str) {
        self.set_status(name, Status::Alive, "EventMemberJoin");
        if let Some((time, is_leave)) = self.intents.remove(name)
            && let Some(node) = self.nodes.get_mut(name)
        {
            node.status_time = node.status_time.max(time);
            if is_leave {
                node.member.status = Status::Leaving;
            }
        }
    }

    /// Contradicts what is said of this node, by a higher number.
    fn refute(&mut self, accused: u32) {
        self.incarnation = self.incarnation.saturating_add(1).max(accused.saturating_add(1));
        let incarnation = self.incarnation;
        if let Some(own) = self.nodes.get_mut(&self.own_name) {
            own.incarnation = incarnation;
        }
        if let Some(account) = self.own_account() {
            self.tell(&account.node.clone(), &Message::Alive(account));
        }
    }

    fn refuse_address(&mut self, name: &str, theirs: SocketAddr) {
        let Some(node) = self.nodes.get(name) else { return };
        let (mine, state) = (node.member.address, node.liveness as u8);
        let line = format!(
            "memberlist: Conflicting address for {name}. Mine: {mine} Theirs: {theirs} Old state: {state}"
        );
        self.say(Level::Error, line);
    }
}

/// For how long one of `count` nodes is suspected, while `agreeing` others say the same.
fn patience(count: usize, agreeing: usize) -> Duration {
    let least = PROBE_INTERVAL.mul_f64(SUSPICION * (count as f64).log10().max(1.0));
    if count < AGREEING + 2 {
        return least;
    }
    let longest = least.mul_f64(LONGEST_SUSPICION);
    let share = (agreeing as f64 + 1.0).ln() / (AGREEING as f64 + 1.0).ln();
    longest.saturating_sub((longest - least).mul_f64(share)).max(least)
}
