//! The machines of a run, and what an operator can do to them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::future::BoxFuture;
use lab_world::{Host, Line, Net};
use serde::{Deserialize, Serialize};

/// What a machine is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It runs Vault.
    Vault,
    /// It runs a Nomad server.
    Server,
    /// It runs a Nomad client.
    Client,
}

impl Role {
    /// `vault`, `server` or `client`; the last two are also the first label of the node's certificate name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A program that an operator starts and stops through the machine's service manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// `vault server`
    Vault,
    /// `nomad agent -config /etc/nomad.d`
    Nomad,
    /// `consul-template -config /etc/consul-template.d/consul-template.hcl`
    ConsulTemplate,
}

impl Program {
    /// The name of its service: `vault`, `nomad`, `consul-template`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Nomad => "nomad",
            Self::ConsulTemplate => "consul-template",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a program is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramStatus {
    /// It was never started, or was stopped.
    Stopped,
    /// It runs.
    Running,
    /// It ended by itself.
    Exited {
        /// Its exit status.
        code: i32,
        /// The last thing it said.
        text: String,
    },
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name, such as `server-1`.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// Its Nomad region.
    pub region: String,
    /// Its own address.
    pub address: IpAddr,
    /// Nomad's HTTP port, where it runs Nomad.
    pub http: Option<SocketAddr>,
    /// Nomad's RPC port, where it is a server.
    pub rpc: Option<SocketAddr>,
    /// Nomad's gossip port, where it is a server.
    pub serf: Option<SocketAddr>,
    /// Vault's port, where it runs Vault.
    pub vault: Option<SocketAddr>,
}

impl Node {
    /// The name its certificate must carry: `server.global.nomad`, `client.global.nomad`.
    pub fn certificate_name(&self) -> String {
        format!("{}.{}.nomad", self.role, self.region)
    }

    /// Whether it runs Nomad.
    pub fn runs_nomad(&self) -> bool {
        self.role != Role::Vault
    }
}

/// How many machines of which kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// The Nomad region of all of them.
    pub region: String,
    /// How many Nomad servers.
    pub servers: usize,
    /// How many Nomad clients.
    pub clients: usize,
}

/// Something that goes wrong with machines or the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Nothing gets from one machine to another, in that direction.
    Cut {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
    },
    /// Nothing gets from or to a machine.
    Isolate {
        /// The machine.
        node: String,
    },
    /// Everything on the way from one machine to another arrives late.
    Clog {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
        /// How late, in whole milliseconds.
        #[serde(with = "millis")]
        delay: Duration,
    },
    /// All connections between two machines are reset.
    Reset {
        /// One machine.
        one: String,
        /// The other.
        other: String,
    },
    /// The machine loses power; healing it brings power and its programs back.
    PowerOff {
        /// The machine.
        node: String,
    },
    /// The next write of a file stops after some bytes, as after a crash.
    TornWrite {
        /// The machine.
        node: String,
        /// The file.
        path: String,
        /// How many bytes arrive.
        bytes: usize,
    },
}

impl Fault {
    /// The machines that it befalls.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        let (one, other) = match self {
            Self::Cut { from, to } | Self::Clog { from, to, .. } => (from, Some(to)),
            Self::Reset { one, other } => (one, Some(other)),
            Self::Isolate { node } | Self::PowerOff { node } | Self::TornWrite { node, .. } => (node, None),
        };
        std::iter::once(one.as_str()).chain(other.map(String::as_str))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { from, to } => write!(f, "cut the way from {from} to {to}"),
            Self::Isolate { node } => write!(f, "isolate {node}"),
            Self::Clog { from, to, delay } => {
                write!(
                    f,
                    "hold everything from {from} to {to} back for {}",
                    lab_world::format_duration(*delay)
                )
            }
            Self::Reset { one, other } => write!(f, "reset every connection between {one} and {other}"),
            Self::PowerOff { node } => write!(f, "cut the power of {node}"),
            Self::TornWrite { node, path, bytes } => {
                write!(f, "tear the next write of {path} on {node} after {bytes} bytes")
            }
        }
    }
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// What a fleet could not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// No machine has this name.
    #[error("there is no node called {0:?}")]
    UnknownNode(String),
    /// This kind of fleet cannot do that.
    #[error("this fleet cannot {0}")]
    Unsupported(String),
    /// It would change machines, and nobody allowed that.
    #[error("{0} would change {1}, which was not allowed")]
    NotAllowed(String, String),
    /// A file could not be read or written.
    #[error("{node}: {cause}")]
    File {
        /// The machine.
        node: String,
        /// What its operating system said.
        cause: String,
    },
    /// A program did not start, or was not there to be signalled.
    #[error("{program} on {node}: {cause}")]
    Program {
        /// The machine.
        node: String,
        /// The program.
        program: Program,
        /// What it said.
        cause: String,
    },
}

