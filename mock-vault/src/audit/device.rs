//! An audit device.

use std::collections::BTreeMap;

use ring::hmac;
use serde::{Deserialize, Serialize};

/// A file that audit lines go to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuditDevice {
    pub(crate) description: String,
    pub(crate) local: bool,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) salt: [u8; 32],
}

impl AuditDevice {
    /// Where it writes.
    pub(crate) fn file_path(&self) -> &str {
        self.option("file_path")
    }

    /// What each line begins with.
    pub(super) fn prefix(&self) -> &str {
        self.option("prefix")
    }

    /// Whether secrets stay readable.
    pub(super) fn raw(&self) -> bool {
        self.flag("log_raw", false)
    }

    /// Whether accessors are hashed.
    pub(super) fn hash_accessors(&self) -> bool {
        self.flag("hmac_accessor", true)
    }

    /// Whether the device is taken without a first line.
    pub(super) fn skip_test(&self) -> bool {
        self.flag("skip_test", false)
    }

    /// The Unix permission bits of the file.
    pub(super) fn mode(&self) -> u32 {
        u32::from_str_radix(self.option("mode"), 8).ok().filter(|mode| *mode != 0).unwrap_or(0o600)
    }

    pub(super) fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.salt)
    }

    fn option(&self, name: &str) -> &str {
        self.options.get(name).map_or("", String::as_str)
    }

    fn flag(&self, name: &str, otherwise: bool) -> bool {
        match self.option(name) {
            "" => otherwise,
            text => matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True"),
        }
    }
}
