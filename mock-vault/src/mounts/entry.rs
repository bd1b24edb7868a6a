//! What is known of a mount beside its engine's own state.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::lockout::LockoutConfig;
use crate::logical::{Data, MountView};
use crate::mounts::catalog::running_version;

/// The longest and the default lifetime where nothing else is said: 768 hours.
pub(crate) const SYSTEM_MAX_TTL: Duration = Duration::from_secs(2_764_800);

/// The server's lifetimes, for mounts that set none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SystemTtl {
    pub(crate) default: Duration,
    pub(crate) max: Duration,
}

impl Default for SystemTtl {
    fn default() -> Self {
        Self { default: SYSTEM_MAX_TTL, max: SYSTEM_MAX_TTL }
    }
}

impl SystemTtl {
    /// Those of a configuration, where zero stands for 768 hours; the default is never above the longest.
    pub(crate) fn configured(default: Duration, max: Duration) -> Self {
        let given = |ttl: Duration| if ttl.is_zero() { SYSTEM_MAX_TTL } else { ttl };
        Self { default: given(default).min(given(max)), max: given(max) }
    }
}

/// A mount's settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MountConfig {
    /// Zero: the system's.
    pub(crate) default_lease_ttl: Duration,
    /// Zero: the system's.
    pub(crate) max_lease_ttl: Duration,
    pub(crate) force_no_cache: bool,
    pub(crate) token_type: Option<String>,
    pub(crate) listing_visibility: Option<String>,
    pub(crate) audit_non_hmac_request_keys: Vec<String>,
    pub(crate) audit_non_hmac_response_keys: Vec<String>,
    pub(crate) passthrough_request_headers: Vec<String>,
    pub(crate) allowed_response_headers: Vec<String>,
    /// `None`: as every mount.
    #[serde(default)]
    pub(crate) lockout: Option<LockoutConfig>,
}

/// A mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MountEntry {
    /// With a trailing slash; auth mounts begin with `auth/`.
    pub(crate) path: String,
    pub(crate) kind: String,
    pub(crate) description: String,
    pub(crate) accessor: String,
    pub(crate) uuid: String,
    pub(crate) local: bool,
    pub(crate) seal_wrap: bool,
    pub(crate) external_entropy_access: bool,
    pub(crate) options: Option<BTreeMap<String, String>>,
    pub(crate) config: MountConfig,
    /// What counts where the settings say nothing; the server's, not stored.
    #[serde(skip)]
    pub(crate) system: SystemTtl,
}

impl MountEntry {
    /// Whether it is an auth method.
    pub(crate) fn is_auth(&self) -> bool {
        self.path.starts_with("auth/")
    }

    /// The path as the tables of secrets engines and auth methods show it.
    pub(crate) fn shown_path(&self) -> &str {
        self.path.strip_prefix("auth/").unwrap_or(&self.path)
    }

    /// The effective default lifetime.
    pub(crate) fn default_ttl(&self) -> Duration {
        let ttl = self.config.default_lease_ttl;
        if ttl.is_zero() { self.usual_ttl().min(self.max_ttl()) } else { ttl }
    }

    /// The default lifetime without regard to the longest.
    fn usual_ttl(&self) -> Duration {
        let ttl = self.config.default_lease_ttl;
        if ttl.is_zero() { self.system.default } else { ttl }
    }

    /// The effective longest lifetime.
    pub(crate) fn max_ttl(&self) -> Duration {
        let ttl = self.config.max_lease_ttl;
        if ttl.is_zero() { self.system.max } else { ttl }
    }

    /// What its engine may know.
    pub(crate) fn view(&self) -> MountView {
        MountView {
            path: self.path.clone(),
            kind: self.kind.clone(),
            accessor: self.accessor.clone(),
            default_ttl: self.default_ttl(),
            usual_ttl: self.usual_ttl(),
            max_ttl: self.max_ttl(),
            plain_request_keys: self.config.audit_non_hmac_request_keys.clone(),
            plain_response_keys: self.config.audit_non_hmac_response_keys.clone(),
        }
    }

    /// As the tables show it; with the effective lifetimes or the configured ones.
    pub(crate) fn info(&self, effective: bool) -> Data {
        let (default_ttl, max_ttl) = if effective {
            (self.default_ttl(), self.max_ttl())
        } else {
            (self.config.default_lease_ttl, self.config.max_lease_ttl)
        };
        let mut config = Data::new();
        config.insert("default_lease_ttl".into(), default_ttl.as_secs().into());
        config.insert("max_lease_ttl".into(), max_ttl.as_secs().into());
        config.insert("force_no_cache".into(), self.config.force_no_cache.into());
        self.optional_settings(&mut config);
        let Value::Object(mut info) = json!({
            "type": self.kind, "description": self.description, "accessor": self.accessor, "local": self.local,
            "seal_wrap": self.seal_wrap, "external_entropy_access": self.external_entropy_access,
            "options": self.options, "uuid": self.uuid, "plugin_version": "",
            "running_plugin_version": running_version(&self.kind), "running_sha256": "", "config": config,
        }) else {
            return Data::new();
        };
        if !matches!(self.kind.as_str(), "system" | "identity" | "cubbyhole" | "token" | "database") {
            info.insert("deprecation_status".into(), "supported".into());
        }
        info
    }

    /// The settings that are shown only where they are set.
    pub(crate) fn optional_settings(&self, into: &mut Data) {
        let config = &self.config;
        if let Some(token_type) = &config.token_type {
            into.insert("token_type".into(), token_type.as_str().into());
        }
        if let Some(visibility) = &config.listing_visibility {
            into.insert("listing_visibility".into(), visibility.as_str().into());
        }
        for (name, list) in [
            ("audit_non_hmac_request_keys", &config.audit_non_hmac_request_keys),
            ("audit_non_hmac_response_keys", &config.audit_non_hmac_response_keys),
            ("passthrough_request_headers", &config.passthrough_request_headers),
            ("allowed_response_headers", &config.allowed_response_headers),
        ] {
            if !list.is_empty() {
                into.insert(name.into(), json!(list));
            }
        }
    }
}
