//! A server's configuration files: HCL or JSON, one or many.

mod checks;
mod error;
mod file;
mod listener;
mod settings;
mod stanzas;
mod storage;
mod values;

use std::path::Path;
use std::time::Duration;

use lab_world::{Disk, DiskError};
use serde_json::{Map, Value, json};

pub use self::error::ConfigurationError;
pub use self::listener::{ListenerStanza, TlsFiles};
pub use self::storage::StorageStanza;

use self::settings::Settings;

/// What configuration files say. The default is what an empty file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Configuration {
    /// The `storage` block; `backend` is its older name.
    pub storage: Option<StorageStanza>,
    /// The `listener` blocks, in order.
    pub listeners: Vec<ListenerStanza>,
    /// Where clients reach this server; empty where it is not said.
    pub api_addr: String,
    /// Where other servers reach this one; empty where it is not said.
    pub cluster_addr: String,
    /// The cluster's name; empty for one that is made up.
    pub cluster_name: String,
    /// Whether `/` leads to the web interface.
    pub ui: bool,
    /// Whether memory may be swapped out.
    pub disable_mlock: bool,
    /// How long leases last where nothing else is said; zero for 768 hours.
    pub default_lease_ttl: Duration,
    /// How long leases may last; zero for 768 hours.
    pub max_lease_ttl: Duration,
    /// `trace`, `debug`, `info`, `warn` or `error`; empty for `info`.
    pub log_level: String,
    /// `standard` or `json`; empty for `standard`.
    pub log_format: String,
    /// A file that gets the log too; empty for none.
    pub log_file: String,
    /// A file that gets the process's id; empty for none.
    pub pid_file: String,
    /// Complaints that keep no server from starting, such as fields that are not known.
    pub warnings: Vec<String>,
    /// The `ha_storage` block.
    pub ha_storage: Option<StorageStanza>,
    /// The kind of the `service_registration` block; empty where there is none.
    pub service_registration: String,
    settings: Settings,
    /// As they are shown, like what follows.
    seals: Vec<Value>,
    lockouts: Vec<Value>,
    telemetry: Option<Value>,
}

impl Configuration {
    /// Reads what was given as `-config`, each a file or a directory of `*.hcl` and `*.json`, and lays the later ones
    /// over the earlier.
    ///
    /// Errors: in the real server's words, with the path as it was given.
    pub fn load<P: AsRef<Path>>(disk: &Disk, paths: &[P]) -> Result<Self, ConfigurationError> {
        let mut merged = Self::default();
        for path in paths {
            let shown = path.as_ref().display().to_string();
            let read = Self::read_path(disk, path.as_ref())
                .and_then(|read| stanzas::check_seals(&read.seals).map(|()| read));
            merged.merge(read.map_err(|cause| ConfigurationError::new(shown, cause))?);
        }
        Ok(merged)
    }

    /// Reads the text of one file, called `name` in warnings.
    ///
    /// Errors: in the real server's words, without the name.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        file::read(name, text)
    }

    fn read_path(disk: &Disk, path: &Path) -> Result<Self, String> {
        let nothing = || format!("stat {}: no such file or directory", path.display());
        if path.as_os_str().is_empty() {
            return Err(nothing());
        }
        let metadata = disk.metadata(path).map_err(|error| match error {
            DiskError::NotFound(_) => nothing(),
            other => other.to_string(),
        })?;
        if !metadata.is_directory {
            return Self::read_file(disk, path);
        }
        let mut merged = Self::default();
        let is_configuration = |path: &&std::path::PathBuf| {
            path.extension().is_some_and(|extension| extension == "hcl" || extension == "json")
        };
        for path in disk.list(path).map_err(|error| error.to_string())?.iter().filter(is_configuration) {
            let read = Self::read_file(disk, path);
            merged.merge(
                read.map_err(|cause| format!("error loading {:?}: {cause}", path.display().to_string()))?,
            );
        }
        Ok(merged)
    }

    fn read_file(disk: &Disk, path: &Path) -> Result<Self, String> {
        let text = disk.read_to_string(path).map_err(|error| error.to_string())?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Lays a later file over this one: listeners add up, flags stay set, everything else is replaced where it is said.
    pub fn merge(&mut self, later: Self) {
        self.listeners.extend(later.listeners);
        self.warnings.extend(later.warnings);
        self.storage = later.storage.or(self.storage.take());
        self.ha_storage = later.ha_storage.or(self.ha_storage.take());
        self.settings.merge(later.settings);
        self.seals.extend(later.seals);
        self.lockouts.extend(later.lockouts);
        self.telemetry = later.telemetry.or(self.telemetry.take());
        self.ui |= later.ui;
        self.disable_mlock |= later.disable_mlock;
        for (earlier, later) in [
            (&mut self.api_addr, later.api_addr),
            (&mut self.cluster_addr, later.cluster_addr),
            (&mut self.cluster_name, later.cluster_name),
            (&mut self.log_level, later.log_level),
            (&mut self.log_format, later.log_format),
            (&mut self.log_file, later.log_file),
            (&mut self.pid_file, later.pid_file),
            (&mut self.service_registration, later.service_registration),
        ] {
            if !later.is_empty() {
                *earlier = later;
            }
        }
        for (earlier, later) in [
            (&mut self.default_lease_ttl, later.default_lease_ttl),
            (&mut self.max_lease_ttl, later.max_lease_ttl),
        ] {
            if !later.is_zero() {
                *earlier = later;
            }
        }
    }
}

