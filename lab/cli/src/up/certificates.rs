//! The certificates of a lab's Nomad, made as the guide "Enable TLS Encryption for Nomad" makes them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::state::absolute;
use crate::exit::Failure;
use crate::files::create_directory;
use crate::stand_in::TlsSettings;

/// An authority of its own and a certificate for each role, in one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Certificates {
    directory: PathBuf,
}

impl Certificates {
    /// Those that are in a directory.
    pub(super) fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Makes them anew, by the guide's own commands.
    pub(super) fn make(directory: &Path) -> Result<Self, Failure> {
        let directory = absolute(directory);
        // What an earlier lab left there.
        let _ = std::fs::remove_dir_all(&directory);
        create_directory(&directory)?;
        for arguments in [
            &["tls", "ca", "create"][..],
            &["tls", "cert", "create", "-server"],
            &["tls", "cert", "create", "-client"],
            &["tls", "cert", "create", "-cli"],
        ] {
            let made = Command::new(std::env::current_exe()?)
                .arg("nomad")
                .args(arguments)
                .current_dir(&directory)
                .env_remove("NOMAD_REGION")
                .stdin(Stdio::null())
                .output()?;
            if !made.status.success() {
                return Err(Failure::SetUp(format!(
                    "`nomad {}` in {} made no certificate: {}",
                    arguments.join(" "),
                    directory.display(),
                    String::from_utf8_lossy(&made.stderr).trim()
                )));
            }
        }
        Ok(Self { directory })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The authority's certificate.
    pub(super) fn authority(&self) -> String {
        self.file("nomad-agent-ca.pem")
    }

    /// The certificate and the key of a role: `server`, `client` or `cli`.
    pub(super) fn pair(&self, role: &str) -> (String, String) {
        (self.file(&format!("global-{role}-nomad.pem")), self.file(&format!("global-{role}-nomad-key.pem")))
    }

    /// The `tls` block of an agent of a role, as the guide has it at its end.
    pub(super) fn block(&self, role: &str) -> String {
        let (certificate, key) = self.pair(role);
        format!(
            "\ntls {{\n  http = true\n  rpc  = true\n\n  ca_file   = {:?}\n  cert_file = {certificate:?}\n  key_file  = \
             {key:?}\n\n  verify_server_hostname = true\n  verify_https_client    = true\n}}\n",
            self.authority()
        )
    }

    /// What the command line speaks TLS with.
    pub(super) fn settings(&self) -> TlsSettings {
        let (client_cert, client_key) = self.pair("cli");
        TlsSettings { ca_cert: self.authority(), client_cert, client_key, ..TlsSettings::default() }
    }

    fn file(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }
}
