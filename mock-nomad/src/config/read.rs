//! What configuration files say together, for programs that judge them without starting an agent.

use std::path::Path;
use std::time::Duration;

use super::AgentConfig;
use super::load::read_file;

/// An agent's configuration: its files merged as Nomad merges them, over Nomad's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// `name`; empty where the host's name stands for it.
    pub name: String,
    /// `region`, `global` unless a file says otherwise.
    pub region: String,
    /// `datacenter`
    pub datacenter: String,
    /// `data_dir`
    pub data_dir: String,
    /// `bind_addr`
    pub bind_addr: String,
    /// Whether it is a server.
    pub is_server: bool,
    /// Whether it is a client.
    pub is_client: bool,
    /// `server.encrypt`; empty where gossip is in the clear.
    pub encrypt: String,
    /// `server.bootstrap_expect`
    pub bootstrap_expect: i64,
    /// The servers that it joins, as they are written: `server_join`, and the older attributes.
    pub joins: Vec<String>,
    /// `client.servers`, as they are written.
    pub servers: Vec<String>,
    /// `tls`
    pub tls: TlsSettings,
    /// `addresses`, `advertise` and `ports` for HTTP.
    pub http: PortSettings,
    /// The same for RPC.
    pub rpc: PortSettings,
    /// What decides how long a client may be silent.
    pub heartbeats: Heartbeats,
}

/// `tls { }` after merging: texts of later files replace, booleans only ever become true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// `http`
    pub http: bool,
    /// `rpc`
    pub rpc: bool,
    /// `ca_file`
    pub ca_file: String,
    /// `cert_file`
    pub cert_file: String,
    /// `key_file`
    pub key_file: String,
    /// `rpc_upgrade_mode`
    pub rpc_upgrade_mode: bool,
    /// `verify_https_client`
    pub verify_https_client: bool,
    /// `verify_server_hostname`
    pub verify_server_hostname: bool,
    /// `tls_cipher_suites`
    pub cipher_suites: String,
    /// `tls_min_version`
    pub min_version: String,
    /// Whether anything of it is set at all: only then does Nomad read the files.
    pub is_configured: bool,
}

/// Where a port is served and what others are told; empty texts where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSettings {
    /// Of `addresses`.
    pub bind: String,
    /// Of `advertise`.
    pub advertise: String,
    /// Of `ports`.
    pub port: i64,
}

/// The server's attributes about heartbeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heartbeats {
    /// `heartbeat_grace`
    pub grace: Duration,
    /// `min_heartbeat_ttl`
    pub min_ttl: Duration,
    /// `failover_heartbeat_ttl`: what every client has after an election.
    pub failover_ttl: Duration,
    /// `max_heartbeats_per_second`
    pub max_per_second: f64,
}

/// A file that Nomad does not take; displays in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnreadableConfiguration {
    /// Which of the files, from 0.
    pub index: usize,
    /// What Nomad prints behind `Error loading configuration from F: `.
    pub message: String,
}

impl Configuration {
    /// Merges files, given by name and content, in their order.
    ///
    /// Errors: the first file that does not parse or holds what Nomad does not know.
    pub fn of_files<'a>(
        files: impl IntoIterator<Item = (&'a Path, &'a [u8])>,
    ) -> Result<Self, UnreadableConfiguration> {
        let mut merged = AgentConfig::defaults();
        for (index, (path, bytes)) in files.into_iter().enumerate() {
            let file = read_file(path, bytes)
                .map_err(|error| UnreadableConfiguration { index, message: error.to_string() })?;
            merged = merged.merge(file);
        }
        Ok(Self::of(merged))
    }

    fn of(merged: AgentConfig) -> Self {
        let AgentConfig { server, client, tls, addresses, advertise, ports, .. } = merged;
        let is_configured = !tls.is_empty();
        let mut joins = server.join.start_join;
        joins.extend(server.join.retry_join);
        joins.extend(client.server_join.start_join);
        joins.extend(client.server_join.retry_join);
        Self {
            name: merged.name,
            region: merged.region,
            datacenter: merged.datacenter,
            data_dir: merged.data_dir,
            bind_addr: merged.bind_addr,
            is_server: server.enabled,
            is_client: client.enabled,
            encrypt: server.encrypt,
            bootstrap_expect: server.bootstrap_expect,
            joins,
            servers: client.servers,
            tls: TlsSettings {
                http: tls.http,
                rpc: tls.rpc,
                ca_file: tls.ca_file,
                cert_file: tls.cert_file,
                key_file: tls.key_file,
                rpc_upgrade_mode: tls.rpc_upgrade_mode,
                verify_https_client: tls.verify_https_client,
                verify_server_hostname: tls.verify_server_hostname,
                cipher_suites: tls.cipher_suites,
                min_version: tls.min_version,
                is_configured,
            },
            http: PortSettings { bind: addresses.http, advertise: advertise.http, port: ports.http },
            rpc: PortSettings { bind: addresses.rpc, advertise: advertise.rpc, port: ports.rpc },
            heartbeats: Heartbeats {
                grace: server.heartbeat_grace,
                min_ttl: server.min_heartbeat_ttl,
                failover_ttl: server.failover_heartbeat_ttl,
                max_per_second: server.max_heartbeats_per_second,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(files: &[&str]) -> Result<Configuration, UnreadableConfiguration> {
        Configuration::of_files(files.iter().map(|text| (Path::new("a.hcl"), text.as_bytes())))
    }

    #[test]
    fn a_later_file_cannot_take_back_what_is_true() {
        let first = "server { enabled = true }\ntls { rpc = true rpc_upgrade_mode = true ca_file = \"a\" }";
        let later = "tls { rpc_upgrade_mode = false ca_file = \"b\" }";
        let merged = merged(&[first, later]).expect("both parse");
        assert!(merged.is_server && merged.tls.rpc_upgrade_mode);
        assert_eq!(
            (merged.tls.ca_file.as_str(), merged.region.as_str(), merged.http.port),
            ("b", "global", 4646)
        );
    }

    #[test]
    fn the_file_that_is_wrong_is_named() {
        let error = merged(&["tls { }", "tls { rcp = true }"]).expect_err("a typing error");
        assert_eq!(error.index, 1);
        assert_eq!(error.to_string(), "Error loading a.hcl: tls unexpected keys rcp");
    }
}
