//! What a handler answers.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use lab_pki::KeyKind;
use lab_wire::jwt::Fetch;
use serde_json::Value;

use crate::logical::refusal::Refusal;
use crate::logical::request::Data;

/// What a handler ends with.
pub(crate) type Outcome = Result<Reply, Refusal>;

/// A handler's answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Nothing: 204 for a write, 404 for a read.
    Nothing,
    /// An envelope, or raw bytes.
    Respond(Box<Response>),
    /// Ask again with this.
    Await(Need),
}

/// A successful answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) data: Option<Data>,
    pub(crate) warnings: Vec<String>,
    pub(crate) auth: Option<Auth>,
    pub(crate) secret: Option<Secret>,
    /// Set where the answer is itself about a wrapping token.
    pub(crate) wrap_info: Option<WrapInfo>,
    /// Bytes that bypass the envelope.
    pub(crate) raw: Option<Raw>,
    /// A status with the whole envelope as its body.
    pub(crate) status: Option<u16>,
    /// Whether no warnings are shown as an empty list.
    pub(crate) lists_warnings: bool,
    /// Whether an answer with a status leaves out the request's id.
    pub(crate) anonymous: bool,
    /// Headers beside the usual ones.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Response {
    /// An answer with this data; anything but an object is no data.
    pub(crate) fn of(data: Value) -> Self {
        let data = match data {
            Value::Object(map) => Some(map),
            _ => None,
        };
        Self { data, ..Self::default() }
    }

    /// An answer with nothing but warnings.
    pub(crate) fn warning(text: impl Into<String>) -> Self {
        Self { warnings: vec![text.into()], ..Self::default() }
    }

    /// Bytes outside the envelope.
    pub(crate) fn raw(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { raw: Some(Raw { status, content_type, body: body.into() }), ..Self::default() }
    }

    /// A list's `keys`; no keys are no data, which answers 404.
    pub(crate) fn keys(keys: impl IntoIterator<Item = String>) -> Self {
        let keys: Vec<Value> = keys.into_iter().map(Value::from).collect();
        let mut data = Data::new();
        if !keys.is_empty() {
            data.insert("keys".into(), Value::Array(keys));
        }
        Self { data: Some(data), ..Self::default() }
    }

    /// Puts the keys that were gathered before in front of the last ones.
    pub(crate) fn prepend(&mut self, mut listed: Vec<Value>) {
        let keys =
            self.data.get_or_insert_default().entry("keys").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(keys) = keys {
            listed.append(keys);
            *keys = listed;
        }
    }

    /// The answer of a handler.
    pub(crate) fn ok(self) -> Outcome {
        Ok(Reply::Respond(Box::new(self)))
    }
}

/// An answer with this data.
pub(crate) fn respond(data: Value) -> Outcome {
    Response::of(data).ok()
}

/// A body that bypasses the envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

/// A leased secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Secret {
    /// What the engine wants; the mount's limits are applied to it.
    pub(crate) ttl: Duration,
    pub(crate) max_ttl: Duration,
    pub(crate) renewable: bool,
    /// What the engine needs to renew or revoke it; `None` for a duration without a lease (KV version 1).
    pub(crate) internal: Option<Data>,
    /// Filled when the lease is registered.
    pub(crate) lease_id: String,
}

/// What a login or a token creation grants, before and after the token store has made the token.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Auth {
    pub(crate) client_token: String,
    pub(crate) accessor: String,
    /// All of them, sorted.
    pub(crate) policies: Vec<String>,
    pub(crate) token_policies: Vec<String>,
    pub(crate) identity_policies: Vec<String>,
    pub(crate) metadata: Option<BTreeMap<String, String>>,
    pub(crate) ttl: Duration,
    pub(crate) max_ttl: Duration,
    pub(crate) explicit_max_ttl: Duration,
    pub(crate) period: Duration,
    pub(crate) renewable: bool,
    pub(crate) entity_id: String,
    pub(crate) batch: bool,
    pub(crate) orphan: bool,
    pub(crate) num_uses: i64,
    pub(crate) display_name: String,
    pub(crate) no_default_policy: bool,
    pub(crate) bound_cidrs: Vec<String>,
    /// Who logged in, for the identity store.
    pub(crate) alias: Option<Alias>,
    /// Groups the login proves membership of.
    pub(crate) group_aliases: Vec<String>,
    /// What the method needs to renew it.
    pub(crate) internal: Data,
}

/// A login's name at its auth mount.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Alias {
    pub(crate) name: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// What replaces a wrapped answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WrapInfo {
    pub(crate) token: String,
    pub(crate) accessor: String,
    pub(crate) ttl: Duration,
    pub(crate) creation_time: String,
    pub(crate) creation_path: String,
    pub(crate) wrapped_accessor: String,
}

/// What a handler needs before it can answer, and what would keep everybody else waiting if it got it itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A document from somewhere else.
    Document(Fetch),
    /// A new key of a kind that takes long to make.
    Key(KeyKind),
    /// Another turn, for the rest of a long list: these are the keys so far, or the next of them.
    Turn(Vec<Value>),
}
