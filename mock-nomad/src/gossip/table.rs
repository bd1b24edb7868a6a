//! The list of members, and what is said of its changes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use lab_world::Log;
use tokio::sync::watch;

use super::member::{Member, Status};

pub(super) struct Table {
    own_name: String,
    members: Mutex<BTreeMap<String, Member>>,
    changes: watch::Sender<u64>,
    log: Log,
}

impl Table {
    pub(super) fn new(own: Member, log: &Log) -> Self {
        let table = Self {
            own_name: own.name.clone(),
            members: Mutex::default(),
            changes: watch::Sender::new(0),
            log: log.clone(),
        };
        table.merge(vec![own]);
        table
    }

    pub(super) fn members(&self) -> Vec<Member> {
        self.lock().values().cloned().collect()
    }

    pub(super) fn own(&self) -> Member {
        // It was put there first and is never taken out.
        self.lock().get(&self.own_name).cloned().expect("the member that this server is")
    }

    pub(super) fn get(&self, name: &str) -> Option<Member> {
        self.lock().get(name).cloned()
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Takes in what another server knows. News of itself it answers by a higher number.
    pub(super) fn merge(&self, others: Vec<Member>) {
        let mut changed = false;
        for mut other in others {
            let mut members = self.lock();
            let known = members.get(&other.name);
            if known.is_some_and(|known| known.incarnation >= other.incarnation) {
                continue;
            }
            if other.name == self.own_name && known.is_some_and(|own| own.status == Status::Alive) {
                let own = members.get_mut(&self.own_name).expect("the member that this server is");
                own.incarnation = other.incarnation + 1;
                changed = true;
                continue;
            }
            // Whether another one lives is this server's own to find out; that it left is its own word.
            let old = known.map(|known| known.status);
            if other.status == Status::Failed {
                other.status = old.unwrap_or(Status::Failed);
            }
            self.say(&other, old);
            members.insert(other.name.clone(), other);
            changed = true;
        }
        if changed {
            self.tick();
        }
    }

    /// `name` answered, or did not for too long.
    pub(super) fn set_alive(&self, name: &str, alive: bool) {
        let status = if alive { Status::Alive } else { Status::Failed };
        self.change(
            name,
            |member| member.status != Status::Left && member.status != status,
            |member| {
                member.status = status;
            },
        );
    }

    pub(super) fn force_leave(&self, name: &str) -> bool {
        self.change(
            name,
            |member| member.status != Status::Alive,
            |member| {
                member.status = Status::Left;
                member.incarnation += 1;
            },
        )
    }

    pub(super) fn leave(&self) {
        self.change(
            &self.own_name,
            |_| true,
            |member| {
                member.status = Status::Left;
                member.incarnation += 1;
            },
        );
    }

    fn change(&self, name: &str, wanted: impl Fn(&Member) -> bool, set: impl Fn(&mut Member)) -> bool {
        let mut members = self.lock();
        let Some(member) = members.get_mut(name).filter(|member| wanted(member)) else { return false };
        let old = member.status;
        set(member);
        let member = member.clone();
        drop(members);
        self.say(&member, Some(old));
        self.tick();
        true
    }

    fn say(&self, member: &Member, old: Option<Status>) {
        if old == Some(member.status) {
            return;
        }
        let event = match member.status {
            Status::Alive => "EventMemberJoin",
            Status::Left => "EventMemberLeave",
            Status::Failed => "EventMemberFailed",
        };
        self.log.info("nomad", format!("serf: {event}: {} {}", member.name, member.address.ip()));
        let Some(server) = member.as_server() else { return };
        let verb = if member.status == Status::Alive { "adding" } else { "removing" };
        let message =
            format!("{verb} server: name={} addr={} dc={}", server.name, server.rpc, server.datacenter);
        self.log.info("nomad", message);
    }

    fn tick(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Member>> {
        self.members.lock().expect("no panic in the list of members")
    }
}
