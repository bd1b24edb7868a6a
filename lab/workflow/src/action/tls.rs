//! The `tls` block of an agent's configuration.

use std::fmt::Write;

/// Settings of a `tls` block, with Nomad's names; nothing means not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// TLS on the HTTP port.
    pub http: Option<bool>,
    /// TLS on the RPC port, and towards others' RPC ports.
    pub rpc: Option<bool>,
    /// The authorities to trust.
    pub ca_file: Option<String>,
    /// The agent's certificate.
    pub cert_file: Option<String>,
    /// Its key.
    pub key_file: Option<String>,
    /// Whether a server with TLS also takes plaintext on its RPC port.
    pub rpc_upgrade_mode: Option<bool>,
    /// Whether names of role and region are checked.
    pub verify_server_hostname: Option<bool>,
    /// Whether the HTTP port wants a certificate.
    pub verify_https_client: Option<bool>,
    /// `tls12` or `tls13`.
    pub tls_min_version: Option<String>,
    /// Comma-separated suites for TLS 1.2.
    pub tls_cipher_suites: Option<String>,
}

impl TlsSettings {
    /// The settings that are set, as name and HCL value, in the order of Nomad's documentation.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let flag = |value: &Option<bool>| value.map(|value| value.to_string());
        let text = |value: &Option<String>| value.as_ref().map(|value| format!("{value:?}"));
        [
            ("http", flag(&self.http)),
            ("rpc", flag(&self.rpc)),
            ("ca_file", text(&self.ca_file)),
            ("cert_file", text(&self.cert_file)),
            ("key_file", text(&self.key_file)),
            ("rpc_upgrade_mode", flag(&self.rpc_upgrade_mode)),
            ("verify_server_hostname", flag(&self.verify_server_hostname)),
            ("verify_https_client", flag(&self.verify_https_client)),
            ("tls_min_version", text(&self.tls_min_version)),
            ("tls_cipher_suites", text(&self.tls_cipher_suites)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// These settings over older ones.
    pub fn over(&self, older: &Self) -> Self {
        Self {
            http: self.http.or(older.http),
            rpc: self.rpc.or(older.rpc),
            ca_file: self.ca_file.clone().or_else(|| older.ca_file.clone()),
            cert_file: self.cert_file.clone().or_else(|| older.cert_file.clone()),
            key_file: self.key_file.clone().or_else(|| older.key_file.clone()),
            rpc_upgrade_mode: self.rpc_upgrade_mode.or(older.rpc_upgrade_mode),
            verify_server_hostname: self.verify_server_hostname.or(older.verify_server_hostname),
            verify_https_client: self.verify_https_client.or(older.verify_https_client),
            tls_min_version: self.tls_min_version.clone().or_else(|| older.tls_min_version.clone()),
            tls_cipher_suites: self.tls_cipher_suites.clone().or_else(|| older.tls_cipher_suites.clone()),
        }
    }

    /// Whether RPC goes over TLS.
    pub fn is_rpc(&self) -> bool {
        self.rpc == Some(true)
    }

    /// Whether the HTTP port speaks TLS.
    pub fn is_http(&self) -> bool {
        self.http == Some(true)
    }

    /// The block as it stands in a file.
    pub fn to_hcl(&self) -> String {
        let entries = self.entries();
        let width = entries.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut text = "tls {\n".to_owned();
        for (name, value) in entries {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name:width$} = {value}");
        }
        text + "}\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_settings_win_and_older_ones_stay() {
        let first = TlsSettings {
            rpc: Some(true),
            rpc_upgrade_mode: Some(true),
            ca_file: Some("/ca.pem".into()),
            ..TlsSettings::default()
        };
        let then = TlsSettings { rpc_upgrade_mode: Some(false), ..TlsSettings::default() };
        assert_eq!(
            then.over(&first).to_hcl(),
            "tls {\n  rpc              = true\n  ca_file          = \"/ca.pem\"\n  rpc_upgrade_mode = false\n}\n"
        );
    }
}
