//! Settings of the server beside its mounts, policies and tokens.

mod cors;
mod counting;
mod facts;
mod headers;
mod levels;
mod password;
mod quota;
mod rotation;

use crate::storage::{Record, Table, Writes};

pub(crate) use self::cors::{CORS_METHODS, Cors};
pub(crate) use self::counting::Counting;
pub(crate) use self::facts::ServerFacts;
pub(crate) use self::headers::AuditedHeader;
pub(crate) use self::levels::{Level, Levels};
pub(crate) use self::password::PasswordPolicy;
pub(crate) use self::quota::{Quota, QuotaSettings, Quotas, Verdict};
pub(crate) use self::rotation::{MOST_OPERATIONS, Rotation};

/// What can be set below `sys/` and is no mount, policy or token.
#[derive(Default)]
pub(crate) struct Settings {
    /// Texts of password policies by name.
    pub(crate) password_policies: Table<String>,
    pub(crate) quotas: Quotas,
    /// The request headers that the audit log shows, in lower case.
    pub(crate) audited_headers: Table<AuditedHeader>,
    /// The headers of the web interface's answers.
    pub(crate) ui_headers: Table<Vec<String>>,
    pub(crate) cors: Record<Cors>,
    pub(crate) rotation: Record<Rotation>,
    pub(crate) counting: Record<Counting>,
    /// How much the loggers say; forgotten with the process.
    pub(crate) levels: Levels,
}

impl Settings {
    /// What a new server is set to.
    pub(crate) fn install(&mut self) {
        for name in ["correlation-id", "user-agent", "x-correlation-id"] {
            self.audited_headers.insert(name, AuditedHeader::default());
        }
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.password_policies.flush("core/settings/password/", writes);
        self.quotas.rules.flush("core/settings/quota/", writes);
        self.quotas.settings.flush("core/settings/quotas", writes);
        self.audited_headers.flush("core/settings/audited-header/", writes);
        self.ui_headers.flush("core/settings/ui-header/", writes);
        self.cors.flush("core/settings/cors", writes);
        self.rotation.flush("core/settings/rotation", writes);
        self.counting.flush("core/settings/counting", writes);
    }

    pub(crate) fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.split_once('/') {
            Some(("password", name)) => self.password_policies.load(name, bytes),
            Some(("quota", name)) => self.quotas.rules.load(name, bytes),
            Some(("audited-header", name)) => self.audited_headers.load(name, bytes),
            Some(("ui-header", name)) => self.ui_headers.load(name, bytes),
            None if key == "quotas" => self.quotas.settings.load(bytes),
            None if key == "cors" => self.cors.load(bytes),
            None if key == "rotation" => self.rotation.load(bytes),
            None if key == "counting" => self.counting.load(bytes),
            _ => Ok(()),
        }
    }
}
