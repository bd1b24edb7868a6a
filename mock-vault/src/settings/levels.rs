//! How much each logger says.

use std::collections::BTreeMap;

/// A logger's level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Level {
    Trace,
    Debug,
    #[default]
    Info,
    Warn,
    Error,
}

impl Level {
    /// Reads a name; `None` where there is no such level.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_lowercase().as_str() {
            "trace" => Self::Trace,
            "debug" => Self::Debug,
            "info" | "notice" => Self::Info,
            "warn" | "warning" => Self::Warn,
            "error" | "err" => Self::Error,
            _ => return None,
        })
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// The levels that were set: one for all, and those of single loggers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Levels {
    all: Level,
    single: BTreeMap<String, Level>,
}

impl Levels {
    /// The level of a logger.
    pub(crate) fn of(&self, logger: &str) -> Level {
        self.single.get(logger).copied().unwrap_or(self.all)
    }

    /// Sets every logger.
    pub(crate) fn set_all(&mut self, level: Level) {
        *self = Self { all: level, single: BTreeMap::new() };
    }

    /// Sets one logger.
    pub(crate) fn set(&mut self, logger: &str, level: Level) {
        self.single.insert(logger.to_owned(), level);
    }
}
