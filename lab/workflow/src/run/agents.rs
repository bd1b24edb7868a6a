//! The agents' configuration files.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::action::TlsSettings;
use crate::fleet::{Fleet, Node, Role};

use super::templates::{AGENT_CA, AGENT_CERTIFICATE, AGENT_KEY};

/// Where an agent's main configuration is.
pub(crate) const NOMAD: &str = "/etc/nomad.d/nomad.hcl";
/// Where its `tls` block is: in a file of its own, since booleans of several blocks only ever merge to true.
pub(crate) const TLS: &str = "/etc/nomad.d/tls.hcl";
/// Where the gossip key is.
pub(crate) const GOSSIP: &str = "/etc/nomad.d/gossip.hcl";
/// Where Vault's configuration is.
pub(crate) const VAULT: &str = "/etc/vault.d/vault.hcl";

/// What was written to the agents' `tls` blocks so far, by node.
pub(crate) type Written = BTreeMap<String, TlsSettings>;

/// An agent's configuration before anything is secured.
pub(crate) fn plaintext(node: &Node, fleet: &dyn Fleet) -> String {
    let mut text = format!(
        "name       = {:?}\nregion     = {:?}\ndatacenter = \"dc1\"\ndata_dir   = \"/opt/nomad/data\"\nbind_addr  = \"{}\"\n\n",
        node.name, node.region, node.address
    );
    text.push_str(
        "disable_update_check = true\nleave_on_interrupt   = false\nleave_on_terminate   = false\n\n",
    );
    text.push_str(&ports(node));
    if node.address.is_loopback() {
        text.push_str(&advertised(node));
    }
    match node.role {
        Role::Server => text.push_str(&server_block(fleet)),
        Role::Client => text.push_str(&client_block(node, fleet)),
        Role::Vault => {}
    }
    text
}

/// Vault's configuration.
pub(crate) fn vault(node: &Node) -> String {
    let address = node.vault.map(|address| address.to_string()).unwrap_or_default();
    format!(
        "storage \"file\" {{\n  path = \"/opt/vault/data\"\n}}\n\n\
         listener \"tcp\" {{\n  address     = \"{address}\"\n  tls_disable = true\n}}\n\n\
         api_addr      = \"http://{address}\"\ndisable_mlock = true\n"
    )
}

/// The settings of a `tls` block with the guide's files where none are named.
pub(crate) fn with_files(settings: &TlsSettings) -> TlsSettings {
    let files = TlsSettings {
        ca_file: Some(AGENT_CA.to_owned()),
        cert_file: Some(AGENT_CERTIFICATE.to_owned()),
        key_file: Some(AGENT_KEY.to_owned()),
        ..TlsSettings::default()
    };
    settings.over(&files)
}

/// The file that holds a gossip key.
pub(crate) fn gossip(key: &str) -> String {
    format!("server {{\n  encrypt = {key:?}\n}}\n")
}

fn ports(node: &Node) -> String {
    let mut text = "ports {\n".to_owned();
    for (name, address) in [("http", node.http), ("rpc", node.rpc), ("serf", node.serf)] {
        if let Some(address) = address {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name} = {}", address.port());
        }
    }
    text + "}\n\n"
}

/// An agent on loopback says so itself: the real one refuses to guess that.
fn advertised(node: &Node) -> String {
    let line = |name| format!("  {name} = {:?}\n", node.address.to_string());
    format!("advertise {{\n{}}}\n\n", ["http", "rpc", "serf"].map(line).concat())
}

fn server_block(fleet: &dyn Fleet) -> String {
    let peers: Vec<String> = fleet
        .with_role(Role::Server)
        .filter_map(|server| server.serf)
        .map(|address| format!("{:?}", address.to_string()))
        .collect();
    format!(
        "server {{\n  enabled          = true\n  bootstrap_expect = {}\n  server_join {{\n    retry_join = [{}]\n  }}\n}}\n",
        peers.len(),
        peers.join(", ")
    )
}

fn client_block(node: &Node, fleet: &dyn Fleet) -> String {
    let servers: Vec<String> = fleet
        .with_role(Role::Server)
        .filter_map(|server| server.rpc)
        .map(|address| format!("{:?}", address.to_string()))
        .collect();
    let interface = if node.address.is_loopback() { "  network_interface = \"lo\"\n" } else { "" };
    format!(
        "client {{\n  enabled = true\n  servers = [{}]\n{interface}}}\n\nplugin \"raw_exec\" {{\n  config {{\n    enabled = true\n  }}\n}}\n",
        servers.join(", ")
    )
}
