//! What the server says of itself when it starts.

use std::fmt::Write;

use mock_vault::{Configuration, ListenerStanza, Server};

use super::address::next_port;
use crate::stand_in::Environment;

/// How wide the names of the table are.
const WIDTH: usize = 24;

/// What is said of the storage in memory before everything else; only where it is not a development server's.
pub(super) const INMEM: &str =
    "\nWARNING: storage configured to use \"inmem\" which should NOT be used in\nproduction\n\n";

/// The last line before the log.
pub(super) const STARTED: &str = "==> Vault server started! Log data will stream in below:\n\n";

/// The table of settings, with its heading and an empty line behind it.
pub(super) fn table(configuration: &Configuration, environment: &Environment) -> String {
    let mut rows = vec![("Administrative Namespace".to_owned(), String::new())];
    if !configuration.api_addr.is_empty() {
        rows.push(("Api Address".into(), configuration.api_addr.clone()));
    }
    rows.push(("Cgo".into(), "disabled".into()));
    if let Some(address) = cluster_address(configuration) {
        rows.push(("Cluster Address".into(), address));
    }
    rows.push(("Environment Variables".into(), environment.names().join(", ")));
    rows.push(("Go Version".into(), "none: this is the lab's stand-in, which protects nothing".into()));
    for (index, stanza) in configuration.listeners.iter().enumerate() {
        rows.push((format!("Listener {}", index + 1), listener(stanza)));
    }
    rows.push(("Log Level".into(), configuration.log_level.clone()));
    rows.push(("Mlock".into(), format!("supported: false, enabled: {}", !configuration.disable_mlock)));
    rows.push(("Recovery Mode".into(), "false".into()));
    let storage = configuration.storage.as_ref().map(|storage| storage.kind.clone());
    rows.push(("Storage".into(), storage.unwrap_or_default()));
    let (version, built) = (mock_vault::VERSION, mock_vault::BUILD_DATE);
    rows.push(("Version".into(), format!("Vault v{version}, built {built}")));
    rows.push(("Version Sha".into(), format!("lab {} stand-in", env!("CARGO_PKG_VERSION"))));
    let mut text = "==> Vault server configuration:\n\n".to_owned();
    for (name, value) in rows {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name:>WIDTH$}: {value}");
    }
    text + "\n"
}

/// What a development server says of its key and token.
pub(super) fn dev(server: &Server, api_addr: &str, ca: Option<&str>) -> String {
    let ca = ca.map(|path| format!("    $ export VAULT_CACERT='{path}'\n\n")).unwrap_or_default();
    let (key, token) = (server.unseal_key().unwrap_or_default(), server.root_token().unwrap_or_default());
    format!(
        "WARNING! dev mode is enabled! In this mode, Vault runs entirely in-memory\n\
         and starts unsealed with a single unseal key. The root token is already\n\
         authenticated to the CLI, so you can immediately begin using Vault.\n\
         \n\
         You may need to set the following environment variables:\n\
         \n    $ export VAULT_ADDR='{api_addr}'\n{ca}\n\
         The unseal key and root token are displayed below in case you want to\n\
         seal/unseal the Vault or re-authenticate.\n\
         \n\
         Unseal Key: {key}\n\
         Root Token: {token}\n\
         \n\
         Development mode should NOT be used in production installations!\n\n"
    )
}

fn listener(stanza: &ListenerStanza) -> String {
    let cluster = stanza.cluster_address.clone().or_else(|| next_port(&stanza.address)).unwrap_or_default();
    let tls = if stanza.tls.is_some() { "enabled" } else { "disabled" };
    let mut properties = stanza.properties.clone();
    properties.insert("cluster address", cluster);
    properties.insert("tls", tls.to_owned());
    let properties: Vec<String> =
        properties.into_iter().map(|(name, value)| format!("{name}: \"{value}\"")).collect();
    format!("tcp (addr: \"{}\", {})", stanza.address, properties.join(", "))
}

fn cluster_address(configuration: &Configuration) -> Option<String> {
    if !configuration.cluster_addr.is_empty() {
        return Some(configuration.cluster_addr.clone());
    }
    let (_, authority) = configuration.api_addr.split_once("://")?;
    Some(format!("https://{}", next_port(authority)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_real_programs_form() {
        let text = "storage \"file\" {\n path = \"/data\"\n}\napi_addr = \"http://127.0.0.1:8200\"\nlog_level = \"debug\"\n\
                    listener \"tcp\" {\n tls_disable = true\n}\n";
        let configuration = Configuration::parse("v.hcl", text).expect("well formed");
        let shown = table(&configuration, &Environment::from([("B", "1"), ("A", "2")]));
        for line in [
            "==> Vault server configuration:",
            "Administrative Namespace: ",
            "             Api Address: http://127.0.0.1:8200",
            "         Cluster Address: https://127.0.0.1:8201",
            "   Environment Variables: A, B",
            "               Log Level: debug",
            "           Recovery Mode: false",
            "                 Storage: file",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line:?} in\n{shown}");
        }
        assert!(
            shown.contains("Listener 1: tcp (addr: \"127.0.0.1:8200\", cluster address: \"127.0.0.1:8201\""),
            "{shown}"
        );
        assert!(shown.ends_with("\n\n"));
    }
}
