//! `nomad operator`.

pub(super) mod api;
pub(super) mod autopilot;
pub(super) mod keyring;
pub(super) mod metrics;
pub(super) mod raft;
pub(super) mod root_keyring;
pub(super) mod scheduler;
pub(super) mod snapshot;
