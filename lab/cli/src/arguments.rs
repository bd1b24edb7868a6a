//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Practise, test and check the move of a Nomad cluster to mutual TLS with certificates from Vault.
///
/// Everything runs in this process, in virtual time, with real certificates and real TLS handshakes. No network, no
/// other program, and nothing outside the working directory is written.
#[derive(Debug, Parser)]
#[command(name = "lab", version, max_term_width = 80, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit status:
  0    everything held            100  an assertion or invariant failed
  1    unexpected failure         105  the run could not be set up or carried out
  2    wrong command line
  3    a scenario, or a choice in it, does not parse or does not exist
  4    nothing selected to run";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario on a simulated cluster.
    #[command(after_help = EXAMPLES)]
    Run(Run),

    /// Make links in a directory by which this program is called `vault`.
    #[command(after_help = SHIMS_EXAMPLES)]
    Shims {
        /// Where to make them; it is created where there is none.
        directory: PathBuf,
    },

    /// Be Vault: `lab vault server -dev`, as one would type it without the first word.
    #[command(disable_help_flag = true)]
    Vault {
        /// What stands behind `vault`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

const SHIMS_EXAMPLES: &str = "\
Examples:
  eval \"$(lab shims ./shims)\"     from now on `vault` is the lab's
  vault server -dev               a Vault on 127.0.0.1:8200 in milliseconds";

const EXAMPLES: &str = "\
Examples:
  lab run                                        plaintext to mTLS, safely
  lab run rpc-upgrade-mode --break as-the-guide-says
                                                 what the official sequence leaves open
  lab run daily-certificates --explain           with why each step is there
  lab run my-plan.lab.hcl --format jsonl         your own sequence, for machines";

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// A scenario's name (see --list) or a *.lab.hcl or *.lab.json file.
    #[arg(default_value = scenarios::DEFAULT)]
    pub(crate) scenario: String,

    /// List the scenarios and the mistakes that each can show.
    #[arg(long)]
    pub(crate) list: bool,

    /// Make one of the scenario's mistakes or variations.
    #[arg(long = "break", value_name = "NAME")]
    pub(crate) change: Option<String>,

    /// The seed of every decision; the same seed gives the same timeline.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,

    /// How many Nomad servers, instead of the scenario's number.
    #[arg(long, value_name = "N")]
    pub(crate) servers: Option<usize>,

    /// How many Nomad clients, instead of the scenario's number.
    #[arg(long, value_name = "N")]
    pub(crate) clients: Option<usize>,

    /// When ports are asked again what they accept.
    #[arg(long, value_enum, default_value_t = Probe::Changed)]
    pub(crate) probe: Probe,

    /// Say for each step why it is there and what breaks without it.
    #[arg(long)]
    pub(crate) explain: bool,

    /// What to print on standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// When ports are asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Probe {
    /// After each step, where an answer could have changed.
    Changed,
    /// After each step, all of them.
    Full,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// One JSON document at the end.
    Json,
    /// The timeline: one JSON line for each event, as it happens.
    Jsonl,
}
