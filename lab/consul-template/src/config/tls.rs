//! `ssl { }`: how Vault is reached over TLS.

use std::collections::BTreeMap;

use super::decode::Decoder;

/// Files and names for TLS; an empty text is unset.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tls {
    pub(crate) ca_cert: String,
    pub(crate) ca_path: String,
    pub(crate) ca_cert_bytes: String,
    pub(crate) cert: String,
    pub(crate) key: String,
    pub(crate) server_name: String,
    pub(crate) verify: Option<bool>,
}

impl Tls {
    pub(super) fn decode(&mut self, block: &mut Decoder<'_, '_>) {
        block.bool("enabled");
        for (name, field) in [
            ("ca_cert", &mut self.ca_cert),
            ("ca_path", &mut self.ca_path),
            ("ca_cert_bytes", &mut self.ca_cert_bytes),
            ("cert", &mut self.cert),
            ("key", &mut self.key),
            ("server_name", &mut self.server_name),
        ] {
            if let Some(text) = block.string(name) {
                *field = text;
            }
        }
        self.verify = block.bool("verify").or(self.verify);
    }

    /// Fills what is unset from the variables that Vault's own programs read.
    pub(super) fn fill(&mut self, environment: &BTreeMap<String, String>) {
        for (name, field) in [
            ("VAULT_CACERT", &mut self.ca_cert),
            ("VAULT_CAPATH", &mut self.ca_path),
            ("VAULT_CACERT_BYTES", &mut self.ca_cert_bytes),
            ("VAULT_CLIENT_CERT", &mut self.cert),
            ("VAULT_CLIENT_KEY", &mut self.key),
            ("VAULT_TLS_SERVER_NAME", &mut self.server_name),
        ] {
            if field.is_empty()
                && let Some(value) = environment.get(name)
            {
                field.clone_from(value);
            }
        }
        if self.verify.is_none() {
            let skip = environment.get("VAULT_SKIP_VERIFY").map(String::as_str);
            self.verify = Some(!matches!(skip, Some("1" | "t" | "T" | "true" | "TRUE" | "True")));
        }
    }
}
