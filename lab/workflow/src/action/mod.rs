//! What a plan does to machines: one enum for scenario files, generated sequences and reports.

mod describe;
mod explain;
mod select;
mod tls;

use std::time::Duration;

use indexmap::IndexMap;

use crate::fleet::Fault;
use crate::run::{agents, templates};

pub(crate) use self::describe::short;
pub use self::select::{Order, Rollout, Selector};
pub use self::tls::TlsSettings;

/// One thing that an operator does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `vault operator init` (guide 003, step 1).
    InitVault {
        /// How many key shares.
        shares: u8,
        /// How many of them unseal.
        threshold: u8,
    },
    /// `vault operator unseal` with as many shares as it takes (guide 003, step 2).
    UnsealVault,
    /// `vault operator seal`
    SealVault,
    /// A PKI mount with a root certificate authority (guide 003, step 4).
    RootCa {
        /// The mount's path.
        mount: String,
        /// The authority's common name.
        common_name: String,
        /// How long it is valid.
        ttl: Duration,
    },
    /// A PKI mount with an intermediate authority signed by a root (guide 003, steps 5 and 6).
    IntermediateCa {
        /// The mount's path.
        mount: String,
        /// The mount of the root.
        root: String,
        /// The authority's common name.
        common_name: String,
        /// How long it is valid.
        ttl: Duration,
    },
    /// A PKI role (guide 003, step 7).
    WriteRole {
        /// The mount of the issuing authority.
        mount: String,
        /// The role's name.
        name: String,
        /// Its parameters as `vault write` takes them.
        parameters: IndexMap<String, String>,
    },
    /// A policy (guide 003, step 8).
    WritePolicy {
        /// Its name.
        name: String,
        /// Its text, in Vault's policy language.
        rules: String,
    },
    /// A token for consul-template (guide 003, step 9). It is kept under a name and never shown.
    CreateToken {
        /// The name that `render` takes it by.
        name: String,
        /// Its policies.
        policies: Vec<String>,
        /// Its parameters, such as `ttl` or `period`.
        parameters: IndexMap<String, String>,
    },
    /// Templates and configuration for consul-template, which is then started (guide 003, steps 10 to 12).
    Render(Render),
    /// Settings of the agents' `tls` block, written to their files; nothing is reloaded (guide 003, step 13).
    Tls {
        /// On which machines.
        on: Selector,
        /// The settings; what is not set stays as it was.
        settings: TlsSettings,
    },
    /// A gossip key, the same for all, written to the servers' files (guide 003, last section).
    GossipKey {
        /// On which machines.
        on: Selector,
    },
    /// SIGHUP to Nomad.
    Reload(Rollout),
    /// Nomad stopped and started again.
    Restart(Rollout),
    /// Nomad started.
    Start(Rollout),
    /// Nomad stopped.
    Stop(Rollout),
    /// Time passes.
    Wait {
        /// How much.
        duration: Duration,
        /// How much at least where time cannot be skipped: on real servers; `None`: the same.
        real: Option<Duration>,
    },
    /// A job is registered, or registered again with other numbers.
    RunJob(Job),
    /// A job is stopped.
    StopJob {
        /// Its name.
        name: String,
    },
    /// A new intermediate authority under the same root takes over issuing.
    RotateIntermediate {
        /// The mount of the issuing authority.
        mount: String,
        /// The mount of the root.
        root: String,
        /// How long the new authority is valid.
        ttl: Duration,
    },
    /// Something goes wrong.
    Inject(Fault),
    /// It is made right again.
    Heal(Fault),
    /// Every port is asked everything again, whether or not its answer could have changed.
    Probe,
    /// Certificates of the right and the wrong role, region, authority, usage and age are tried on every port.
    TryCertificates,
}

impl Action {
    /// Whether it changes machines, Vault or Nomad, as opposed to waiting and looking.
    pub fn changes(&self) -> bool {
        !matches!(self, Self::Wait { .. } | Self::Probe)
    }

    /// The files that it writes on each machine, as the machine's programs call them.
    pub fn files(&self) -> &'static [&'static str] {
        match self {
            Self::Tls { .. } => &[agents::TLS],
            Self::GossipKey { .. } => &[agents::GOSSIP],
            Self::Render(_) => &["/opt/nomad/templates/*.tpl", templates::CONFIG],
            _ => &[],
        }
    }

    /// The machines that it names, as opposed to choosing them by role.
    pub(crate) fn named_nodes(&self) -> Vec<String> {
        let selector = match self {
            Self::Render(render) => &render.on,
            Self::Tls { on, .. } | Self::GossipKey { on } => on,
            Self::Reload(rollout) | Self::Restart(rollout) | Self::Start(rollout) | Self::Stop(rollout) => {
                &rollout.on
            }
            Self::Inject(fault) | Self::Heal(fault) => return fault.nodes().map(str::to_owned).collect(),
            _ => return Vec::new(),
        };
        match selector {
            Selector::Nodes(names) => names.clone(),
            _ => Vec::new(),
        }
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// One allocation on every client instead of a number of them.
    pub system: bool,
    /// How many allocations, on different clients where there are enough.
    pub count: usize,
}

/// How certificates get onto machines.
#[derive(Clone, Debug, PartialEq)]
pub struct Render {
    /// On which machines.
    pub on: Selector,
    /// The mount of the issuing authority.
    pub mount: String,
    /// The PKI role.
    pub role: String,
    /// The name of the token that `token` made.
    pub token: String,
    /// How long a certificate is valid.
    pub ttl: Duration,
    /// The template function that fetches certificates.
    pub function: TemplateFunction,
    /// What the agents trust.
    pub trust: Trust,
    /// What consul-template runs after it wrote a certificate or a key.
    pub command: String,
    /// Templates of the user's own, as text for consul-template's configuration, instead of the guide's.
    pub templates: Option<String>,
}

/// The consul-template function that a template calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateFunction {
    /// `secret`: templates of one process with identical arguments share one certificate.
    Secret,
    /// `pkiCert`: each template has a certificate of its own.
    PkiCert,
}

/// Which authority the rendered CA file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The issuing authority, as the guide's template has it.
    Issuing,
    /// The root alone; certificate files then carry the intermediate too.
    Root,
}
