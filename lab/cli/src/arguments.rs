//! The command line.

use std::ffi::OsString;
use std::num::NonZeroU32;
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
  0    everything held             10  verify, probe: information only
  1    unexpected failure          11  verify, probe: a warning
  2    wrong command line          12  verify, probe: something critical
  3    a file does not parse      100  an assertion or invariant failed
  4    nothing selected to run    105  the run could not be carried out
                                  106  a cluster would be changed
                                  130  interrupted";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario on a simulated cluster.
    #[command(after_help = EXAMPLES)]
    Run(Run),

    /// Check the files of a real cluster before touching it.
    Verify(crate::verify::Verify),

    /// Explain what Nomad, Vault, consul-template, curl or openssl said.
    Explain(crate::explain::Explain),

    /// Ask the ports of a real cluster what they accept now.
    Probe(crate::probe::Probe),

    /// Plan a change of a real cluster step by step, with the way back from each step.
    Plan(crate::plan::PlanArguments),

    /// Start a Vault and a Nomad cluster on this machine's loopback.
    #[command(after_help = UP_EXAMPLES)]
    Up(crate::up::Up),

    /// Stop what `lab up -d` started.
    Down,

    /// Show what is up.
    Status,

    /// Print the variables that point `vault` and `nomad` at what is up.
    Env(crate::up::EnvArguments),

    /// Move the clock of what is up on, or show it.
    Clock(crate::up::ClockArguments),

    /// Make links in a directory by which this program is called `vault`, `nomad`, `consul-template` and `systemctl`.
    #[command(after_help = SHIMS_EXAMPLES)]
    Shims {
        /// Where to make them; it is created where there is none.
        directory: PathBuf,
    },

    /// Be Nomad: `lab nomad agent -dev`, as one would type it without the first word.
    #[command(disable_help_flag = true)]
    Nomad {
        /// What stands behind `nomad`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run a scenario on the simulated cluster and on the real programs, and compare every answer.
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(Compare),

    /// Wait for the end of standard input, then end and remove what was started in a directory.
    #[command(hide = true)]
    Guard {
        /// The directory of a run.
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

const UP_EXAMPLES: &str = "\
Examples:
  lab up                          Vault on 8200, Nomad on 4646, until Ctrl-C
  lab up -d --servers 3 --clients 3
                                  the same in the background; `lab down` ends it
  lab up -d --tls --acl           with mutual TLS and access control
  lab up --exec -- ./test.sh      for CI: run a command while it is up
  eval \"$(lab env)\"              the command lines, pointed at it
  lab clock +23h                  tomorrow";

const SHIMS_EXAMPLES: &str = "\
Examples:
  eval \"$(lab shims ./shims)\"     from now on they are the lab's
  nomad agent -dev                a Nomad on 127.0.0.1:4646 in milliseconds
  vault server -dev               a Vault on 127.0.0.1:8200 in milliseconds";

const COMPARE_EXAMPLES: &str = "\
Examples:
  lab compare                          the safe sequence, simulated and real
  lab compare my-plan.lab.hcl --targets sim,loopback
                                       simulated, and on the lab's programs
  lab compare --all --jobs 4           everything, in one table";

const EXAMPLES: &str = "\
Examples:
  lab run                                  plaintext to mTLS, safely
  lab run rpc-upgrade-mode --break as-the-guide-says
                                           what the guide's sequence leaves open
  lab run daily-certificates --explain     with why each step is there
  lab run --target local                   on your own vault and nomad
  lab run my-plan.lab.hcl --format jsonl   your own sequence, for machines";

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
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) seed: u64,

    /// How many Nomad servers, instead of the scenario's number.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) servers: Option<usize>,

    /// How many Nomad clients, instead of the scenario's number.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) clients: Option<usize>,

    /// What the scenario is carried out on.
    #[arg(long, value_enum, default_value_t = Target::Sim)]
    pub(crate) target: Target,

    #[command(flatten)]
    pub(crate) remote: RemoteArguments,

    /// Divide the scenario's times by this, where it says that they may be; on real time it says by how much, and 1 is
    /// for not at all.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) time_scale: Option<NonZeroU32>,

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

/// What `--target remote` takes.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RemoteArguments {
    /// The machines of --target remote: a file that says how each is reached.
    #[arg(long, value_name = "FILE")]
    pub(crate) inventory: Option<PathBuf>,

    /// Let the run change what --target remote names; without it, it only looks.
    #[arg(long)]
    pub(crate) allow_changes: bool,

    /// Print the plan for --target remote with every command, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Begin at this step: an earlier run on the same machines did those before it.
    #[arg(long, value_name = "STEP")]
    pub(crate) from: Option<String>,
}

/// `lab compare`
#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// A scenario's name (see `lab run --list`) or a *.lab.hcl or *.lab.json file.
    #[arg(default_value = scenarios::DEFAULT)]
    pub(crate) scenario: String,

    /// Make one of the scenario's mistakes or variations.
    #[arg(long = "break", value_name = "NAME")]
    pub(crate) change: Option<String>,

    /// What to carry it out on: two of them, with a comma between.
    #[arg(long, value_enum, value_delimiter = ',', num_args = 1, default_value = "sim,local")]
    pub(crate) targets: Vec<Target>,

    /// Every scenario of the lab's own with every mistake and variation, in one table.
    #[arg(long, conflicts_with_all = ["scenario", "change", "json"])]
    pub(crate) all: bool,

    /// How many runs at a time, with --all: they wait most of theirs.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "all")]
    pub(crate) jobs: usize,

    /// Divide the scenario's times by this instead of by what it says itself; 1 is for not at all.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) time_scale: Option<NonZeroU32>,

    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a scenario is carried out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// A cluster in memory and in virtual time.
    Sim,
    /// The lab's own programs, started on this machine, in real time.
    Loopback,
    /// The real vault, nomad and consul-template, started on this machine, in real time.
    Local,
    /// A cluster that runs already, on the machines of --inventory.
    Remote,
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn help_fits_on_a_screen_line_by_line() {
        let program = Arguments::command();
        let texts = std::iter::once(&program).chain(program.get_subcommands()).filter_map(|command| {
            Some((command.get_name().to_owned(), command.get_after_help()?.to_string()))
        });
        let mut counted = 0;
        for (name, text) in texts {
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "lab {name}: {line}");
                counted += 1;
            }
        }
        assert!(counted > 50, "examples of every command");
    }
}
