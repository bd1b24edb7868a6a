//! What becomes of a connection by its first byte: the one table behind every migration.

use lab_wire::rpc::{RPC_MULTIPLEX, RPC_MULTIPLEX_V2, RPC_NOMAD, RPC_RAFT, RPC_STREAMING, RPC_TLS};
use lab_world::Level;

use super::RpcSettings;
use crate::hclog;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Shake hands, and read another first byte inside TLS.
    Handshake,
    /// Serve msgpack calls.
    Calls,
    /// Hand the connection to consensus.
    Raft,
    /// Serve yamux; `typed`: each stream begins with a byte of its own.
    Multiplex { typed: bool },
    /// Serve one streaming call.
    Streaming,
    /// Close.
    Refuse(Refusal),
}

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Plaintext where TLS is required and upgrade mode is off.
    Plaintext,
    /// TLS where there is none.
    NoTls,
    /// TLS inside TLS.
    TlsInTls,
    /// Consensus with a certificate of another role or region: nothing is logged.
    RaftName,
    /// No such byte.
    Unknown(u8),
}

impl Refusal {
    /// The line of the log, without the logger's name.
    pub(super) fn log(&self, remote: std::net::SocketAddr) -> Option<(Level, String)> {
        let remote = hclog::pair("remote_addr", remote);
        Some(match self {
            Self::Plaintext => {
                (Level::Warn, format!("non-TLS connection attempted with RequireTLS set: {remote}"))
            }
            Self::NoTls => (Level::Warn, "TLS connection attempted, server not configured for TLS".into()),
            Self::TlsInTls => (
                Level::Error,
                format!("TLS connection attempting to establish inner TLS connection: {remote}"),
            ),
            Self::RaftName => return None,
            Self::Unknown(byte) => (Level::Error, format!("unrecognized RPC byte: byte={byte}")),
        })
    }
}

/// Decides on `byte`, read outside TLS (`names` is `None`) or inside it, where the certificate says `names`.
pub(super) fn decide(settings: &RpcSettings, byte: u8, names: Option<&[String]>) -> Step {
    let requires_tls = settings.tls.is_some() && !settings.upgrade_mode;
    if names.is_none() && byte != RPC_TLS && requires_tls {
        return Step::Refuse(Refusal::Plaintext);
    }
    match byte {
        RPC_TLS if settings.tls.is_none() => Step::Refuse(Refusal::NoTls),
        RPC_TLS if names.is_some() => Step::Refuse(Refusal::TlsInTls),
        RPC_TLS => Step::Handshake,
        RPC_NOMAD => Step::Calls,
        RPC_RAFT if raft_may(settings, names.unwrap_or_default()) => Step::Raft,
        RPC_RAFT => Step::Refuse(Refusal::RaftName),
        RPC_MULTIPLEX => Step::Multiplex { typed: false },
        RPC_MULTIPLEX_V2 => Step::Multiplex { typed: true },
        RPC_STREAMING => Step::Streaming,
        other => Step::Refuse(Refusal::Unknown(other)),
    }
}

/// Consensus wants this region's server name, where names are checked and upgrade mode is off.
fn raft_may(settings: &RpcSettings, names: &[String]) -> bool {
    if settings.tls.is_none() || !settings.verify_server_hostname || settings.upgrade_mode {
        return true;
    }
    names.contains(&format!("server.{}.nomad", settings.region))
}
