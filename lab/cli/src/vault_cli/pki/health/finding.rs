//! What a check finds, and how much it matters.

use crate::vault_cli::tree::Tree;

/// How much a finding matters; the number of the worst one is the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    NotApplicable,
    Ok,
    Informational,
    Warning,
    Critical,
    InvalidVersion,
    InsufficientPermissions,
}

impl Level {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotApplicable => "not_applicable",
            Self::Ok => "ok",
            Self::Informational => "informational",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::InvalidVersion => "invalid_version",
            Self::InsufficientPermissions => "insufficient_permissions",
        }
    }

    /// Its number.
    pub(super) fn code(self) -> u8 {
        self as u8
    }
}

/// What a check has to say of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// The path of the place: `/pki/config/crl`
    pub(super) endpoint: String,
    pub(super) message: String,
}

impl Finding {
    pub(super) fn new(level: Level, endpoint: impl Into<String>, message: impl Into<String>) -> Self {
        Self { level, endpoint: endpoint.into(), message: message.into() }
    }

    /// That an old server does not have the place.
    pub(super) fn old_server(endpoint: impl Into<String>, wanted: &str) -> Self {
        let message = format!(
            "This health check requires Vault {wanted} but an earlier version of Vault Server was contacted, \
             preventing this health check from running."
        );
        Self::new(Level::InvalidVersion, endpoint, message)
    }

    /// Its cells in a table.
    pub(super) fn row(&self) -> String {
        [self.level.name(), &self.endpoint, &self.message].join("♨")
    }

    /// Its fields as data.
    pub(super) fn tree(&self) -> Tree {
        Tree::fields([
            ("status_code", self.level.code().into()),
            ("status", self.level.name().into()),
            ("endpoint", self.endpoint.as_str().into()),
            ("message", self.message.as_str().into()),
        ])
    }
}
