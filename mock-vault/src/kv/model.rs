//! A versioned secret.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_world::format_rfc3339_nano;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::kv::attribution::Attribution;
use crate::logical::Data;
use crate::storage::moment;

/// How many versions are kept where nothing else is said.
const DEFAULT_MAX_VERSIONS: u64 = 10;

/// A mount's settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Config {
    pub(super) max_versions: u64,
    pub(super) cas_required: bool,
    pub(super) delete_version_after: Duration,
}

/// A secret with its versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) versions: BTreeMap<u64, Version>,
    pub(super) current: u64,
    pub(super) oldest: u64,
    pub(super) max_versions: u64,
    pub(super) cas_required: bool,
    pub(super) delete_version_after: Duration,
    pub(super) custom_metadata: Option<BTreeMap<String, String>>,
    #[serde(with = "moment")]
    pub(super) created: OffsetDateTime,
    #[serde(with = "moment")]
    pub(super) updated: OffsetDateTime,
    pub(super) last_updated_by: Option<Attribution>,
}

/// A version of a secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    /// `None` once it is destroyed, and where null was written.
    pub(super) data: Option<Data>,
    #[serde(with = "moment")]
    pub(super) created: OffsetDateTime,
    /// From when on it is not shown; may be in the future.
    #[serde(with = "moment::option")]
    pub(super) deletion: Option<OffsetDateTime>,
    pub(super) destroyed: bool,
    pub(super) created_by: Option<Attribution>,
    pub(super) deleted_by: Option<Attribution>,
}

impl Secret {
    /// A secret without versions.
    pub(super) fn new(now: OffsetDateTime) -> Self {
        Self {
            versions: BTreeMap::new(),
            current: 0,
            oldest: 0,
            max_versions: 0,
            cas_required: false,
            delete_version_after: Duration::ZERO,
            custom_metadata: None,
            created: now,
            updated: now,
            last_updated_by: None,
        }
    }

    /// Adds a version and drops those that are too old.
    pub(super) fn add(&mut self, data: Option<Data>, config: &Config, now: OffsetDateTime, by: Attribution) {
        self.current += 1;
        let version = Version {
            data,
            created: now,
            deletion: self.deletion_after(config, now),
            destroyed: false,
            created_by: Some(by.clone()),
            deleted_by: None,
        };
        self.versions.insert(self.current, version);
        self.updated = now;
        self.last_updated_by = Some(by);
        let kept = match self.max_versions.max(config.max_versions) {
            0 => DEFAULT_MAX_VERSIONS,
            kept => kept,
        };
        if self.current > kept {
            self.oldest = self.current - kept + 1;
            let oldest = self.oldest;
            self.versions.retain(|number, _| *number >= oldest);
        }
    }

    /// When a version that is shown from `now` on goes by itself.
    pub(super) fn deletion_after(&self, config: &Config, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let limits = [self.delete_version_after, config.delete_version_after];
        limits.into_iter().filter(|after| !after.is_zero()).min().map(|after| now + after)
    }

    /// What every answer says of a version.
    pub(super) fn describe(&self, number: u64, version: &Version) -> Value {
        json!({
            "created_time": format_rfc3339_nano(version.created), "custom_metadata": self.custom_metadata,
            "deletion_time": deletion(version), "destroyed": version.destroyed, "version": number,
        })
    }
}

impl Version {
    /// Whether it is shown.
    pub(super) fn is_live(&self, now: OffsetDateTime) -> bool {
        !self.destroyed && self.deletion.is_none_or(|deletion| deletion > now)
    }
}

/// The time of deletion, or nothing.
pub(super) fn deletion(version: &Version) -> String {
    version.deletion.map(format_rfc3339_nano).unwrap_or_default()
}
