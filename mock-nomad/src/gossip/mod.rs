//! Gossip among servers: who is there, and whether it lives. Never inside TLS; only the gossip key protects it, so that
//! servers whose RPC ports do not understand each other still show each other as alive.
//!
//! It is memberlist's protocol with Serf's on top, as the real servers speak it: packets to ask who is there and to tell
//! news, connections to exchange whole lists.

mod broadcasts;
mod crypt;
mod encoding;
mod exchange;
mod intents;
mod join;
mod keyring;
mod keys;
mod lzw;
mod member;
mod message;
mod packet;
mod probe;
mod queries;
mod receive;
mod rounds;
mod serf;
mod state;
mod stream;
mod swim;
mod table;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lab_world::{Datagrams, Entropy, Host, Tasks};
use tokio::sync::watch;

pub(crate) use self::join::{JoinPlan, run as run_join};
pub(crate) use self::keyring::Keyring;
pub(crate) use self::keys::manage as manage_keys;
pub(crate) use self::member::{Member, Status, Tags};
use self::probe::Awaited;
pub(crate) use self::queries::KeyOperation;
use self::queries::Queries;
use self::rounds::GOSSIP_INTERVAL;
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
    socket: Datagrams,
    awaited: Awaited,
    queries: Queries,
    entropy: Entropy,
}

/// How long others may take to hear that this server leaves.
const LEAVING: Duration = Duration::from_secs(5);

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
        let socket = host.net.bind(bind).await?;
        let gossip = Self(Arc::new(Inner {
            host: host.clone(),
            tasks: tasks.clone(),
            keyring,
            table: Table::new(&own, host),
            socket,
            awaited: Awaited::default(),
            queries: Queries::default(),
            entropy: host.entropy.branch("gossip"),
        }));
        tasks.spawn(exchange::accept(gossip.clone(), listener));
        tasks.spawn(receive::receive(gossip.clone()));
        tasks.spawn(probe::probe(gossip.clone()));
        tasks.spawn(rounds::tell(gossip.clone()));
        tasks.spawn(rounds::exchange_lists(gossip.clone()));
        tasks.spawn(rounds::reconnect(gossip.clone()));
        tasks.spawn(rounds::expire(gossip.clone()));
        Ok(gossip)
    }

    /// Exchanges lists with the servers at `addresses`; how many answered, and what the others' problem was.
    pub(crate) async fn join(&self, addresses: &[SocketAddr]) -> (usize, Vec<String>) {
        let (mut joined, mut problems) = (0, Vec::new());
        for address in addresses {
            match exchange::push_pull(self, *address, true).await {
                Ok(()) => joined += 1,
                Err(problem) => problems.push(format!("Failed to join {address}: {problem}")),
            }
        }
        if joined > 0 {
            self.0.table.with(state::State::announce);
        }
        (joined, problems)
    }

    /// Exchanges lists with the server at an address.
    pub(crate) async fn meet(&self, address: SocketAddr) -> Result<(), String> {
        exchange::push_pull(self, address, true).await?;
        self.0.table.with(state::State::announce);
        Ok(())
    }

    /// Every member, by name.
    pub(crate) fn members(&self) -> Vec<Member> {
        self.0.table.members()
    }

    /// This server itself.
    pub(crate) fn own(&self) -> Member {
        self.0.table.own()
    }

    /// Makes everyone see `name` as one that left, and forget it where `prune`; whether there is such a member that does
    /// not live.
    pub(crate) fn force_leave(&self, name: &str, prune: bool) -> bool {
        self.0.table.force_leave(name, prune)
    }

    /// Tells the others that this server leaves on purpose: first that it means to, then that it is gone.
    pub(crate) async fn leave(&self) {
        let table = &self.0.table;
        table.with(|state| {
            state.is_leaving = true;
            let own = state.own_name.clone();
            state.dismiss(&own, false);
        });
        self.drain().await;
        table.with(state::State::depart);
        self.drain().await;
    }

    /// Waits until everything was told, where there is anybody to tell.
    async fn drain(&self) {
        let (table, clock) = (&self.0.table, &self.0.host.clock);
        let telling = async {
            while !table.with(|state| state.broadcasts.is_empty()) {
                clock.sleep(GOSSIP_INTERVAL).await;
            }
        };
        if !table.others(|node| node.liveness.is_there()).is_empty() {
            // Who cannot be told will find out.
            clock.timeout(LEAVING, telling).await;
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

    fn shown(&self) -> Vec<serde_json::Value> {
        self.members().iter().map(Member::shown).collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.table.changes()
    }
}

#[cfg(test)]
mod tests;
