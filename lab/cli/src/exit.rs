//! Exit statuses, which scripts may rely on.

use std::fmt;
use std::io;
use std::process::ExitCode;

use anstyle::AnsiColor;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Good,
    /// Something that should not happen: a defect, or output that could not be written.
    Unexpected,
    /// A scenario or a choice in it does not parse or does not exist.
    Unreadable,
    /// Nothing was selected to run.
    NothingSelected,
    /// An assertion or an invariant failed.
    Violated,
    /// The run could not be set up or carried out.
    SetupFailed,
}

impl Exit {
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
            Exit::Unreadable => 3,
            Exit::NothingSelected => 4,
            Exit::Violated => 100,
            Exit::SetupFailed => 105,
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
    /// No scenario of that name and no such file.
    NoScenario(String),
    /// The output could not be written.
    Output(io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Scenario(_) | Self::Choice(_) => Exit::Unreadable,
            Self::NoScenario(_) => Exit::NothingSelected,
            Self::Output(_) => Exit::Unexpected,
        }
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
            Self::Scenario(shown) => f.write_str(shown),
            Self::Choice(text) | Self::NoScenario(text) => write!(f, "{red}error{red:#}: {text}"),
            Self::Output(error) => write!(f, "{red}error{red:#}: the output could not be written: {error}"),
        }
    }
}
