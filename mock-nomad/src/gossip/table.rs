//! The list of members, shared by everything that gossips.

use std::sync::{Mutex, MutexGuard};

use lab_world::Host;
use tokio::sync::watch;

use super::member::{Member, Status};
use super::message::{Alive, VERSIONS, octets_of};
use super::serf::encode_tags;
use super::state::{Node, State};

pub(super) struct Table {
    state: Mutex<State>,
    own_name: String,
    /// Ticks when members change.
    changes: watch::Sender<u64>,
    /// Ticks when something is to be told or waited for.
    work: watch::Sender<u64>,
    host: Host,
}

impl Table {
    pub(super) fn new(own: &Member, host: &Host) -> Self {
        let table = Self {
            state: Mutex::new(State::new(&own.name, host.clock.now())),
            own_name: own.name.clone(),
            changes: watch::Sender::new(0),
            work: watch::Sender::new(0),
            host: host.clone(),
        };
        let account = Alive {
            incarnation: 1,
            node: own.name.clone(),
            addr: octets_of(own.address.ip()),
            port: own.address.port(),
            meta: encode_tags(&own.tags),
            vsn: VERSIONS.to_vec(),
        };
        table.with(|state| state.alive(account));
        table
    }

    /// Looks at the state or changes it. What changed is said and told of afterwards.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        state.now = self.host.clock.now();
        let result = act(&mut state);
        let lines = std::mem::take(&mut state.lines);
        let is_changed = std::mem::take(&mut state.is_changed);
        let is_stirred = std::mem::take(&mut state.is_stirred);
        drop(state);
        for (level, line) in lines {
            self.host.log.write(level, "nomad", line);
        }
        if is_changed {
            self.changes.send_modify(|count| *count += 1);
        }
        if is_stirred {
            self.work.send_modify(|count| *count += 1);
        }
        result
    }

    pub(super) fn members(&self) -> Vec<Member> {
        self.lock().nodes.values().map(|node| node.member.clone()).collect()
    }

    pub(super) fn own(&self) -> Member {
        // It was put there first and is never taken out.
        self.get(&self.own_name).expect("the member that this server is")
    }

    pub(super) fn get(&self, name: &str) -> Option<Member> {
        self.lock().nodes.get(name).map(|node| node.member.clone())
    }

    /// Whether a member is asked and told things.
    pub(super) fn is_there(&self, name: &str) -> bool {
        self.lock().nodes.get(name).is_some_and(|node| node.liveness.is_there())
    }

    /// Those of the others that `wanted` picks.
    pub(super) fn others(&self, wanted: impl Fn(&Node) -> bool) -> Vec<Member> {
        let state = self.lock();
        let others = state.nodes.values().filter(|node| node.member.name != self.own_name && wanted(node));
        others.map(|node| node.member.clone()).collect()
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn work(&self) -> watch::Receiver<u64> {
        self.work.subscribe()
    }

    /// Makes everyone see `name` as one that left; whether there is such a member that does not live.
    pub(super) fn force_leave(&self, name: &str, prune: bool) -> bool {
        let status = self.get(name).map(|member| member.status);
        self.with(|state| state.dismiss(name, prune));
        status.is_some_and(|status| status != Status::Alive)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic in the list of members")
    }
}
