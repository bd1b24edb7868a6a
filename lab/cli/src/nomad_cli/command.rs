//! What a command is: its name, its flags, and what it does.

use super::session::Session;
use crate::stand_in::Takes;

/// One command.
pub(super) struct Command {
    /// The words that call it: `node status`.
    pub(super) name: &'static str,
    /// What the list of commands says of it.
    pub(super) synopsis: &'static str,
    /// What stands behind the name in its usage: `[options] <node>`.
    pub(super) usage: &'static str,
    /// Its own flags.
    pub(super) flags: &'static [Setting],
    /// Which flags it shares with others.
    pub(super) general: General,
    /// How many arguments it takes.
    pub(super) arity: Arity,
    /// What it does.
    pub(super) run: fn(&Session<'_>) -> Outcome,
}

/// A flag: its name, what it takes, and what help says of it.
pub(super) type Setting = (&'static str, Takes, &'static str);

/// Which flags a command shares with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum General {
    /// None.
    None,
    /// Those that lead to an agent.
    Client,
    /// Those, and the namespace.
    Namespaced,
}

/// How many arguments a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arity {
    /// Between these, or this is said, with a pointer to the help.
    Counted(usize, usize, &'static str),
    /// The command looks for itself.
    Any,
}

impl Arity {
    /// No arguments at all.
    pub(super) const NONE: Self = Self::Counted(0, 0, "This command takes no arguments");
}

/// How a command ended: its exit code, or why it failed.
pub(super) type Outcome = Result<u8, Fault>;

/// Why a command failed: what goes to standard error before it exits with 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// This was said.
    #[error("{0}")]
    Told(String),
    /// This was said, with a pointer to the help.
    #[error("{0}")]
    Usage(String),
}

impl Fault {
    /// What is said of a failure: the words before it, a colon, and its text.
    pub(super) fn of(doing: &str) -> impl Fn(String) -> Self {
        move |problem| Self::Told(format!("{doing}: {problem}"))
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self::Told(text)
    }
}

/// A failure with these words.
pub(super) fn fail<T>(text: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Told(text.into()))
}

/// A failure with these words and a pointer to the help.
pub(super) fn misused<T>(text: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Usage(text.into()))
}
