//! Where the files of a machine are: what its programs call `/etc` and `/opt` may be below a directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What stands for the root directory of a machine, and for what its network would give it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    root: PathBuf,
    vault: Option<SocketAddr>,
}

/// The directories that the workflow writes to.
const MOVED: [&str; 5] =
    ["/etc/nomad.d", "/etc/vault.d", "/etc/consul-template.d", "/opt/nomad", "/opt/vault"];

/// The name by which Consul would give the Vault that is active.
const ACTIVE_VAULT: &str = "active.vault.service.consul:8200";

impl Place {
    pub(crate) fn new(root: PathBuf, vault: Option<SocketAddr>) -> Self {
        Self { root, vault }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file of the machine is on this one; what a configuration says of that is understood, too.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        if Path::new(path).starts_with(&self.root) {
            return PathBuf::from(path);
        }
        self.root.join(path.trim_start_matches('/'))
    }

    /// A configuration as the machine's programs must read it.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for moved in MOVED {
            text = text.replace(moved, &self.path(moved).display().to_string());
        }
        if let Some(vault) = self.vault {
            text = text.replace(ACTIVE_VAULT, &vault.to_string());
        }
        if self.root == Path::new("/") {
            return text;
        }
        // Where nothing takes the lines, consul-template does not start.
        text.replace("syslog {\n  enabled  = true", "syslog {\n  enabled  = false")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_names_lead_to_the_machines_own() {
        let place = Place::new("/run/server-1".into(), "127.0.0.1:9000".parse().ok());
        assert_eq!(place.path("/etc/nomad.d/nomad.hcl"), Path::new("/run/server-1/etc/nomad.d/nomad.hcl"));
        let written = "address = \"http://active.vault.service.consul:8200\"\ndestination = \"/opt/nomad/agent-certs/ca.crt\"\n";
        let read = "address = \"http://127.0.0.1:9000\"\ndestination = \"/run/server-1/opt/nomad/agent-certs/ca.crt\"\n";
        assert_eq!(place.text(written), read);
        let told = "/run/server-1/opt/nomad/agent-certs/ca.crt";
        assert_eq!(place.path(told), Path::new(told));
    }
}
