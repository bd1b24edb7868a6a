//! The log, in consul-template's way of writing it: `(runner) rendered ...`.

use lab_world::{Level, Log};

/// A program's log with the part of the program that writes to it.
#[derive(Clone, Debug)]
pub(crate) struct Journal(Log);

impl Journal {
    pub(crate) fn new(log: &Log) -> Self {
        Self(log.clone())
    }

    pub(crate) fn debug(&self, message: String) {
        self.0.write(Level::Debug, "", message);
    }

    pub(crate) fn info(&self, message: String) {
        self.0.write(Level::Info, "", message);
    }

    pub(crate) fn warn(&self, message: String) {
        self.0.write(Level::Warn, "", message);
    }

    pub(crate) fn error(&self, message: String) {
        self.0.write(Level::Error, "", message);
    }
}
