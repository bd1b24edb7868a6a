//! memberlist's messages.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::encoding::{decode, encode};
use crate::octets;

const PING: u8 = 0;
const INDIRECT_PING: u8 = 1;
const ACK: u8 = 2;
const SUSPECT: u8 = 3;
const ALIVE: u8 = 4;
const DEAD: u8 = 5;
/// Both states of a push/pull.
pub(super) const PUSH_PULL: u8 = 6;
/// Several messages in one packet.
pub(super) const COMPOUND: u8 = 7;
const USER: u8 = 8;
/// A compressed message.
pub(super) const COMPRESS: u8 = 9;
/// An encrypted frame of a stream.
pub(super) const ENCRYPT: u8 = 10;
const NACK: u8 = 11;
/// A checksum before a packet's messages.
pub(super) const HAS_CRC: u8 = 12;
/// Why a push/pull was refused.
pub(super) const ERROR: u8 = 13;

/// The versions of the protocols: memberlist's least, most and current, and Serf's.
pub(super) const VERSIONS: [u8; 6] = [1, 5, 2, 2, 5, 4];

/// What one server says to another in a packet.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    Ping(Ping),
    IndirectPing(IndirectPing),
    Ack(Ack),
    Nack(Nack),
    Suspect(Accusation),
    Alive(Alive),
    Dead(Accusation),
    /// Serf's.
    User(Vec<u8>),
}

/// Asks whether `node` is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Ping {
    pub(super) seq_no: u32,
    pub(super) node: String,
    #[serde(with = "octets")]
    pub(super) source_addr: Vec<u8>,
    pub(super) source_port: u16,
    pub(super) source_node: String,
}

/// Asks another one to ask.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct IndirectPing {
    pub(super) seq_no: u32,
    #[serde(with = "octets")]
    pub(super) target: Vec<u8>,
    pub(super) port: u16,
    pub(super) node: String,
    /// Whether the asker wants to hear that there was no answer.
    pub(super) nack: bool,
    #[serde(with = "octets")]
    pub(super) source_addr: Vec<u8>,
    pub(super) source_port: u16,
    pub(super) source_node: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Ack {
    pub(super) seq_no: u32,
    /// Serf's network coordinates, where the sender has some.
    #[serde(with = "octets")]
    pub(super) payload: Vec<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Nack {
    pub(super) seq_no: u32,
}

/// `from` says that `node` does not answer, or is dead. A node that says so of itself leaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Accusation {
    pub(super) incarnation: u32,
    pub(super) node: String,
    pub(super) from: String,
}

/// A node's account of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Alive {
    /// Of two accounts the one with the higher number holds.
    pub(super) incarnation: u32,
    pub(super) node: String,
    #[serde(with = "octets")]
    pub(super) addr: Vec<u8>,
    pub(super) port: u16,
    /// Serf's tags.
    #[serde(with = "octets")]
    pub(super) meta: Vec<u8>,
    #[serde(with = "octets")]
    pub(super) vsn: Vec<u8>,
}

/// Why a push/pull was refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Refusal {
    pub(super) error: String,
}

impl Message {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Ping(ping) => encode(PING, ping),
            Self::IndirectPing(ping) => encode(INDIRECT_PING, ping),
            Self::Ack(ack) => encode(ACK, ack),
            Self::Nack(nack) => encode(NACK, nack),
            Self::Suspect(accusation) => encode(SUSPECT, accusation),
            Self::Alive(alive) => encode(ALIVE, alive),
            Self::Dead(accusation) => encode(DEAD, accusation),
            Self::User(bytes) => [&[USER], &bytes[..]].concat(),
        }
    }

    /// The error is memberlist's, without the sender.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let Some((&kind, body)) = bytes.split_first() else { return Err("missing message type byte".into()) };
        let faulty = |what: &'static str| move |error| format!("Failed to decode {what}: {error}");
        Ok(match kind {
            PING => Self::Ping(decode(body).map_err(faulty("ping request"))?),
            INDIRECT_PING => Self::IndirectPing(decode(body).map_err(faulty("indirect ping request"))?),
            ACK => Self::Ack(decode(body).map_err(faulty("ack response"))?),
            NACK => Self::Nack(decode(body).map_err(faulty("nack response"))?),
            SUSPECT => Self::Suspect(decode(body).map_err(faulty("suspect message"))?),
            ALIVE => Self::Alive(decode(body).map_err(faulty("alive message"))?),
            DEAD => Self::Dead(decode(body).map_err(faulty("dead message"))?),
            USER => Self::User(body.to_vec()),
            other => return Err(format!("msg type ({other}) not supported")),
        })
    }
}

/// An address as memberlist writes it.
pub(super) fn octets_of(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// The address of these octets; `None` for as many as no address has.
pub(super) fn address_of(octets: &[u8], port: u16) -> Option<SocketAddr> {
    let ip = match octets.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(octets).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(octets).ok()?).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_and_garbage_is_told() {
        let accusation = Accusation { incarnation: 3, node: "one.global".into(), from: "two.global".into() };
        let alive =
            Alive { node: "n".into(), addr: vec![127, 0, 0, 1], vsn: VERSIONS.into(), ..Alive::default() };
        for message in [
            Message::Ping(Ping { seq_no: 70_000, node: "n".into(), ..Ping::default() }),
            Message::IndirectPing(IndirectPing { nack: true, ..IndirectPing::default() }),
            Message::Ack(Ack { seq_no: 7, payload: vec![1; 300] }),
            Message::Nack(Nack { seq_no: 7 }),
            Message::Suspect(accusation.clone()),
            Message::Alive(alive),
            Message::Dead(accusation),
            Message::User(vec![1, 2]),
        ] {
            assert_eq!(Message::decode(&message.encode()), Ok(message));
        }
        assert_eq!(Message::decode(&[99]), Err("msg type (99) not supported".into()));
        assert!(Message::decode(&[PING, 0xa5]).expect_err("no msgpack").starts_with("Failed to decode ping"));
        assert_eq!(Message::decode(&[]), Err("missing message type byte".into()));
    }
}
