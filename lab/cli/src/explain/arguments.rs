//! The command line of `lab explain`.

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  lab explain \"remote error: tls: bad certificate\"   a message, or a part of it
  lab explain TLS002                                 a code of lab verify
  journalctl -u nomad | lab explain -                each message of a log, once

Exit status: 0 explained, 4 nothing is known of it.";

/// Explain what Nomad, Vault, consul-template, curl or openssl said, or a code of lab verify.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// The text or the code; `-` or nothing reads a log from standard input.
    #[arg(value_name = "TEXT|CODE|-", allow_hyphen_values = true)]
    pub(crate) text: Vec<String>,

    /// What to print on standard output.
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(crate) format: Output,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Human,
    /// JSON: a document, or a list of them for a log.
    Json,
}
