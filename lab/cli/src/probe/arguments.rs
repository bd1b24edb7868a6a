//! The command line of `lab probe`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  lab probe server-1:4647                    what the RPC port accepts now
  lab probe --config /etc/nomad.d            this agent's ports: do they do what
                                             its files say?
  lab probe 10.0.0.1 10.0.0.2 --cert client.crt --key client.key
                                             with a client's certificate: names,
                                             Raft, HTTPS
  lab probe --rpc s1:4647 --expect strict    in CI and in runbooks

A port is RPC or HTTP by its number (4647, 4646), by --rpc and --http, or found
out. Give each certificate with its key, in the same order: what it is (server,
client, command line, another region) is told from its names.

It sends Status.Ping, a Raft hello and GET /v1/status/leader, each on a
connection of its own, which change nothing. A server logs what it refuses:
`failed TLS handshake`, `non-TLS connection attempted with RequireTLS set`.
Connections that were opened before are not seen; on the server this lists them:
ss -tnp state established '( sport = :4647 )'

Exit status: 0 as it should be (or as expected), 10 plaintext, 11 a warning, 12
critical (or not as expected), 1 no answer, or not a Nomad.";

/// Ask the ports of a real cluster what they accept now.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Probe {
    /// `HOST`, `HOST:PORT` or `[IPv6]:PORT`.
    #[arg(value_name = "ADDR", required_unless_present_any = ["config", "rpc", "http"])]
    pub(crate) addresses: Vec<String>,

    /// This address is an RPC port; may be given again.
    #[arg(long, value_name = "ADDR")]
    pub(crate) rpc: Vec<String>,

    /// This address is an HTTP port; may be given again.
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Vec<String>,

    /// The agent's configuration: its ports, its region, its certificate, and what it should accept.
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,

    /// A certificate to show; may be given again.
    #[arg(long = "cert", value_name = "FILE")]
    pub(crate) certificates: Vec<PathBuf>,

    /// Its key; may be given again.
    #[arg(long = "key", value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,

    /// The region of the agents; otherwise the configuration's, or global.
    #[arg(long)]
    pub(crate) region: Option<String>,

    /// What every RPC port must be.
    #[arg(long, value_enum)]
    pub(crate) expect: Option<Expect>,

    /// What to print on standard output.
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) format: Output,
}

/// What a port is expected to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Expect {
    /// Plaintext only.
    Plaintext,
    /// Plaintext and TLS.
    Upgrade,
    /// TLS only.
    Strict,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Human,
    /// One JSON document.
    Json,
}
