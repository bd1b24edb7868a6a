//! Servers and clients together, over dialers that are function calls with the verdicts of TLS.

mod checks;
mod cluster;
mod deployments;
pub(crate) mod harness;
mod jobs;
mod mixed_tls;
mod nodes;
mod schedulers;
mod services;
