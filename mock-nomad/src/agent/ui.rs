//! What the agent prints to the terminal.

use lab_world::{Level, Log};

/// The terminal: its lines stand in the log under no name, whatever the log's level. Those of the levels above `INFO`
/// go to standard error.
#[derive(Clone)]
pub(super) struct Ui(Log);

impl Ui {
    pub(super) fn new(log: &Log) -> Self {
        Self(log.clone())
    }

    /// A line behind `==> `.
    pub(super) fn output(&self, line: &str) {
        self.0.print(Level::Info, format!("==> {line}"));
    }

    /// A warning or a failure behind `==> `.
    pub(super) fn error(&self, line: &str) {
        let level = if line.starts_with("WARNING: ") { Level::Warn } else { Level::Error };
        self.0.print(level, format!("==> {line}"));
    }

    /// A line of the table of settings.
    pub(super) fn setting(&self, name: &str, value: &str) {
        self.0.print(Level::Info, format!("{name:>22}: {value}"));
    }
}
