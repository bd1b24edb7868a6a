//! What a handler is given beside its backend's state.

use std::sync::Arc;
use std::time::Duration;

use lab_pki::KeySource;
use lab_world::Entropy;
use time::OffsetDateTime;

use crate::logical::fields::Fields;
use crate::logical::request::Request;
use crate::policy::Subject;
use crate::token::TokenEntry;

/// One request on its way through a backend.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    /// The request's path below the mount.
    pub(crate) path: &'a str,
    pub(crate) environment: &'a Environment,
    pub(crate) mount: &'a MountView,
    /// Who calls; `None` on paths that need no token.
    pub(crate) caller: Option<&'a Caller>,
    /// Filled before the handler is called.
    pub(crate) fields: Fields,
}

impl Call<'_> {
    /// The present.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.environment.now
    }
}

/// What the world gives to one call.
pub(crate) struct Environment {
    pub(crate) now: OffsetDateTime,
    pub(crate) entropy: Entropy,
    pub(crate) keys: KeySource,
}

/// What an engine may know of its mount.
#[derive(Clone, Debug, Default)]
pub(crate) struct MountView {
    /// With a trailing slash; auth mounts begin with `auth/`.
    pub(crate) path: String,
    pub(crate) kind: String,
    pub(crate) accessor: String,
    /// The effective limits.
    pub(crate) default_ttl: Duration,
    /// The same where the longest lifetime does not cut it.
    pub(crate) usual_ttl: Duration,
    pub(crate) max_ttl: Duration,
    /// The parameters of requests and of answers that the audit log shows.
    pub(crate) plain_request_keys: Vec<String>,
    pub(crate) plain_response_keys: Vec<String>,
}

/// Who calls, as far as the token proves it.
pub(crate) struct Caller {
    pub(crate) token: Arc<TokenEntry>,
    /// The token store's name for the token.
    pub(crate) token_id: String,
    /// What policies may say about the caller's entity.
    pub(crate) subject: Option<Subject>,
    /// Whether the token has the root policy.
    pub(crate) root: bool,
    /// Whether the caller may do what needs `sudo` on this request's path.
    pub(crate) sudo: bool,
}
