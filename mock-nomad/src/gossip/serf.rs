//! Serf's messages, which memberlist carries as those of its user.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::encoding::{decode, encode};
use crate::octets;

const LEAVE: u8 = 0;
const JOIN: u8 = 1;
const PUSH_PULL: u8 = 2;
const QUERY: u8 = 4;
const RESPONSE: u8 = 5;
const KEY_REQUEST: u8 = 7;
const KEY_RESPONSE: u8 = 8;
/// What tags begin with in a node's account of itself.
const TAGS: u8 = 255;

/// A query's answers are acknowledgements.
pub(super) const FLAG_ACK: u32 = 1;
/// A query is not passed on.
pub(super) const FLAG_NO_BROADCAST: u32 = 2;

/// What Serf says to others.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Serf {
    Leave(Intent),
    Join(Intent),
    Query(Query),
    Response(Response),
}

/// A node means to leave, or to join, by Lamport's clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Intent {
    #[serde(rename = "LTime")]
    pub(super) time: u64,
    pub(super) node: String,
    /// Of a leave: nothing of the node is to be kept.
    pub(super) prune: bool,
}

/// Serf's part of a push/pull. Events are not kept here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct SerfState {
    #[serde(rename = "LTime")]
    pub(super) time: u64,
    #[serde(rename = "StatusLTimes")]
    pub(super) status_times: BTreeMap<String, u64>,
    pub(super) left_members: Vec<String>,
    #[serde(rename = "EventLTime")]
    pub(super) event_time: u64,
    #[serde(rename = "QueryLTime")]
    pub(super) query_time: u64,
}

/// A question to every node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Query {
    #[serde(rename = "LTime")]
    pub(super) time: u64,
    #[serde(rename = "ID")]
    pub(super) id: u32,
    /// Where answers go.
    #[serde(with = "octets")]
    pub(super) addr: Vec<u8>,
    pub(super) port: u16,
    pub(super) source_node: String,
    pub(super) filters: Vec<rmpv::Value>,
    pub(super) flags: u32,
    pub(super) relay_factor: u8,
    /// For how many nanoseconds answers are awaited.
    pub(super) timeout: i64,
    pub(super) name: String,
    #[serde(with = "octets")]
    pub(super) payload: Vec<u8>,
}

/// What a node answers to a question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Response {
    #[serde(rename = "LTime")]
    pub(super) time: u64,
    #[serde(rename = "ID")]
    pub(super) id: u32,
    pub(super) from: String,
    pub(super) flags: u32,
    #[serde(with = "octets")]
    pub(super) payload: Vec<u8>,
}

/// Which key a question is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct KeyRequest {
    #[serde(with = "octets")]
    pub(super) key: Vec<u8>,
}

/// What became of a question about keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct KeyResponse {
    pub(super) result: bool,
    pub(super) message: String,
    /// In base64.
    pub(super) keys: Vec<String>,
    pub(super) primary_key: String,
}

impl Serf {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Leave(intent) => encode(LEAVE, intent),
            Self::Join(intent) => encode(JOIN, intent),
            Self::Query(query) => encode(QUERY, query),
            Self::Response(response) => encode(RESPONSE, response),
        }
    }

    /// `None` for what is not known here: events, and what is passed on for others.
    pub(super) fn decode(bytes: &[u8]) -> Result<Option<Self>, String> {
        let Some((&kind, body)) = bytes.split_first() else { return Ok(None) };
        Ok(Some(match kind {
            LEAVE => Self::Leave(decode(body)?),
            JOIN => Self::Join(decode(body)?),
            QUERY => Self::Query(decode(body)?),
            RESPONSE => Self::Response(decode(body)?),
            _ => return Ok(None),
        }))
    }
}

impl SerfState {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(PUSH_PULL, self)
    }

    /// The error is Serf's.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        match bytes.split_first() {
            Some((&PUSH_PULL, body)) => {
                decode(body).map_err(|error| format!("Failed to decode remote state: {error}"))
            }
            Some((other, _)) => Err(format!("Remote state has bad type prefix: {other}")),
            None => Err("Remote state is zero bytes".into()),
        }
    }
}

impl KeyRequest {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(KEY_REQUEST, self)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        decode(bytes.get(1..).unwrap_or_default())
    }
}

impl KeyResponse {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(KEY_RESPONSE, self)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        match bytes.split_first() {
            Some((&KEY_RESPONSE, body)) => {
                decode(body).map_err(|error| format!("Failed to decode key query response: {error}"))
            }
            _ => Err("Invalid key query response type".into()),
        }
    }
}

/// Tags as a node tells them.
pub(super) fn encode_tags(tags: &BTreeMap<String, String>) -> Vec<u8> {
    encode(TAGS, tags)
}

/// Tags that a node told; a text that is none of these is the role of old.
pub(super) fn decode_tags(meta: &[u8]) -> BTreeMap<String, String> {
    match meta.split_first() {
        Some((&TAGS, body)) => decode(body).unwrap_or_default(),
        _ => BTreeMap::from([("role".to_owned(), String::from_utf8_lossy(meta).into_owned())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back() {
        let intent = Intent { time: 9, node: "a.global".into(), prune: true };
        let query = Query { id: 7, timeout: 16_000_000_000, payload: vec![7, 0x80], ..Query::default() };
        let response = Response { id: 7, from: "a".into(), payload: vec![8; 40], ..Response::default() };
        for message in
            [Serf::Leave(intent.clone()), Serf::Join(intent), Serf::Query(query), Serf::Response(response)]
        {
            assert_eq!(Serf::decode(&message.encode()), Ok(Some(message)));
        }
        assert_eq!(Serf::decode(&[3, 0x80]), Ok(None), "an event");
        assert!(Serf::decode(&[QUERY, 0xa5]).is_err());
        let state = SerfState { time: 3, left_members: vec!["b".into()], ..SerfState::default() };
        assert_eq!(SerfState::decode(&state.encode()), Ok(state));
        assert!(SerfState::decode(&[]).is_err());
        let tags = BTreeMap::from([("role".to_owned(), "nomad".to_owned())]);
        assert_eq!(decode_tags(&encode_tags(&tags)), tags);
        assert_eq!(decode_tags(b"nomad"), tags);
    }
}
