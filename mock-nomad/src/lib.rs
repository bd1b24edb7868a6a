//! A Nomad to embed: server agents and client agents with real TLS on every port.
//!
//! An [`Agent`] is started with a [`lab_world::Host`] and the paths of its configuration files on that host's disk, as
//! the real program is started on a machine; [`Agent::reload`] is SIGHUP, [`Agent::stop`] SIGTERM, and dropping it
//! kill -9. It behaves as Nomad 1.11.3 does wherever another program or a person can see it; `docs/FIDELITY.md` lists
//! the differences.
//!
//! A test takes a [`MockNomad`], which is a ready cluster on free ports in one expression.

mod acl;
mod agent;
mod api;
mod builder;
mod client;
mod config;
mod filter;
mod gossip;
mod hclog;
mod http;
mod identity;
mod listen;
mod octets;
mod raft;
mod rpc;
mod seam;
mod server;
mod state;
mod structs;
mod telemetry;
mod tls;

pub use crate::agent::{Agent, Exit, Options, Overrides, StartError};
pub use crate::builder::{Builder, MockNomad, MockNomadError};
pub use crate::config::{
    Checked, Configuration, Heartbeats, PortSettings, TlsSettings, UnreadableConfiguration,
    check_configuration, is_configuration_name,
};

/// The version whose behaviour this is.
pub const VERSION: &str = "1.11.3";
