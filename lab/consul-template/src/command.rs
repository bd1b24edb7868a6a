//! Commands that run after a render.

use std::pin::Pin;

/// What runs the commands of a configuration: a simulated systemd, or a shell.
pub trait Commands: Send + Sync {
    /// Runs one command, as it is written in the configuration; the words of a list are joined by blanks.
    fn run(&self, command: &str) -> CommandFuture;
}

/// A command that runs.
pub type CommandFuture = Pin<Box<dyn Future<Output = Result<(), CommandError>> + Send>>;

/// Why a command failed; displays as consul-template says it. Whatever it is, consul-template exits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It ended with another status than 0.
    #[error(
        "child: command exited with a non-zero exit status:\n\n    {0}\n\nPlease ensure the command exits with a zero \
         (0) exit status to indicate success\n"
    )]
    Failed(String),
    /// It did not end within its time.
    #[error(
        "child: command did not exit within {limit:?}:\n\n    {command}\n\nCommands must exit in a timely manner in \
         order for processing to continue. Consider using a process supervisor or utilizing the built-in exec mode \
         instead.\n"
    )]
    TimedOut {
        /// The command.
        command: String,
        /// How long it had, as Go writes it.
        limit: String,
    },
}

impl CommandError {
    /// A command that ended with another status than 0, as it is executed: through a shell where it has blanks.
    pub fn failed(command: &str) -> Self {
        Self::Failed(if command.contains(' ') { format!("sh -c {command}") } else { command.to_owned() })
    }
}
