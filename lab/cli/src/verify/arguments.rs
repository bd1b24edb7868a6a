//! The command line of `lab verify`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lab_verify::Severity;

const EXAMPLES: &str = "\
Examples:
  lab verify /etc/nomad.d /etc/consul-template.d     this node
  lab verify cluster/              cluster/nodes/NAME/... and what lies beside
  lab verify --node s1=a/ --node c1=b/ vault/        nodes, and Vault's roles
  lab verify . --format github --deny warning        in CI
  lab verify . --at 2026-12-24                       does it still hold then?
  lab verify new/ --previous old/                    does a reload apply it?

A file says what it is: agent configuration, consul-template, Vault roles and
JWT methods (JSON, HCL, Terraform), jobs. Certificates are looked for below the
node's directory, beside the configuration, and where it says. A comment
`# lab:allow CODE reason` in a file allows a rule to be broken there. Nothing is
written.

Exit status: 0 nothing found, 10 information, 11 a warning, 12 critical, 3 a
file does not parse, 1 a file could not be read.";

/// Check the files of a real cluster before touching it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Verify {
    /// What a node has, or a directory with nodes/NAME/... in it.
    #[arg(value_name = "PATH", required_unless_present_any = ["rules", "nodes", "vault"])]
    pub(crate) paths: Vec<PathBuf>,

    /// What the node NAME has; may be given again.
    #[arg(long = "node", value_name = "NAME=PATH", value_parser = node)]
    pub(crate) nodes: Vec<(String, PathBuf)>,

    /// The same files before a change: says what of the change a reload does not apply.
    #[arg(long, value_name = "PATH")]
    pub(crate) previous: Vec<PathBuf>,

    /// Also read the PKI and JWT settings of a live Vault, read only: `--vault` (VAULT_ADDR) or `--vault=ADDR`, with
    /// VAULT_TOKEN and VAULT_CACERT.
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) vault: Option<String>,

    /// Judge certificates at this moment instead of now: 2026-12-24 or 2026-12-24T18:00:00Z.
    #[arg(long, value_name = "DATE")]
    pub(crate) at: Option<String>,

    /// Accept that a rule is broken; may be given again.
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub(crate) allow: Vec<String>,

    /// The least severity that fails; without it information fails too, with status 10.
    #[arg(long, value_enum)]
    pub(crate) deny: Option<Deny>,

    /// List the rules.
    #[arg(long)]
    pub(crate) rules: bool,

    /// What to print on standard output.
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) format: Output,
}

/// The least severity that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Anything at all.
    #[value(alias = "info")]
    Information,
    /// Warnings and worse.
    #[value(alias = "warn")]
    Warning,
    /// Only what is critical.
    Critical,
}

impl Deny {
    pub(super) fn severity(self) -> Severity {
        match self {
            Self::Information => Severity::Information,
            Self::Warning => Severity::Warning,
            Self::Critical => Severity::Critical,
        }
    }
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Human,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations for GitHub's workflows.
    Github,
    /// JUnit's XML.
    Junit,
}

fn node(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((name.to_owned(), path.into())),
        _ => Err("write NAME=PATH, such as server-1=nodes/s1".to_owned()),
    }
}

fn code(text: &str) -> Result<String, String> {
    match lab_verify::catalogue::rule(text) {
        Some(rule) => Ok(rule.code.clone()),
        None => Err(format!("there is no rule {text}; lab verify --rules lists them")),
    }
}
