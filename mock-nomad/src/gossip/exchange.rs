//! Connections: two servers exchange their whole lists, and ask each other where packets do not get through.

use std::net::SocketAddr;
use std::time::Duration;

use lab_world::{Listener, Stream, WireFault};

use super::encoding;
use super::member::Member;
use super::message::{Ack, ERROR, Message, PUSH_PULL, Ping, Refusal};
use super::serf::{Serf, SerfState, decode_tags};
use super::stream::{self, Incoming, PushPull, StreamError};
use super::{Gossip, probe};

/// How long the other may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The numbers of the messages that a connection may begin with, beside a push/pull.
const PING: u8 = 0;
const ACK: u8 = 2;
const USER: u8 = 8;
/// The longest message of Serf over a connection, in bytes.
const LONGEST_USER_MESSAGE: usize = 1 << 20;

/// Serves other servers' connections.
pub(super) async fn accept(gossip: Gossip, mut listener: Listener) {
    while let Ok(stream) = listener.accept().await {
        let gossip = gossip.clone();
        gossip.0.tasks.clone().spawn(async move {
            let clock = gossip.0.host.clock.clone();
            // Who says nothing for so long has nothing to say.
            clock.timeout(TIMEOUT, answer(&gossip, stream)).await;
        });
    }
}

/// Exchanges lists with the server at `address`. The error is memberlist's.
pub(super) async fn push_pull(gossip: &Gossip, address: SocketAddr, join: bool) -> Result<(), String> {
    let exchanging = async {
        let mut stream = connect(gossip, address).await?;
        let text = |error: StreamError| error.to_string();
        stream::send(&mut stream, gossip.keyring(), own_lists(gossip, join).encode()).await.map_err(text)?;
        let mut answer = stream::receive(&mut stream, gossip.keyring()).await.map_err(text)?;
        match answer.kind {
            PUSH_PULL => answer.push_pull().await.map_err(text),
            ERROR => {
                let refusal: Refusal = answer.next().await.map_err(text)?;
                Err(format!("remote error: {}", refusal.error))
            }
            other => Err(format!(
                "received invalid msgType ({other}), expected pushPullMsg ({PUSH_PULL}) from={address}"
            )),
        }
    };
    let theirs = gossip.0.host.clock.timeout(TIMEOUT, exchanging).await;
    take_in(gossip, theirs.unwrap_or_else(|| Err("i/o timeout".into()))?, join)
}

/// Asks a member over a connection whether it is there.
pub(super) async fn ping(gossip: &Gossip, member: &Member, number: u32) -> Result<(), String> {
    let mut stream = connect(gossip, member.address).await?;
    let text = |error: StreamError| error.to_string();
    let question = Message::Ping(probe::own_ping(gossip, number, &member.name));
    stream::send(&mut stream, gossip.keyring(), question.encode()).await.map_err(text)?;
    let mut answer = stream::receive(&mut stream, gossip.keyring()).await.map_err(text)?;
    match answer.kind {
        ACK => {
            let ack: Ack = answer.next().await.map_err(text)?;
            if ack.seq_no == number {
                return Ok(());
            }
            Err(format!("sequence number from ack ({}) doesn't match ping ({number})", ack.seq_no))
        }
        other => Err(format!("unexpected msgType ({other}) from ping from={}", member.address)),
    }
}

async fn answer(gossip: &Gossip, mut stream: Stream) {
    let remote = stream.peer();
    let log = &gossip.0.host.log;
    let received = match stream::receive(&mut stream, gossip.keyring()).await {
        Ok(incoming) => Box::pin(handle(gossip, incoming, remote)).await,
        Err(error) => Err(error),
    };
    let answer = match received {
        Ok(answer) => answer,
        Err(StreamError::Io(text)) if text == "EOF" => return,
        Err(error) => {
            log.error("nomad", format!("memberlist: failed to receive: {error} from={remote}"));
            Some(encoding::encode(ERROR, &Refusal { error: error.to_string() }))
        }
    };
    if let Some(answer) = answer
        && let Err(error) = stream::send(&mut stream, gossip.keyring(), answer).await
    {
        log.error("nomad", format!("memberlist: Failed to push local state: {error} from={remote}"));
    }
}

/// What is answered to a message.
async fn handle(
    gossip: &Gossip,
    mut incoming: Incoming<'_>,
    remote: SocketAddr,
) -> Result<Option<Vec<u8>>, StreamError> {
    let log = &gossip.0.host.log;
    match incoming.kind {
        PUSH_PULL => {
            let theirs = incoming.push_pull().await?;
            let (own, join) = (own_lists(gossip, theirs.join), theirs.join);
            if let Err(error) = take_in(gossip, theirs, join) {
                log.error("nomad", format!("memberlist: Failed push/pull merge: {error} from={remote}"));
            }
            Ok(Some(own.encode()))
        }
        PING => {
            let ping: Ping = incoming.next().await?;
            if !ping.node.is_empty() && ping.node != gossip.own().name {
                log.warn(
                    "nomad",
                    format!("memberlist: Got ping for unexpected node {} from={remote}", ping.node),
                );
                return Ok(None);
            }
            Ok(Some(Message::Ack(Ack { seq_no: ping.seq_no, payload: Vec::new() }).encode()))
        }
        USER => {
            user_message(gossip, &mut incoming).await?;
            Ok(None)
        }
        other => {
            log.error("nomad", format!("memberlist: Received invalid msgType ({other}) from={remote}"));
            Ok(None)
        }
    }
}

/// A message of Serf's that was too long for a packet: an answer to a question.
async fn user_message(gossip: &Gossip, incoming: &mut Incoming<'_>) -> Result<(), StreamError> {
    #[derive(Default, serde::Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Header {
        user_msg_len: usize,
    }
    let header: Header = incoming.next().await?;
    let bytes = incoming.bytes(header.user_msg_len.min(LONGEST_USER_MESSAGE)).await?;
    if let Ok(Some(Serf::Response(response))) = Serf::decode(&bytes) {
        gossip.0.queries.take_in(response);
    }
    Ok(())
}

async fn connect(gossip: &Gossip, address: SocketAddr) -> Result<Stream, String> {
    gossip.0.host.net.connect(address).await.map_err(|error| match WireFault::of(&error) {
        Some(fault) => format!("dial tcp {address}: connect: {fault}"),
        None => format!("dial tcp {address}: {error}"),
    })
}

fn own_lists(gossip: &Gossip, join: bool) -> PushPull {
    gossip.0.table.with(|state| PushPull {
        join,
        nodes: state.node_states(),
        user_state: state.serf_state().encode(),
    })
}

/// Takes in another's lists. Only Nomad's servers may join.
fn take_in(gossip: &Gossip, theirs: PushPull, join: bool) -> Result<(), String> {
    if join {
        let stranger = theirs
            .nodes
            .iter()
            .find(|node| decode_tags(&node.meta).get("role").map(String::as_str) != Some("nomad"));
        if let Some(stranger) = stranger {
            return Err(format!("member '{}' is not a Nomad server", stranger.name));
        }
    }
    let serf = SerfState::decode(&theirs.user_state);
    gossip.0.table.with(|state| {
        state.merge(theirs.nodes);
        match serf {
            Ok(serf) => state.merge_serf(serf),
            Err(error) => state.say(lab_world::Level::Error, format!("serf: {error}")),
        }
    });
    Ok(())
}
