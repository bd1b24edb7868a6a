//! `sys/`: what the server tells and takes about itself.

mod capabilities;
mod config;
mod counters;
mod enterprise;
mod generate_root;
mod health;
mod init;
mod internal_ui;
mod leases;
mod lock;
mod locked_users;
mod loggers;
mod metrics;
mod misc;
mod mounts;
mod password_policies;
mod plugins;
mod policies;
mod quotas;
mod raw;
mod rekey;
mod remount;
mod rotation;
mod sha3;
mod tools;
mod tune;
mod unseal;
mod wrapping;

use crate::logical::Endpoint;
use crate::state::State;

pub(crate) use self::generate_root::Attempts;
pub(crate) use self::health::BUILD_DATE;
pub(crate) use self::metrics::telemetry_settings;
pub(crate) use self::raw::{RawRequest, serve_raw};
pub(crate) use self::remount::Remounts;
pub(crate) use self::unseal::Progress;

/// The endpoints of the logical layer.
pub(crate) static ENDPOINTS: &[&[Endpoint<State>]] = &[
    mounts::ENDPOINTS,
    remount::ENDPOINTS,
    policies::ENDPOINTS,
    capabilities::ENDPOINTS,
    leases::ENDPOINTS,
    wrapping::ENDPOINTS,
    internal_ui::ENDPOINTS,
    tools::ENDPOINTS,
    config::ENDPOINTS,
    rotation::ENDPOINTS,
    password_policies::ENDPOINTS,
    quotas::ENDPOINTS,
    loggers::ENDPOINTS,
    plugins::ENDPOINTS,
    counters::ENDPOINTS,
    metrics::ENDPOINTS,
    locked_users::ENDPOINTS,
    enterprise::ENDPOINTS,
    misc::ENDPOINTS,
    lock::ENDPOINTS,
    crate::audit::ENDPOINTS,
];

/// Paths that need no token.
pub(crate) const UNAUTHENTICATED: &[&str] = &[
    "wrapping/lookup",
    "wrapping/pubkey",
    "internal/ui/mounts",
    "internal/ui/mounts/*",
    "internal/ui/namespaces",
    "internal/ui/authenticated-messages",
    "internal/ui/unauthenticated-messages",
    "internal/specs/openapi",
    "replication/status",
    "decode-token",
];

/// Paths that need `sudo`.
pub(crate) const SUDO: &[&str] = &[
    "auth/*",
    "remount",
    "audit",
    "audit/*",
    "raw",
    "raw/*",
    "rotate",
    "config/cors",
    "config/auditing/*",
    "config/ui/headers/*",
    "plugins/catalog/*",
    "revoke-prefix/*",
    "revoke-force/*",
    "leases/revoke-prefix/*",
    "leases/revoke-force/*",
    "leases/lookup/*",
    "leases",
    "internal/inspect/*",
    "seal",
    "step-down",
];

/// Whether an answer's data stands at the top level too, beside the envelope.
pub(crate) fn copies_to_top(path: &str) -> bool {
    let Some(path) = path.strip_prefix("sys/") else { return false };
    const WHOLE: [&str; 16] = [
        "audit",
        "auth",
        "config/cors",
        "config/auditing/request-headers",
        "capabilities",
        "capabilities-accessor",
        "capabilities-self",
        "ha-status",
        "key-status",
        "mounts",
        "policy",
        "rekey/backup",
        "rekey/recovery-key-backup",
        "remount",
        "rotate",
        "wrapping/wrap",
    ];
    const BELOW: [&str; 6] =
        ["audit/", "audit-hash/", "auth/", "config/auditing/request-headers/", "mounts/", "policy/"];
    WHOLE.contains(&path) || BELOW.iter().any(|prefix| path.starts_with(prefix))
}
