//! Whether the others are there: each is asked in turn, then through others and over a connection, and then suspected.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use super::member::Member;
use super::message::{Accusation, IndirectPing, Message, Ping, octets_of};
use super::rounds::some;
use super::state::Liveness;
use super::swim::PROBE_INTERVAL;
use super::{Gossip, exchange, packet};

/// For how long an answer is awaited before others are asked to ask.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
/// How many others are asked.
const INDIRECT: usize = 3;

/// Answers that are awaited.
#[derive(Default)]
pub(super) struct Awaited {
    last: AtomicU32,
    waiting: Mutex<BTreeMap<u32, oneshot::Sender<()>>>,
}

impl Awaited {
    /// A new number, and what ends when it is answered.
    pub(super) fn begin(&self) -> (u32, oneshot::Receiver<()>) {
        let number = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().expect("no panic among those who wait");
        waiting.retain(|_, waiting| !waiting.is_closed());
        waiting.insert(number, sender);
        (number, receiver)
    }

    /// `number` was answered.
    pub(super) fn answered(&self, number: u32) {
        let waiting = self.waiting.lock().expect("no panic among those who wait").remove(&number);
        // Who gave up waiting does not hear of it.
        waiting.map(|waiting| waiting.send(()));
    }
}

/// Asks one after another.
pub(super) async fn probe(gossip: Gossip) {
    let (clock, entropy) = (&gossip.0.host.clock, gossip.0.entropy.branch("probe"));
    clock.sleep(entropy.duration(Duration::ZERO..PROBE_INTERVAL)).await;
    let mut round: Vec<Member> = Vec::new();
    loop {
        let end = clock.now() + PROBE_INTERVAL;
        let next = loop {
            match round.pop() {
                None => break None,
                // It may have gone since.
                Some(member) if gossip.0.table.is_there(&member.name) => break Some(member),
                Some(_) => {}
            }
        };
        match next {
            Some(member) => probe_one(&gossip, &member).await,
            None => {
                let others = gossip.0.table.others(|node| node.liveness.is_there());
                round = some(&others, others.len(), &entropy).into_iter().cloned().collect();
                if !round.is_empty() {
                    continue;
                }
            }
        }
        clock.sleep_until(end).await;
    }
}

async fn probe_one(gossip: &Gossip, member: &Member) {
    let clock = &gossip.0.host.clock;
    let (number, mut answered) = gossip.0.awaited.begin();
    let mut messages = vec![Message::Ping(own_ping(gossip, number, &member.name)).encode()];
    let suspicion = gossip.0.table.with(|state| {
        let node = state.nodes.get(&member.name)?;
        let (incarnation, node_name) = (node.incarnation, member.name.clone());
        let accusation = Accusation { incarnation, node: node_name, from: state.own_name.clone() };
        Some((node.liveness == Liveness::Suspect, accusation))
    });
    let Some((is_suspected, accusation)) = suspicion else { return };
    if is_suspected {
        // It is to hear of it, and to contradict.
        messages.push(Message::Suspect(accusation.clone()).encode());
    }
    packet::send(&gossip.0.socket, gossip.keyring(), &messages, member.address).await;
    if clock.timeout(PROBE_TIMEOUT, &mut answered).await.is_some() {
        return;
    }
    ask_others(gossip, number, member).await;
    let left = PROBE_INTERVAL.saturating_sub(PROBE_TIMEOUT);
    let over_connection = async {
        match exchange::ping(gossip, member, number).await {
            Ok(()) => {}
            Err(_) => std::future::pending().await,
        }
    };
    let is_reached = clock.timeout(left, async {
        tokio::select! {
            biased;
            _ = &mut answered => false,
            () = over_connection => true,
        }
    });
    match is_reached.await {
        Some(false) => {}
        Some(true) => {
            let name = &member.name;
            let line = format!(
                "memberlist: Was able to connect to {name} over TCP but UDP probes failed, network may be misconfigured"
            );
            gossip.0.host.log.warn("nomad", line);
        }
        None => {
            let line = format!("memberlist: Suspect {} has failed, no acks received", member.name);
            gossip.0.host.log.info("nomad", line);
            gossip.0.table.with(|state| state.suspect(accusation));
        }
    }
}

async fn ask_others(gossip: &Gossip, number: u32, member: &Member) {
    let others =
        gossip.0.table.others(|node| node.liveness == Liveness::Alive && node.member.name != member.name);
    let own = gossip.own();
    let request = Message::IndirectPing(IndirectPing {
        seq_no: number,
        target: octets_of(member.address.ip()),
        port: member.address.port(),
        node: member.name.clone(),
        nack: true,
        source_addr: octets_of(own.address.ip()),
        source_port: own.address.port(),
        source_node: own.name,
    });
    for other in some(&others, INDIRECT, &gossip.0.entropy) {
        packet::send(&gossip.0.socket, gossip.keyring(), &[request.encode()], other.address).await;
    }
}

/// Asks `target` for another one; whether it answered.
pub(super) async fn ask_for(gossip: &Gossip, target: SocketAddr, node: &str) -> bool {
    let (number, answered) = gossip.0.awaited.begin();
    let ping = Message::Ping(own_ping(gossip, number, node));
    packet::send(&gossip.0.socket, gossip.keyring(), &[ping.encode()], target).await;
    gossip.0.host.clock.timeout(PROBE_TIMEOUT, answered).await.is_some()
}

/// A question of this server.
pub(super) fn own_ping(gossip: &Gossip, number: u32, node: &str) -> Ping {
    let own = gossip.own();
    Ping {
        seq_no: number,
        node: node.to_owned(),
        source_addr: octets_of(own.address.ip()),
        source_port: own.address.port(),
        source_node: own.name,
    }
}
