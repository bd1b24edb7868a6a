//! Packets that come in.

use std::net::SocketAddr;

use super::message::{Ack, IndirectPing, Message, Nack, Ping, address_of};
use super::serf::{FLAG_NO_BROADCAST, Serf};
use super::{Gossip, packet, probe, queries};

/// Takes in every packet.
pub(super) async fn receive(gossip: Gossip) {
    while let Ok((bytes, from)) = gossip.0.socket.receive().await {
        let complain =
            |error: &str| gossip.0.host.log.error("nomad", format!("memberlist: {error} from={from}"));
        match packet::open(gossip.keyring(), bytes) {
            Err(error) => complain(&error),
            Ok(messages) => {
                for message in messages {
                    match message {
                        Ok(message) => handle(&gossip, message, from).await,
                        Err(error) => complain(&error),
                    }
                }
            }
        }
    }
}

async fn handle(gossip: &Gossip, message: Message, from: SocketAddr) {
    let table = &gossip.0.table;
    match message {
        Message::Ping(ping) => answer(gossip, &ping, from).await,
        // Others wait meanwhile.
        Message::IndirectPing(request) => gossip.0.tasks.spawn(relay(gossip.clone(), request, from)),
        Message::Ack(ack) => gossip.0.awaited.answered(ack.seq_no),
        // It only says that waiting longer is of no use.
        Message::Nack(_) => {}
        Message::Suspect(told) => table.with(|state| state.suspect(told)),
        Message::Alive(told) => table.with(|state| state.alive(told)),
        Message::Dead(told) => table.with(|state| state.dead(told)),
        Message::User(bytes) => match Serf::decode(&bytes) {
            Ok(Some(message)) => handle_serf(gossip, message, bytes).await,
            Ok(None) => {}
            Err(error) => {
                gossip.0.host.log.error("nomad", format!("serf: Error decoding message: {error}"));
            }
        },
    }
}

async fn handle_serf(gossip: &Gossip, message: Serf, bytes: Vec<u8>) {
    let is_news = match message {
        Serf::Leave(intent) => gossip.0.table.with(|state| state.leave_intent(&intent)),
        Serf::Join(intent) => gossip.0.table.with(|state| state.join_intent(&intent)),
        Serf::Query(query) => {
            let is_news = gossip.0.queries.is_news(&query) && query.flags & FLAG_NO_BROADCAST == 0;
            if is_news {
                gossip
                    .0
                    .table
                    .with(|state| state.query_time = state.query_time.max(query.time.saturating_add(1)));
                queries::answer(gossip, &query).await;
            }
            is_news
        }
        Serf::Response(response) => {
            gossip.0.queries.take_in(response);
            false
        }
    };
    if is_news {
        gossip.0.table.with(|state| state.pass_on(bytes));
    }
}

async fn answer(gossip: &Gossip, ping: &Ping, from: SocketAddr) {
    if !ping.node.is_empty() && ping.node != gossip.own().name {
        let line = format!("memberlist: Got ping for unexpected node '{}' from={from}", ping.node);
        return gossip.0.host.log.warn("nomad", line);
    }
    let asker = address_of(&ping.source_addr, ping.source_port).filter(|address| address.port() != 0);
    let ack = Message::Ack(Ack { seq_no: ping.seq_no, payload: Vec::new() });
    packet::send(&gossip.0.socket, gossip.keyring(), &[ack.encode()], asker.unwrap_or(from)).await;
}

/// Asks a node for another one, and tells it what came of it.
async fn relay(gossip: Gossip, request: IndirectPing, from: SocketAddr) {
    let Some(target) = address_of(&request.target, request.port) else { return };
    let asker = address_of(&request.source_addr, request.source_port).filter(|address| address.port() != 0);
    let answer = if probe::ask_for(&gossip, target, &request.node).await {
        Message::Ack(Ack { seq_no: request.seq_no, payload: Vec::new() })
    } else if request.nack {
        Message::Nack(Nack { seq_no: request.seq_no })
    } else {
        return;
    };
    packet::send(&gossip.0.socket, gossip.keyring(), &[answer.encode()], asker.unwrap_or(from)).await;
}
