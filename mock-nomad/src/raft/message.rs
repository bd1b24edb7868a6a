//! The messages between servers: a type number, then a map of fields; the answer is an error's text, then a map.

use lab_wire::rpc::{MessageReader, from_value};
use lab_wire::{BoxIo, rpc::MessageError};
use rmpv::Value;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::io::AsyncWriteExt;

use super::Peer;
use crate::octets;

/// A call from one server to another.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Call {
    /// Take these entries, or just hear that there is a leader.
    AppendEntries(AppendEntries),
    /// Vote for me.
    RequestVote(RequestVote),
    /// Take this state.
    InstallSnapshot(InstallSnapshot),
    /// Begin an election at once.
    TimeoutNow(TimeoutNow),
    /// Would you vote for me?
    RequestPreVote(RequestVote),
}

/// What a server answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Answer {
    #[serde(rename = "RPCHeader")]
    pub(super) header: Header,
    pub(super) term: u64,
    /// The end of the answering server's log.
    pub(super) last_log: u64,
    /// Whether the entries or the snapshot were taken.
    pub(super) success: bool,
    /// Whether the vote was given.
    pub(super) granted: bool,
    pub(super) no_retry_backoff: bool,
}

/// Who speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Header {
    #[serde(rename = "ProtocolVersion")]
    pub(super) protocol_version: u64,
    #[serde(rename = "ID", with = "octets")]
    pub(super) id: Vec<u8>,
    #[serde(rename = "Addr", with = "octets")]
    pub(super) address: Vec<u8>,
}

impl Header {
    pub(super) fn of(peer: &Peer) -> Self {
        Self {
            protocol_version: 3,
            id: peer.id.clone().into_bytes(),
            address: peer.address.to_string().into_bytes(),
        }
    }

    /// The speaker, where its address is one.
    pub(super) fn peer(&self) -> Option<Peer> {
        let id = String::from_utf8(self.id.clone()).ok()?;
        Some(Peer { id, address: std::str::from_utf8(&self.address).ok()?.parse().ok()? })
    }
}

/// Entries for a follower's log; none of them makes it a heartbeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AppendEntries {
    #[serde(rename = "RPCHeader")]
    pub(super) header: Header,
    pub(super) term: u64,
    pub(super) prev_log_entry: u64,
    pub(super) prev_log_term: u64,
    pub(super) entries: Vec<Entry>,
    pub(super) leader_commit_index: u64,
}

/// A candidate's question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RequestVote {
    #[serde(rename = "RPCHeader")]
    pub(super) header: Header,
    pub(super) term: u64,
    pub(super) last_log_index: u64,
    pub(super) last_log_term: u64,
    /// Whether the leader itself wants the election.
    pub(super) leadership_transfer: bool,
}

/// A leader's order to begin an election.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TimeoutNow {
    #[serde(rename = "RPCHeader")]
    pub(super) header: Header,
}

/// A leader's whole state, for a follower that is too far behind. Unlike in the real program it travels in the message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InstallSnapshot {
    #[serde(rename = "RPCHeader")]
    pub(super) header: Header,
    pub(super) term: u64,
    pub(super) last_log_index: u64,
    pub(super) last_log_term: u64,
    #[serde(with = "octets")]
    pub(super) configuration: Vec<u8>,
    #[serde(with = "octets")]
    pub(super) data: Vec<u8>,
}

/// One entry of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry {
    pub(super) index: u64,
    pub(super) term: u64,
    #[serde(rename = "Type")]
    pub(super) kind: EntryKind,
    #[serde(with = "octets")]
    pub(super) data: Vec<u8>,
}

/// What an entry is, by HashiCorp's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// A command for the state machine.
    #[default]
    Command,
    /// A new leader's first entry.
    Noop,
    /// The members from here on.
    Configuration,
}

impl Serialize for EntryKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(match self {
            Self::Command => 0,
            Self::Noop => 1,
            Self::Configuration => 5,
        })
    }
}

impl<'de> Deserialize<'de> for EntryKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            0 => Ok(Self::Command),
            1 => Ok(Self::Noop),
            5 => Ok(Self::Configuration),
            other => Err(serde::de::Error::custom(format!("unrecognized log type: {other}"))),
        }
    }
}

/// The members as a configuration entry keeps them.
pub(super) fn encode_peers(peers: &[Peer]) -> Vec<u8> {
    // Plain values, into memory.
    rmp_serde::to_vec_named(peers).expect("peers are made of plain values")
}

