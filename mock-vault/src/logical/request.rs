//! A request after HTTP is taken off it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::logical::response::Fetched;

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
    /// How long the wrapped answer lives, where wrapping was asked for.
    pub(crate) wrap_ttl: Option<Duration>,
    pub(crate) remote: SocketAddr,
    /// Lower-case names.
    pub(crate) headers: BTreeMap<String, String>,
    /// What was fetched for an earlier [`crate::logical::Reply::Await`] of this request.
    pub(crate) fetched: Vec<Fetched>,
}
