//! Connections between servers.

use std::net::SocketAddr;
use std::time::Duration;

use lab_world::{Listener, Stream, WireFault};

use super::wire::{self, Lists};
use super::{Gossip, Status};

/// How often two servers exchange lists when nothing changes.
const QUIET: Duration = Duration::from_secs(30);
/// How long the other may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How often and how soon a lost connection is tried again before the other is said to have failed.
const TRIES: u32 = 5;
const RETRY: Duration = Duration::from_secs(1);
/// How often one that failed is tried again.
const RECONNECT: Duration = Duration::from_secs(30);

/// Serves other servers' connections.
pub(super) async fn accept(gossip: Gossip, mut listener: Listener) {
    gossip.0.tasks.spawn(keep_links(gossip.clone()));
    while let Ok(stream) = listener.accept().await {
        gossip.0.tasks.spawn(answer(gossip.clone(), stream));
    }
}

/// One exchange on a connection of its own: how a server that is not known yet is met.
pub(super) async fn exchange_once(gossip: &Gossip, address: SocketAddr) -> Result<(), String> {
    let mut stream = connect(gossip, address).await?;
    exchange(gossip, &mut stream).await.map(drop)
}

/// Answers each list by the own one.
async fn answer(gossip: Gossip, mut stream: Stream) {
    let remote = stream.peer();
    loop {
        match wire::receive(&mut stream, gossip.keyring()).await {
            Ok(lists) => {
                take_in(&gossip, lists);
                let own = own_lists(&gossip);
                if wire::send(&mut stream, gossip.keyring(), &own).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                if error.is_content() {
                    gossip.0.host.log.error("nomad", format!("memberlist: {error} from={remote}"));
                }
                return;
            }
        }
    }
}

/// Keeps a connection to every other member, those too that come later.
async fn keep_links(gossip: Gossip) {
    let mut linked = std::collections::BTreeSet::from([gossip.own().name]);
    let mut changes = gossip.0.table.changes();
    loop {
        changes.borrow_and_update();
        for member in gossip.members() {
            if member.status != Status::Left && linked.insert(member.name.clone()) {
                gossip.0.tasks.spawn(link(gossip.clone(), member.name));
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Keeps a connection to one member.
async fn link(gossip: Gossip, name: String) {
    let clock = gossip.0.host.clock.clone();
    let mut changes = gossip.0.table.changes();
    let mut failures = 0;
    loop {
        let Some(member) = gossip.0.table.get(&name) else { return };
        if member.status == Status::Left {
            // Until it comes back, with a new account of itself.
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        }
        let was_up = follow(&gossip, &name, member.address).await;
        failures = if was_up { 1 } else { failures + 1 };
        if failures >= TRIES {
            gossip.0.table.set_alive(&name, false);
        }
        clock.sleep(if failures < TRIES { RETRY } else { RECONNECT }).await;
    }
}

/// Exchanges lists until the connection ends; whether it ever did.
async fn follow(gossip: &Gossip, name: &str, address: SocketAddr) -> bool {
    let Ok(mut stream) = connect(gossip, address).await else { return false };
    let mut changes = gossip.0.table.changes();
    let mut was_up = false;
    loop {
        changes.borrow_and_update();
        match exchange(gossip, &mut stream).await {
            // Another may have taken the address.
            Ok(from) if from != name => return false,
            Ok(_) => gossip.0.table.set_alive(name, true),
            Err(_) => return was_up,
        }
        was_up = true;
        let mut byte = [0];
        tokio::select! {
            biased;
            _ = changes.changed() => {}
            // The other says nothing unasked: this is its end.
            _ = tokio::io::AsyncReadExt::read(&mut stream, &mut byte) => return was_up,
            () = gossip.0.host.clock.sleep(QUIET) => {}
        }
    }
}

/// Sends the own list and takes in the other's; who answered.
async fn exchange(gossip: &Gossip, stream: &mut Stream) -> Result<String, String> {
    let exchanging = async {
        wire::send(stream, gossip.keyring(), &own_lists(gossip)).await?;
        wire::receive(stream, gossip.keyring()).await
    };
    match gossip.0.host.clock.timeout(ANSWER, exchanging).await {
        Some(Ok(lists)) => {
            let from = lists.from.clone();
            take_in(gossip, lists);
            Ok(from)
        }
        Some(Err(error)) => Err(error.to_string()),
        None => Err("i/o timeout".into()),
    }
}

async fn connect(gossip: &Gossip, address: SocketAddr) -> Result<Stream, String> {
    let host = &gossip.0.host;
    match host.clock.timeout(ANSWER, host.net.connect(address)).await {
        Some(Ok(stream)) => Ok(stream),
        Some(Err(error)) => Err(match WireFault::of(&error) {
            Some(fault) => format!("dial tcp {address}: connect: {fault}"),
            None => format!("dial tcp {address}: {error}"),
        }),
        None => Err(format!("dial tcp {address}: i/o timeout")),
    }
}

fn own_lists(gossip: &Gossip) -> Lists {
    Lists { from: gossip.own().name, members: gossip.members() }
}

fn take_in(gossip: &Gossip, lists: Lists) {
    gossip.0.table.merge(lists.members);
}