/// Reads what [`encode_peers`] wrote.
pub(super) fn decode_peers(bytes: &[u8]) -> Option<Vec<Peer>> {
    rmp_serde::from_slice(bytes).ok()
}

impl Call {
    /// Writes the call.
    pub(super) async fn write(&self, io: &mut BoxIo) -> Result<(), MessageError> {
        let (number, body) = match self {
            Self::AppendEntries(call) => (0, plain(call)),
            Self::RequestVote(call) => (1, plain(call)),
            Self::InstallSnapshot(call) => (2, plain(call)),
            Self::TimeoutNow(call) => (3, plain(call)),
            Self::RequestPreVote(call) => (4, plain(call)),
        };
        send(io, &[number], &body).await
    }

    /// Reads a call. An unknown type is an error in HashiCorp's words.
    pub(super) async fn read(
        reader: &mut MessageReader,
        io: &mut BoxIo,
    ) -> Result<Result<Self, String>, MessageError> {
        let number = reader.byte(io).await?;
        if number > 4 {
            return Ok(Err(format!("unknown rpc type {number}")));
        }
        let body = reader.next(io).await?;
        Ok(match number {
            0 => typed(body).map(Self::AppendEntries),
            1 => typed(body).map(Self::RequestVote),
            2 => typed(body).map(Self::InstallSnapshot),
            3 => typed(body).map(Self::TimeoutNow),
            _ => typed(body).map(Self::RequestPreVote),
        })
    }
}

impl Answer {
    /// Writes the answer.
    pub(super) async fn write(&self, io: &mut BoxIo) -> Result<(), MessageError> {
        // An empty text: no error.
        send(io, &[0xa0], &plain(self)).await
    }

    /// Reads an answer, or the error that the other end sent instead.
    pub(super) async fn read(
        reader: &mut MessageReader,
        io: &mut BoxIo,
    ) -> Result<Result<Self, String>, MessageError> {
        let error = reader.next(io).await?;
        let body = reader.next(io).await?;
        Ok(match error.as_str() {
            Some("") | None => typed(body),
            Some(error) => Err(error.to_owned()),
        })
    }
}

fn plain(message: &impl Serialize) -> Vec<u8> {
    // Plain values, into memory.
    rmp_serde::to_vec_named(message).expect("messages are made of plain values")
}

fn typed<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    from_value(body).map_err(|error| error.to_string())
}

async fn send(io: &mut BoxIo, head: &[u8], body: &[u8]) -> Result<(), MessageError> {
    let bytes = [head, body].concat();
    io.write_all(&bytes).await.map_err(|error| MessageError::of(&error))?;
    io.flush().await.map_err(|error| MessageError::of(&error))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[tokio::test]
    async fn messages_survive_the_wire() {
        let (one, other) = tokio::io::duplex(4096);
        let (mut one, mut other): (BoxIo, BoxIo) = (Box::new(one), Box::new(other));
        let peer = Peer { id: "a".into(), address: ([10, 0, 0, 1], 4647).into() };
        let entry = Entry {
            index: 3,
            term: 2,
            kind: EntryKind::Configuration,
            data: encode_peers(std::slice::from_ref(&peer)),
        };
        let call = Call::AppendEntries(AppendEntries {
            header: Header::of(&peer),
            term: 2,
            prev_log_entry: 2,
            entries: vec![entry],
            ..AppendEntries::default()
        });
        call.write(&mut one).await.expect("room");
        let read = Call::read(&mut MessageReader::default(), &mut other).await.expect("whole");
        assert_eq!(read, Ok(call));
        let answer = Answer { term: 7, success: true, ..Answer::default() };
        answer.write(&mut other).await.expect("room");
        assert_eq!(Answer::read(&mut MessageReader::default(), &mut one).await, Ok(Ok(answer)));
        assert_eq!(Header::of(&peer).peer(), Some(peer));
    }

    #[tokio::test]
    async fn unknown_types_are_named() {
        let (mut one, other) = tokio::io::duplex(64);
        one.write_all(&[130]).await.expect("room");
        let read = Call::read(&mut MessageReader::default(), &mut (Box::new(other) as BoxIo)).await;
        assert_eq!(read, Ok(Err("unknown rpc type 130".to_owned())));
    }
}
