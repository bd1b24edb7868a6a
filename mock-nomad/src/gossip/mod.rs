//! Gossip among servers: who is there, and whether it lives. Never inside TLS; only the gossip key protects it, so that
//! servers whose RPC ports do not understand each other still show each other as alive.
//!
//! What people see of Serf is kept: members, their tags and states, the messages. The protocol is simpler: each server
//! keeps one connection to every other and exchanges the whole list on it, at once when something changes and every
//! half minute otherwise.

mod crypt;
mod join;
mod keyring;
mod link;
mod member;
mod table;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use lab_world::{Host, Tasks};
use tokio::sync::watch;

pub(crate) use self::join::{JoinPlan, run as run_join};
pub(crate) use self::keyring::Keyring;
pub(crate) use self::member::{Member, Status, Tags};
use self::table::Table;
use crate::listen::listen;
use crate::seam::{Members, ServerMember};

/// This server's part in the gossip. Clones are the same.
#[derive(Clone)]
pub(crate) struct Gossip(Arc<Inner>);

struct Inner {
    host: Host,
    tasks: Tasks,
    keyring: Keyring,
    table: Table,
}

impl Gossip {
    /// Listens on `bind` and shows this server as `own`.
    pub(crate) async fn start(
        host: &Host,
        tasks: &Tasks,
        bind: SocketAddr,
        own: Member,
        keyring: Keyring,
    ) -> std::io::Result<Self> {
        let listener = listen(host, bind).await?;
        let (host, tasks) = (host.clone(), tasks.clone());
        let table = Table::new(own, &host.log);
        let gossip = Self(Arc::new(Inner { host, tasks: tasks.clone(), keyring, table }));
        tasks.spawn(link::accept(gossip.clone(), listener));
        Ok(gossip)
    }

    /// Exchanges lists with the servers at `addresses`; how many answered, and what the others' problem was.
    pub(crate) async fn join(&self, addresses: &[SocketAddr]) -> (usize, Vec<String>) {
        let (mut joined, mut problems) = (0, Vec::new());
        for address in addresses {
            match link::exchange_once(self, *address).await {
                Ok(()) => joined += 1,
                Err(problem) => problems.push(format!("Failed to join {address}: {problem}")),
            }
        }
        (joined, problems)
    }

    /// Every member, by name.
    pub(crate) fn members(&self) -> Vec<Member> {
        self.0.table.members()
    }

    /// This server itself.
    pub(crate) fn own(&self) -> Member {
        self.0.table.own()
    }

    /// Makes everyone see `name` as one that left; whether there is such a member that does not live.
    pub(crate) fn force_leave(&self, name: &str) -> bool {
        self.0.table.force_leave(name)
    }

    /// Tells the others that this server leaves on purpose.
    pub(crate) async fn leave(&self) {
        self.0.table.leave();
        let others: Vec<SocketAddr> = self
            .members()
            .iter()
            .filter(|member| member.status == Status::Alive)
            .map(|m| m.address)
            .collect();
        for address in others {
            // Who cannot be told will find out.
            let _ = link::exchange_once(self, address).await;
        }
    }

    /// The gossip keys in use.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }
}

impl Members for Gossip {
    fn servers(&self) -> Vec<ServerMember> {
        self.members().iter().filter_map(Member::as_server).collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.table.changes()
    }
}

#[cfg(test)]
mod tests;
