//! A request after HTTP is taken off it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use lab_pki::KeyPair;
use lab_wire::jwt::Fetched;
use serde_json::{Map, Value};

/// The parameters of a request, and the `data` of a response.
pub(crate) type Data = Map<String, Value>;

/// What a request asks of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Create,
    Read,
    Update,
    Patch,
    Delete,
    List,
    Help,
    /// `HEAD` and `OPTIONS`, which no path serves.
    Header,
}

impl Operation {
    /// The name used in policies and in the audit log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Help => "help",
            Self::Header => "header",
        }
    }

    /// Whether the request carries a body that changes something.
    pub(crate) fn is_write(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Patch)
    }
}

/// One request to the logical layer.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The id that the envelope and the audit log carry.
    pub(crate) id: String,
    pub(crate) operation: Operation,
    /// Below `/v1/`, without a leading slash.
    pub(crate) path: String,
    pub(crate) data: Data,
    /// As sent, in whichever header.
    pub(crate) token: Option<String>,
    /// Whether the token was sent in `Authorization`.
    pub(crate) shows_bearer: bool,
    /// What else was sent in `Authorization`.
    pub(crate) authorization: Option<String>,
    /// How long the wrapped answer lives, where wrapping was asked for.
    pub(crate) wrap_ttl: Option<Duration>,
    pub(crate) remote: SocketAddr,
    /// Lower-case names.
    pub(crate) headers: BTreeMap<String, String>,
    /// The documents that this request had to wait for.
    pub(crate) fetched: Vec<Fetched>,
    /// The key that this request had to wait for.
    pub(crate) key: Option<KeyPair>,
    /// The first keys of the long list that this request asks for.
    pub(crate) listed: Vec<Value>,
}

impl Request {
    /// Whether it was seen before, and had to wait for something: it has been counted and audited then.
    pub(crate) fn is_resumed(&self) -> bool {
        !self.fetched.is_empty() || self.key.is_some() || !self.listed.is_empty()
    }
}
