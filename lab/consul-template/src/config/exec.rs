//! `exec { }`: a command, and how its process is treated.

use std::time::Duration;

use super::decode::Decoder;
use super::environment::EnvironmentConfig;

/// A command with its signals and times; what is not said is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ExecConfig {
    /// One text for a shell, or a program and its arguments.
    pub(crate) command: Vec<String>,
    pub(crate) environment: EnvironmentConfig,
    /// What asks it to end, SIGINT unless it is said otherwise.
    pub(crate) kill_signal: Option<String>,
    /// How long it may take to end, 30 s unless it is said otherwise.
    pub(crate) kill_timeout: Option<Duration>,
    /// What it is told that a file has changed by; `None`: it is started anew.
    pub(crate) reload_signal: Option<String>,
    /// The longest that a signal is put off, at random.
    pub(crate) splay: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
}

impl ExecConfig {
    /// Reads a block, over what earlier ones say.
    pub(super) fn decode(&mut self, block: &mut Decoder<'_, '_>) {
        if let Some(command) = block.strings("command") {
            self.command = command;
        }
        block.bool("enabled");
        block.block("env", |env| self.environment.decode(env));
        self.kill_signal = block.signal("kill_signal").or(self.kill_signal.take());
        self.kill_timeout = block.duration("kill_timeout").or(self.kill_timeout);
        self.reload_signal = block.signal("reload_signal").or(self.reload_signal.take());
        self.splay = block.duration("splay").or(self.splay);
        self.timeout = block.duration("timeout").or(self.timeout);
    }

    /// Whether there is anything to run.
    pub(crate) fn is_set(&self) -> bool {
        self.command.first().is_some_and(|first| !first.is_empty())
    }
}
