//! Exit statuses, which scripts may rely on.

use std::fmt;
use std::io;
use std::process::ExitCode;

use anstyle::AnsiColor;
use lab_verify::{Problem, Severity};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Good,
    /// Something that should not happen: a defect, or output that could not be written.
    Unexpected,
    /// An argument that the command line's own reader lets through and that means nothing.
    WrongUse,
    /// A scenario or a choice in it does not parse or does not exist.
    Unreadable,
    /// Nothing was selected to run.
    NothingSelected,
    /// Found by looking at a real cluster: information only.
    Information,
    /// A warning.
    Warning,
    /// Something critical.
    Critical,
    /// As a command ended that was run.
    OfCommand(u8),
    /// An assertion or an invariant failed.
    Violated,
    /// The run could not be set up or carried out.
    SetupFailed,
    /// It would have changed a real cluster, and nobody allowed that.
    NotAllowed,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The exit that the worst of some findings stands for.
    pub(crate) fn of_severity(worst: Option<Severity>) -> Self {
        match worst {
            None => Self::Good,
            Some(Severity::Information) => Self::Information,
            Some(Severity::Warning) => Self::Warning,
            Some(Severity::Critical) => Self::Critical,
        }
    }

    /// The exit that a run's verdict stands for.
    pub(crate) fn of_run(code: u8) -> Self {
        match code {
            0 => Self::Good,
            100 => Self::Violated,
            105 => Self::SetupFailed,
            _ => Self::Unexpected,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Unexpected => 1,
            Exit::WrongUse => 2,
            Exit::Unreadable => 3,
            Exit::NothingSelected => 4,
            Exit::Information => 10,
            Exit::Warning => 11,
            Exit::Critical => 12,
            Exit::OfCommand(code) => code,
            Exit::Violated => 100,
            Exit::SetupFailed => 105,
            Exit::NotAllowed => 106,
            Exit::Interrupted => 130,
        })
    }
}

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The scenario does not parse; the text shows the place.
    Scenario(String),
    /// A choice that the scenario does not offer.
    Choice(String),
    /// An argument that means nothing.
    Usage(String),
    /// No scenario of that name and no such file.
    NoScenario(String),
    /// Standard input could not be read.
    Input(io::Error),
    /// A file could not be read; the text shows which, and why.
    File(String),
    /// The run could not begin where it should.
    SetUp(String),
    /// It would change a real cluster, and nobody allowed that.
    NotAllowed(String),
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// Somebody pressed Ctrl-C while a cluster was being changed that stays.
    Halted,
    /// The output could not be written.
    Output(io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Scenario(_) | Self::Choice(_) => Exit::Unreadable,
            Self::Usage(_) => Exit::WrongUse,
            Self::NoScenario(_) => Exit::NothingSelected,
            Self::Input(_) | Self::File(_) | Self::Output(_) => Exit::Unexpected,
            Self::SetUp(_) => Exit::SetupFailed,
            Self::NotAllowed(_) => Exit::NotAllowed,
            Self::Interrupted | Self::Halted => Exit::Interrupted,
        }
    }
}

impl From<&Problem> for Failure {
    fn from(problem: &Problem) -> Self {
        let shown = lab_verify::report::problem(problem, false);
        if problem.is_syntax() { Self::Scenario(shown) } else { Self::File(shown) }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let red = AnsiColor::Red.on_default().bold();
        match self {
            Self::Scenario(shown) | Self::File(shown) => f.write_str(shown),
            Self::Choice(text)
            | Self::Usage(text)
            | Self::NoScenario(text)
            | Self::SetUp(text)
            | Self::NotAllowed(text) => write!(f, "{red}error{red:#}: {text}"),
            Self::Input(error) => write!(f, "{red}error{red:#}: standard input could not be read: {error}"),
            Self::Interrupted => {
                f.write_str("interrupted: everything that was started has been ended and removed")
            }
            Self::Halted => f.write_str(
                "interrupted: the cluster is as the last line above says; --from STEP goes on where it stopped",
            ),
            Self::Output(error) => write!(f, "{red}error{red:#}: the output could not be written: {error}"),
        }
    }
}
