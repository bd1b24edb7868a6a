//! Commands that run after a render, and the one that is supervised.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

/// What runs the commands of a configuration: a simulated systemd, or a shell.
pub trait Commands: Send + Sync {
    /// Runs one command to its end.
    fn run(&self, command: &Invocation) -> CommandFuture;

    /// Starts the command of `exec`, which stays.
    ///
    /// Errors: it cannot be started, which is so wherever there are no processes.
    fn supervise(&self, command: &Invocation) -> Result<Arc<dyn Child>, CommandError> {
        Err(CommandError::NotStarted(format!("exec: {:?}: there are no processes here", command.words[0])))
    }
}

/// A command that runs.
pub type CommandFuture = Pin<Box<dyn Future<Output = Result<(), CommandError>> + Send>>;

/// A command as it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The program and its arguments; `sh -c` and the text where a shell takes it. Never empty.
    pub words: Vec<String>,
    /// Whether a shell takes it. Then signals are for its whole process group.
    pub is_shell: bool,
    /// All of its environment variables.
    pub environment: BTreeMap<String, String>,
}

/// A process that runs for as long as consul-template does.
pub trait Child: Send + Sync {
    /// Sends a signal by its name: `SIGHUP`.
    ///
    /// Errors: what the system says, such as `os: process already finished`.
    fn signal(&self, name: &str) -> Result<(), String>;

    /// How it ended, once it has: its exit status, or -1 where a signal ended it.
    fn ended(&self) -> watch::Receiver<Option<i32>>;
}

/// Why a command failed; displays as consul-template says it. Whatever it is, consul-template exits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is none.
    #[error("failed parsing command: executable file not found in $PATH")]
    Empty,
    /// It ended with another status than 0.
    #[error(
        "child: command exited with a non-zero exit status:\n\n    {0}\n\nPlease ensure the command exits with a zero \
         (0) exit status to indicate success"
    )]
    Failed(String),
    /// It could not be started: `exec: "z": executable file not found in $PATH`
    #[error("child: {0}")]
    NotStarted(String),
    /// It did not end within its time.
    #[error("child: command did not exit within time limit ({limit:?}):\n    {command}")]
    TimedOut {
        /// The command.
        command: String,
        /// How long it had, as Go writes it.
        limit: String,
    },
}

impl Invocation {
    /// A command as it is configured: a text of several words goes through a shell, and a list is started as it is.
    ///
    /// Errors: there is nothing in it.
    pub fn new(command: &[String], environment: BTreeMap<String, String>) -> Result<Self, CommandError> {
        let (words, is_shell) = match command {
            [text] if text.split_whitespace().nth(1).is_some() => {
                (vec!["sh".to_owned(), "-c".to_owned(), text.clone()], true)
            }
            [first, ..] if !first.trim().is_empty() => (command.to_vec(), false),
            _ => return Err(CommandError::Empty),
        };
        Ok(Self { words, is_shell, environment })
    }

    /// The command in one line, as it was configured.
    pub fn line(&self) -> String {
        self.words[if self.is_shell { 2 } else { 0 }..].join(" ")
    }

    /// The command in one line, as it is started.
    pub fn started(&self) -> String {
        self.words.join(" ")
    }
}
