//! `secrets` and `auth`: engines and methods, and where they are mounted.

mod change;
mod list;

use crate::vault_cli::options::{Kind, Known};

pub(super) use self::change::{disable, enable, move_to, tune, tuned};
pub(super) use self::list::list;

/// Which of the two families a command belongs to, with the words that differ between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Secrets,
    Auth,
}

impl Family {
    /// Where mounts of it are made.
    fn endpoint(self) -> &'static str {
        match self {
            Self::Secrets => "sys/mounts",
            Self::Auth => "sys/auth",
        }
    }

    /// Where its mounts are tuned.
    fn tuned_at(self, path: &str) -> String {
        match self {
            Self::Secrets => format!("sys/mounts/{path}/tune"),
            Self::Auth => format!("sys/mounts/auth/{path}/tune"),
        }
    }

    /// What one of them is called.
    fn noun(self) -> &'static str {
        match self {
            Self::Secrets => "secrets engine",
            Self::Auth => "auth method",
        }
    }
}

/// The flags of `enable`: first what is for methods only, at the end what is for engines only.
const ENABLE: [Known; 22] = [
    ("token-type", Kind::Text),
    ("description", Kind::Text),
    ("path", Kind::Text),
    ("default-lease-ttl", Kind::Duration),
    ("max-lease-ttl", Kind::Duration),
    ("audit-non-hmac-request-keys", Kind::Text),
    ("audit-non-hmac-response-keys", Kind::Text),
    ("listing-visibility", Kind::Text),
    ("passthrough-request-headers", Kind::Text),
    ("allowed-response-headers", Kind::Text),
    ("identity-token-key", Kind::Text),
    ("trim-request-trailing-slashes", Kind::Bool),
    ("plugin-name", Kind::Text),
    ("plugin-version", Kind::Text),
    ("options", Kind::Pair),
    ("local", Kind::Bool),
    ("seal-wrap", Kind::Bool),
    ("external-entropy-access", Kind::Bool),
    ("version", Kind::Number),
    ("allowed-managed-keys", Kind::Text),
    ("delegated-auth-accessors", Kind::Text),
    ("force-no-cache", Kind::Bool),
];

/// The flags of `secrets enable`.
pub(super) const SECRETS_ENABLE: &[Known] = ENABLE.split_at(1).1;
/// The flags of `auth enable`.
pub(super) const AUTH_ENABLE: &[Known] = ENABLE.split_at(19).0;

/// The flags of `tune`, in the same order.
const TUNE: [Known; 20] = [
    ("token-type", Kind::Text),
    ("user-lockout-threshold", Kind::Number),
    ("user-lockout-duration", Kind::Duration),
    ("user-lockout-counter-reset-duration", Kind::Duration),
    ("user-lockout-disable", Kind::Bool),
    ("description", Kind::Text),
    ("default-lease-ttl", Kind::Duration),
    ("max-lease-ttl", Kind::Duration),
    ("audit-non-hmac-request-keys", Kind::Text),
    ("audit-non-hmac-response-keys", Kind::Text),
    ("listing-visibility", Kind::Text),
    ("passthrough-request-headers", Kind::Text),
    ("allowed-response-headers", Kind::Text),
    ("identity-token-key", Kind::Text),
    ("trim-request-trailing-slashes", Kind::Bool),
    ("plugin-version", Kind::Text),
    ("options", Kind::Pair),
    ("version", Kind::Number),
    ("allowed-managed-keys", Kind::Text),
    ("delegated-auth-accessors", Kind::Text),
];

/// The flags of `secrets tune`.
pub(super) const SECRETS_TUNE: &[Known] = TUNE.split_at(5).1;
/// The flags of `auth tune`.
pub(super) const AUTH_TUNE: &[Known] = TUNE.split_at(18).0;
