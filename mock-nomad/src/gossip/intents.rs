//! Who means to leave and to join: Serf's layer over what memberlist finds out.

use std::time::Duration;

use lab_world::Level;

use super::member::Status;
use super::message::{Accusation, Message};
use super::serf::{Intent, Serf, SerfState};
use super::state::State;

/// For how long one that failed is kept, and one that left.
const FAILED: Duration = Duration::from_secs(3 * 86_400);
const LEFT: Duration = Duration::from_secs(86_400);

impl State {
    /// Takes in that a node means to leave; whether others should hear of it.
    pub(super) fn leave_intent(&mut self, told: &Intent) -> bool {
        self.witness(told.time);
        let Some(node) = self.nodes.get_mut(&told.node) else {
            return self.keep_intent(&told.node, told.time, true);
        };
        if told.time <= node.status_time {
            return false;
        }
        if told.node == self.own_name && !self.is_leaving {
            self.say(Level::Debug, "serf: Refuting an older leave intent".into());
            self.announce();
            return false;
        }
        node.status_time = told.time;
        match node.member.status {
            Status::Alive => self.set_status(&told.node, Status::Leaving, ""),
            Status::Failed => self.set_status(&told.node, Status::Left, "EventMemberLeave (forced)"),
            Status::Leaving | Status::Left => {}
        }
        if told.prune {
            self.forget(&told.node, "EventMemberReap (forced)");
        }
        true
    }

    /// Takes in that a node means to stay; whether others should hear of it.
    pub(super) fn join_intent(&mut self, told: &Intent) -> bool {
        self.witness(told.time);
        let Some(node) = self.nodes.get_mut(&told.node) else {
            return self.keep_intent(&told.node, told.time, false);
        };
        if told.time <= node.status_time {
            return false;
        }
        node.status_time = told.time;
        if node.member.status == Status::Leaving {
            node.member.status = Status::Alive;
            self.is_changed = true;
        }
        true
    }

    /// Tells everybody that this node means to stay.
    pub(super) fn announce(&mut self) {
        self.time += 1;
        let intent = Intent { time: self.time, node: self.own_name.clone(), prune: false };
        self.join_intent(&intent);
        self.pass_on(Serf::Join(intent).encode());
    }

    /// Tells everybody that `name` leaves.
    pub(super) fn dismiss(&mut self, name: &str, prune: bool) {
        self.time += 1;
        let intent = Intent { time: self.time, node: name.to_owned(), prune };
        self.leave_intent(&intent);
        self.pass_on(Serf::Leave(intent).encode());
    }

    /// Tells everybody that this node is gone.
    pub(super) fn depart(&mut self) {
        let Some(account) = self.own_account() else { return };
        let name = self.own_name.clone();
        self.dead(Accusation { incarnation: account.incarnation, from: name.clone(), node: name });
    }

    /// Queues a message of Serf for everybody.
    pub(super) fn pass_on(&mut self, message: Vec<u8>) {
        self.is_stirred = true;
        self.broadcasts.push(None, Message::User(message).encode());
    }

    /// Serf's part of a push/pull.
    pub(super) fn serf_state(&self) -> SerfState {
        let left = self.nodes.values().filter(|node| node.member.status == Status::Left);
        SerfState {
            time: self.time,
            status_times: self.nodes.iter().map(|(name, node)| (name.clone(), node.status_time)).collect(),
            left_members: left.map(|node| node.member.name.clone()).collect(),
            event_time: 1,
            query_time: self.query_time,
        }
    }

    /// Takes in Serf's part of a push/pull.
    pub(super) fn merge_serf(&mut self, told: SerfState) {
        self.witness(told.time.saturating_sub(1));
        self.query_time = self.query_time.max(told.query_time);
        for (name, time) in &told.status_times {
            let intent = Intent { time: *time, node: name.clone(), prune: false };
            if told.left_members.contains(name) {
                self.leave_intent(&intent);
            } else {
                self.join_intent(&intent);
            }
        }
    }

    /// Forgets who failed or left long ago.
    pub(super) fn reap(&mut self) {
        let is_over = |status, age| match status {
            Status::Failed => age >= FAILED,
            Status::Left => age >= LEFT,
            Status::Alive | Status::Leaving => false,
        };
        let over = self.nodes.values().filter(|node| is_over(node.member.status, self.now - node.since));
        let over: Vec<String> = over.map(|node| node.member.name.clone()).collect();
        for name in over {
            self.forget(&name, "EventMemberReap");
        }
    }

    fn forget(&mut self, name: &str, event: &str) {
        if name == self.own_name {
            return;
        }
        if let Some(node) = self.nodes.remove(name) {
            self.is_changed = true;
            self.say(Level::Info, format!("serf: {event}: {name} {}", node.member.address.ip()));
        }
    }

    /// Sets Lamport's clock behind a moment.
    fn witness(&mut self, time: u64) {
        self.time = self.time.max(time.saturating_add(1));
    }
}
