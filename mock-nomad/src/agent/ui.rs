//! What the agent prints to the terminal.

use lab_world::Log;

/// The terminal: its lines stand in the log under no name.
#[derive(Clone)]
pub(super) struct Ui(Log);

impl Ui {
    pub(super) fn new(log: &Log) -> Self {
        Self(log.clone())
    }

    /// A line behind `==> `.
    pub(super) fn output(&self, line: &str) {
        self.0.info("", format!("==> {line}"));
    }

    /// A line of the table of settings.
    pub(super) fn setting(&self, name: &str, value: &str) {
        self.0.info("", format!("{name:>22}: {value}"));
    }
}