/// A cluster that runs already.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Existing {
    /// Where its Vault answers, `https://vault.example.com:8200`; `None`: the run needs none.
    pub vault: Option<String>,
    /// The authorities, as PEM, that Vault's certificate is held against; `None`: those of nobody.
    pub vault_authorities: Option<String>,
    /// The token to ask Vault with.
    pub vault_token: Option<String>,
    /// The token to ask Nomad with, where its access control is on.
    pub nomad_token: Option<String>,
    /// A certificate and a key, as PEM, to ask Nomad with where it speaks HTTPS already.
    pub nomad_identity: Option<(String, String)>,
}

/// A token shows in no log.
impl fmt::Debug for Existing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Existing({:?})", self.vault)
    }
}

/// The machines of a run. Simulated, on loopback, local or remote: the workflow cannot tell.
pub trait Fleet: Send + Sync {
    /// All machines, Vault's first, then servers, then clients.
    fn nodes(&self) -> &[Node];

    /// The operator's own machine: where probes start from, and whose clock counts.
    fn operator(&self) -> &Host;

    /// The cluster that runs on them already; `None`: the machines are new, and the run sets them up.
    fn existing(&self) -> Option<Existing> {
        None
    }

    /// A machine's own way to the network, to connect as its programs do.
    fn net(&self, node: &str) -> Result<Net, FleetError>;

    /// Whether a machine can be reached and used.
    ///
    /// Errors: why not.
    fn check<'a>(&'a self, node: &'a str) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            let is_there = self.nodes().iter().any(|known| known.name == node);
            is_there.then_some(()).ok_or_else(|| FleetError::UnknownNode(node.to_owned()))
        })
    }

    /// Reads a file of a machine.
    fn read<'a>(&'a self, node: &'a str, path: &'a str) -> BoxFuture<'a, Result<Vec<u8>, FleetError>>;

    /// Writes a file of a machine; `mode` is its permissions, such as `0o600`.
    fn write<'a>(
        &'a self,
        node: &'a str,
        path: &'a str,
        bytes: &'a [u8],
        mode: u32,
    ) -> BoxFuture<'a, Result<(), FleetError>>;

    /// Starts a program; one that exits at once is not an error here but shows in [`Fleet::status`].
    fn start<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>>;

    /// Stops a program with SIGTERM and waits for its end.
    fn stop<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>>;

    /// Kills a program with SIGKILL.
    fn kill<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>>;

    /// Sends a program SIGHUP.
    fn reload<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>>;

    /// How a program is doing.
    fn status(&self, node: &str, program: Program) -> ProgramStatus;

    /// The lines a program logged after `mark`, and the mark to go on from. The first mark is 0.
    fn log(&self, node: &str, program: Program, mark: usize) -> (Vec<Line>, usize);

    /// Makes something go wrong.
    fn inject<'a>(&'a self, fault: &'a Fault) -> BoxFuture<'a, Result<(), FleetError>>;

    /// Makes it right again.
    fn heal<'a>(&'a self, fault: &'a Fault) -> BoxFuture<'a, Result<(), FleetError>>;
}

impl dyn Fleet + '_ {
    /// The machine of this name.
    pub fn node(&self, name: &str) -> Result<&Node, FleetError> {
        self.nodes()
            .iter()
            .find(|node| node.name == name)
            .ok_or_else(|| FleetError::UnknownNode(name.to_owned()))
    }

    /// The machines with this role, in order.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Node> {
        self.nodes().iter().filter(move |node| node.role == role)
    }
}
