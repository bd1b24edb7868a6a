//! A Nomad to embed: server agents and client agents with real TLS on every port.
//!
//! An [`Agent`] is started with a [`lab_world::Host`] and the paths of its configuration files on that host's disk, as
//! the real program is started on a machine; [`Agent::reload`] is SIGHUP, [`Agent::stop`] SIGTERM, and dropping it
//! kill -9. It behaves as Nomad 1.11.3 does wherever another program or a person can see it; `docs/FIDELITY.md` lists
//! the differences.

mod agent;
mod api;
mod client;
mod config;
mod gossip;
mod hclog;
mod http;
mod listen;
mod raft;
mod rpc;
mod seam;
mod server;
mod state;
mod structs;
mod tls;

pub use crate::agent::{Agent, Exit, Options, StartError};
