//! The command line of `lab plan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  lab plan cluster/ --simulate         from the nodes' own files, tried first
  lab plan --servers 3 --clients 40    for a cluster of this size
  lab plan cluster/ --goal new-ca --format markdown > change.md
  lab plan cluster/ --format scenario > plan.lab.hcl && lab run plan.lab.hcl

Exit status: 0 planned (and with --simulate everything held), 100 the simulation
found what does not hold, 3 a file does not parse, 1 a file could not be read.";

/// Plan a change of a real cluster step by step, with the way back from each step.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PlanArguments {
    /// The nodes' files, as for lab verify.
    #[arg(value_name = "PATH", required_unless_present = "servers")]
    pub(crate) paths: Vec<PathBuf>,

    /// Where to go.
    #[arg(long, value_enum, default_value_t = Goal::Mtls)]
    pub(crate) goal: Goal,

    /// How many servers there are, where no files say it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=9), allow_negative_numbers = true)]
    pub(crate) servers: Option<u16>,

    /// How many clients there are, where no files say it or they are not all here.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000), allow_negative_numbers = true)]
    pub(crate) clients: Option<u32>,

    /// Carry the plan out in the simulator first, with the settings of these files.
    #[arg(long)]
    pub(crate) simulate: bool,

    /// What to print on standard output.
    #[arg(long, value_enum, default_value_t = Output::Checklist)]
    pub(crate) format: Output,
}

/// Where a plan leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Goal {
    /// From plaintext to mutual TLS.
    Mtls,
    /// New certificates of the same authority.
    Rotation,
    /// Another authority.
    NewCa,
    /// From mutual TLS back to plaintext.
    Plaintext,
}

impl Goal {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Mtls => "plaintext to mutual TLS",
            Self::Rotation => "new certificates of the same authority",
            Self::NewCa => "another authority",
            Self::Plaintext => "mutual TLS back to plaintext",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mtls => "mtls",
            Self::Rotation => "rotation",
            Self::NewCa => "new-ca",
            Self::Plaintext => "plaintext",
        }
    }
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people at a terminal.
    Checklist,
    /// For a ticket.
    Markdown,
    /// One JSON document.
    Json,
    /// A scenario for lab run.
    Scenario,
}
