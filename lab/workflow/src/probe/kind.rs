//! What can be tried on a port.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A port of a Nomad agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Port {
    /// 4647: calls and consensus.
    Rpc,
    /// 4646: the HTTP API.
    Http,
}

impl Port {
    /// `rpc` or `http`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rpc => "rpc",
            Self::Http => "http",
        }
    }
}

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// In the clear.
    Plaintext,
    /// Inside TLS.
    Tls,
}

/// What the caller shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// No certificate.
    None,
    /// `server.<region>.nomad`
    Server,
    /// `client.<region>.nomad`
    Client,
    /// A certificate without a role, as people use on the command line.
    Cli,
    /// `server.other.nomad`: a server of another region, from the same authority.
    ServerOfOtherRegion,
    /// `client.other.nomad`: a client of another region, from the same authority.
    ClientOfOtherRegion,
    /// `server.<region>.nomad` of the same authority, past its end.
    Expired,
    /// `server.<region>.nomad` from an authority nobody knows.
    OtherAuthority,
    /// `server.<region>.nomad` that may only be used to serve, not to connect.
    ServingOnly,
    /// What Vault gives to somebody who holds a client's token and asks for `server.<region>.nomad`.
    ServerByClientToken,
}

impl Credential {
    /// In words, for people: `a client's certificate`.
    pub fn describe(self) -> &'static str {
        match self {
            Self::None => "no certificate",
            Self::Server => "a server's certificate",
            Self::Client => "a client's certificate",
            Self::Cli => "a command line certificate",
            Self::ServerOfOtherRegion => "a server's certificate of another region",
            Self::ClientOfOtherRegion => "a client's certificate of another region",
            Self::Expired => "an expired certificate",
            Self::OtherAuthority => "a certificate of another authority",
            Self::ServingOnly => "a certificate that may only serve",
            Self::ServerByClientToken => "a server's certificate that a client's token got from Vault",
        }
    }
}

/// What is asked on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The RPC `Status.Ping`, which needs no authorization: who gets an answer got through the port.
    Ping,
    /// The same over a multiplexed session, as agents speak.
    MultiplexedPing,
    /// To be handed to consensus.
    Raft,
    /// The RPC `Eval.Ack` of an evaluation that does not exist: only servers may ask it.
    ServerOnly,
    /// `GET /v1/status/leader`
    Http,
}

/// One question to one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Probe {
    /// The port.
    pub port: Port,
    /// In the clear or inside TLS.
    pub transport: Transport,
    /// What the caller shows of itself.
    pub credential: Credential,
    /// What it asks.
    pub ask: Ask,
    /// Whether it asks on a connection that was opened and answered in an earlier step.
    pub held: bool,
}

impl Probe {
    /// A call in the clear on the RPC port.
    pub const PLAINTEXT: Self = Self::rpc(Transport::Plaintext, Credential::None, Ask::Ping);

    pub(crate) const fn rpc(transport: Transport, credential: Credential, ask: Ask) -> Self {
        Self { port: Port::Rpc, transport, credential, ask, held: false }
    }

    pub(crate) const fn http(transport: Transport, credential: Credential) -> Self {
        Self { port: Port::Http, transport, credential, ask: Ask::Http, held: false }
    }

    /// The same question on a connection kept from earlier.
    pub(crate) const fn held(self) -> Self {
        Self { held: true, ..self }
    }
}

impl fmt::Display for Probe {
    /// In words: `plaintext RPC on an old connection`, `Raft over TLS with a client's certificate`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = match self.ask {
            Ask::Ping => "RPC",
            Ask::MultiplexedPing => "multiplexed RPC",
            Ask::Raft => "Raft",
            Ask::ServerOnly => "server-only RPC",
            Ask::Http => "HTTP",
        };
        match self.transport {
            Transport::Plaintext => write!(f, "plaintext {asked}")?,
            Transport::Tls => write!(f, "{asked} over TLS with {}", self.credential.describe())?,
        }
        if self.held { f.write_str(" on an old connection") } else { Ok(()) }
    }
}

/// What a port said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the question was answered.
    pub accepted: bool,
    /// The answer, or the error's very text.
    pub text: String,
}

impl Verdict {
    pub(crate) fn accepted(text: impl Into<String>) -> Self {
        Self { accepted: true, text: text.into() }
    }

    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self { accepted: false, text: text.into() }
    }
}
