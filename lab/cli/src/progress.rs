//! What a run that takes long shows of itself, on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lab_workflow::{Entry, Event};

/// A line that says which step is being carried out; it appears only on a terminal, and is gone at the end.
#[derive(Debug)]
pub(crate) struct Progress {
    line: ProgressBar,
    steps: usize,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let line = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            line.set_style(style.tick_chars("-\\|/ "));
        }
        line.enable_steady_tick(Duration::from_millis(250));
        Self { line, steps: 0 }
    }

    pub(crate) fn entry(&mut self, entry: &Entry) {
        match &entry.event {
            Event::RunStarted { steps, .. } => self.steps = steps.len(),
            Event::StepStarted { number, .. } => {
                self.line.set_message(format!("step {number} of {}: {}", self.steps, entry.step));
            }
            _ => {}
        }
    }

    /// Writes something else without the line in between.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.line.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}
