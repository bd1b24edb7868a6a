//! What a server does again and again: it tells news, exchanges whole lists, and tries those that failed.

use std::net::SocketAddr;
use std::time::Duration;

use lab_world::Entropy;

use super::member::{Member, Status};
use super::state::State;
use super::{Gossip, exchange, packet};

/// How often news are told.
pub(super) const GOSSIP_INTERVAL: Duration = Duration::from_millis(500);
/// To how many others each time.
const GOSSIP_NODES: usize = 4;
/// How often whole lists are exchanged with one of the others.
const PUSH_PULL_INTERVAL: Duration = Duration::from_secs(60);
/// How often one that failed is tried again.
const RECONNECT_INTERVAL: Duration = Duration::from_secs(30);

/// Tells news, as long as there are some.
pub(super) async fn tell(gossip: Gossip) {
    let mut work = gossip.0.table.work();
    let entropy = gossip.0.entropy.branch("tell");
    loop {
        work.borrow_and_update();
        while !gossip.0.table.with(|state| state.broadcasts.is_empty()) {
            gossip.0.host.clock.sleep(GOSSIP_INTERVAL).await;
            let others = gossip.0.table.others(|node| !node.is_forgotten(gossip.0.host.clock.now()));
            if others.is_empty() {
                break;
            }
            for other in some(&others, GOSSIP_NODES, &entropy) {
                tell_one(&gossip, other.address).await;
            }
        }
        if work.changed().await.is_err() {
            return;
        }
    }
}

async fn tell_one(gossip: &Gossip, address: SocketAddr) {
    let messages = gossip.0.table.with(|state| {
        let count = state.count();
        state.broadcasts.take(count, packet::room)
    });
    if !messages.is_empty() {
        packet::send(&gossip.0.socket, gossip.keyring(), &messages, address).await;
    }
}

/// Exchanges whole lists with one of the others now and then.
pub(super) async fn exchange_lists(gossip: Gossip) {
    let (clock, entropy) = (&gossip.0.host.clock, gossip.0.entropy.branch("exchange"));
    clock.sleep(entropy.duration(Duration::ZERO..PUSH_PULL_INTERVAL)).await;
    loop {
        clock.sleep(PUSH_PULL_INTERVAL).await;
        let others = gossip.0.table.others(|node| node.liveness.is_there());
        for other in some(&others, 1, &entropy) {
            if let Err(error) = exchange::push_pull(&gossip, other.address, false).await {
                let line = format!("memberlist: Push/Pull with {} failed: {error}", other.name);
                gossip.0.host.log.error("nomad", line);
            }
        }
    }
}

/// Tries one of those that failed now and then, and forgets those that did long ago.
pub(super) async fn reconnect(gossip: Gossip) {
    let (host, entropy) = (&gossip.0.host, gossip.0.entropy.branch("reconnect"));
    loop {
        host.clock.sleep(RECONNECT_INTERVAL).await;
        gossip.0.table.with(State::reap);
        let failed = gossip.0.table.others(|node| node.member.status == Status::Failed);
        for other in some(&failed, 1, &entropy) {
            let (name, address) = (&other.name, other.address);
            host.log.info("nomad", format!("serf: attempting reconnect to {name} {address}"));
            // It is tried again.
            let _ = exchange::push_pull(&gossip, address, true).await;
        }
    }
}

/// Ends suspicions when their time is up.
pub(super) async fn expire(gossip: Gossip) {
    let (table, clock) = (&gossip.0.table, &gossip.0.host.clock);
    let mut work = table.work();
    loop {
        work.borrow_and_update();
        let next = table.with(State::expire);
        let due = async {
            match next {
                Some(next) => clock.sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = work.changed() => if changed.is_err() { return },
            () = due => {}
        }
    }
}

/// `count` of `members`, at random.
pub(super) fn some<'a>(members: &'a [Member], count: usize, entropy: &Entropy) -> Vec<&'a Member> {
    let mut left: Vec<&Member> = members.iter().collect();
    let mut chosen = Vec::new();
    while chosen.len() < count && !left.is_empty() {
        let index = usize::try_from(entropy.below(left.len() as u64)).unwrap_or(0);
        chosen.push(left.swap_remove(index));
    }
    chosen
}