impl Configuration {
    /// What keeps a server with this storage from starting: services, seals or other servers' storage that it has not.
    pub fn problem(&self) -> Option<String> {
        let service = self.service_registration.as_str();
        if !service.is_empty() && !["consul", "kubernetes"].contains(&service) {
            return Some(format!("Unknown service_registration type {service}"));
        }
        if let Some(problem) = stanzas::seal_problem(&self.seals) {
            return Some(problem);
        }
        if let Some(storage) = &self.ha_storage {
            return Some(if storage.is_known() {
                "Specified HA storage does not support HA".to_owned()
            } else {
                format!("Unknown HA storage type {}", storage.kind)
            });
        }
        (!service.is_empty())
            .then(|| "service_registration is configured, but storage does not support HA".to_owned())
    }

    /// What `sys/config/state/sanitized` shows of it.
    pub fn shown(&self) -> Map<String, Value> {
        let mut shown = self.settings.shown();
        let listeners: Vec<Value> = self
            .listeners
            .iter()
            .map(|listener| json!({ "config": listener.shown, "type": listener.kind }))
            .collect();
        if !listeners.is_empty() {
            shown.insert("listeners".into(), listeners.into());
        }
        let seals = if self.seals.iter().all(|seal| seal["disabled"] == true) {
            self.seals.iter().cloned().chain([stanzas::shamir()]).collect()
        } else {
            self.seals.clone()
        };
        for (name, blocks) in [("seals", &seals), ("user_lockout_configs", &self.lockouts)] {
            if !blocks.is_empty() {
                shown.insert(name.into(), blocks.clone().into());
            }
        }
        for (name, storage) in [("storage", &self.storage), ("ha_storage", &self.ha_storage)] {
            if let Some(storage) = storage {
                shown.insert(name.into(), storage.shown(&self.api_addr, &self.cluster_addr));
            }
        }
        if let Some(telemetry) = &self.telemetry {
            shown.insert("telemetry".into(), telemetry.clone());
        }
        if !self.service_registration.is_empty() {
            shown.insert("service_registration".into(), json!({ "type": self.service_registration }));
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> Disk {
        let disk = Disk::memory();
        let listener = "listener \"tcp\" {\n address = \"127.0.0.1:8200\"\n tls_disable = true\n}\n";
        disk.write("/etc/vault/a.hcl", "storage \"inmem\" {}\nui = true\n").expect("written");
        disk.write("/etc/vault/b.hcl", listener).expect("written");
        disk.write("/etc/vault/notes.txt", "not read").expect("written");
        disk.write("/etc/bad/a.hcl", "storage \"inmem\" {").expect("written");
        disk.write(
            "/etc/more.json",
            r#"{"listener":{"tcp":{"address":"127.0.0.1:8300","tls_disable":"true"}}}"#,
        )
        .expect("written");
        disk
    }

    #[test]
    fn directories_and_files_are_laid_over_each_other() {
        let read = Configuration::load(&disk(), &["/etc/vault", "/etc/more.json"]).expect("read");
        assert_eq!(read.storage.map(|storage| storage.kind).as_deref(), Some("inmem"));
        assert!(read.ui);
        let addresses: Vec<_> = read.listeners.iter().map(|listener| listener.address.as_str()).collect();
        assert_eq!(addresses, ["127.0.0.1:8200", "127.0.0.1:8300"]);
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_path() {
        let error = |path: &str| Configuration::load(&disk(), &[path]).expect_err(path).to_string();
        assert_eq!(
            error("/nowhere"),
            "error loading configuration from /nowhere: stat /nowhere: no such file or directory"
        );
        assert_eq!(
            error("/etc/bad"),
            "error loading configuration from /etc/bad: error loading \"/etc/bad/a.hcl\": At 1:19: object expected closing \
             RBRACE got: EOF"
        );
    }
}
