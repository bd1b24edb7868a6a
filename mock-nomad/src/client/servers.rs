//! The servers that a client knows, and which of them it asks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use lab_world::Entropy;
use rmpv::Value;

use super::Client;

/// How long a client stays with a server before it looks for another, so that load spreads.
const REUSE: Duration = Duration::from_secs(300);

/// The list; its first is asked.
pub(super) struct Servers {
    entropy: Entropy,
    list: Mutex<Vec<SocketAddr>>,
}

impl Servers {
    pub(super) fn new(servers: Vec<SocketAddr>, entropy: Entropy) -> Self {
        let list = Self { entropy, list: Mutex::default() };
        list.set(servers);
        list
    }

    fn list(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.list.lock().expect("no panic while choosing")
    }

    pub(super) fn all(&self) -> Vec<SocketAddr> {
        self.list().clone()
    }

    /// The server to ask.
    pub(super) fn first(&self) -> Option<SocketAddr> {
        self.list().first().copied()
    }

    /// Takes a new list in random order; the same servers stay in the order they have.
    pub(super) fn set(&self, mut servers: Vec<SocketAddr>) {
        servers.sort();
        servers.dedup();
        let mut list = self.list();
        let mut known = list.clone();
        known.sort();
        if known != servers {
            self.entropy.shuffle(&mut servers);
            *list = servers;
        }
    }

    /// A server that failed goes to the end.
    pub(super) fn failed(&self, server: SocketAddr) {
        let mut list = self.list();
        if list.len() > 1 && list.first() == Some(&server) {
            list.rotate_left(1);
        }
    }

    fn shuffle(&self) {
        self.entropy.shuffle(&mut self.list());
    }
}

/// Every few minutes: another order, with a server first that answers.
pub(super) async fn rebalance(client: Arc<Client>) {
    let clock = &client.parts.host.clock;
    loop {
        clock.sleep(client.servers.entropy.duration(REUSE..REUSE + REUSE / 2)).await;
        let count = client.servers.all().len();
        if count < 2 || client.parts.local_server.is_some() {
            continue;
        }
        client.servers.shuffle();
        for _ in 0..count {
            let Some(server) = client.servers.first() else { break };
            let region = &client.parts.settings.region;
            let ping = client.parts.dialer.call(server, region, "Status.Ping", Value::Map(Vec::new()));
            match clock.timeout(Duration::from_secs(10), ping).await {
                Some(Ok(_)) => break,
                Some(Err(_)) | None => client.servers.failed(server),
            }
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn failed_servers_go_to_the_end() {
        let servers: Vec<SocketAddr> = (1..=3).map(|n| ([10, 0, 0, n], 4647).into()).collect();
        let list = Servers::new(servers.clone(), Entropy::seeded(1));
        let order = list.all();
        list.failed(order[1]);
        assert_eq!(list.all(), order, "only the first moves");
        list.failed(order[0]);
        assert_eq!(list.all(), [order[1], order[2], order[0]]);
        list.set(servers.into_iter().rev().collect());
        assert_eq!(list.all(), [order[1], order[2], order[0]], "the same servers");
        list.set(vec![order[2]]);
        list.failed(order[2]);
        assert_eq!(list.first(), Some(order[2]));
    }
}
