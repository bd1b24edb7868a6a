//! The configuration of a running agent.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::config::{AgentConfig, ServerJoin, Settled, TlsBlock, VaultBlock};

/// How long an agent waits before it tries to join again.
const RETRY_INTERVAL: Duration = Duration::from_secs(30);

/// The configuration in the field names of the real program: what files say, and over it what this agent has made of it.
pub(super) fn config_json(config: &AgentConfig, settled: &Settled, dev: bool) -> Value {
    let ip = |address: &SocketAddr| address.ip().to_string();
    let told = &settled.advertise;
    // A client has no gossip, so that nobody has looked at what it would tell.
    let serf = if config.server.enabled { told.serf.clone() } else { config.advertise.serf.clone() };
    config.shown.with([plugin_dir(config), json!({
        "ACL": {"Enabled": config.acl.enabled},
        "Addresses": {
            "HTTP": settled.http.first().map(ip), "RPC": ip(&settled.rpc), "Serf": ip(&settled.serf),
        },
        "AdvertiseAddrs": {"HTTP": told.http, "RPC": told.rpc, "Serf": serf},
        "BindAddr": config.bind_addr,
        "Client": client_json(config),
        "DataDir": config.data_dir, "Datacenter": config.datacenter, "DevMode": dev,
        "DisableUpdateCheck": config.disable_update_check, "EnableDebug": config.enable_debug, "Files": config.files,
        "HTTPAPIResponseHeaders": config.response_headers, "LeaveOnInt": config.leave_on_interrupt,
        "LeaveOnTerm": config.leave_on_terminate,
        "Limits": {
            "HTTPMaxConnsPerClient": config.limits.http_max_conns_per_client,
            "HTTPSHandshakeTimeout": config.limits.https_handshake_timeout,
            "RPCHandshakeTimeout": config.limits.rpc_handshake_timeout,
            "RPCMaxConnsPerClient": config.limits.rpc_max_conns_per_client,
        },
        "LogLevel": config.log_level, "NodeName": config.name,
        "Ports": {"HTTP": config.ports.http, "RPC": config.ports.rpc, "Serf": config.ports.serf},
        "Region": config.region,
        "Server": server_json(config),
        "TLSConfig": tls_json(&config.tls),
        "Vault": vault_json(&config.vault),
        "Version": {"BuildDate": null, "Revision": "", "Version": "1.11.3", "VersionMetadata": "", "VersionPrerelease": ""},
    })])
}

fn client_json(config: &AgentConfig) -> Value {
    let block = &config.client;
    json!({
        "Enabled": block.enabled, "Servers": list(&block.servers), "NodeClass": block.node_class,
        "NodePool": block.node_pool, "Meta": block.meta, "Options": block.options,
        "ServerJoin": join_json(&block.server_join),
    })
}

/// The gossip key is not shown. Where the older attributes say whom to join, `server_join` shows it.
fn server_json(config: &AgentConfig) -> Value {
    let block = &config.server;
    let older = |name: &str| config.shown.names(&format!("Server/{name}"));
    let mut join = block.join.clone();
    if older("StartJoin") {
        join.start_join.clear();
    }
    let mut shown = json!({"Enabled": block.enabled, "BootstrapExpect": block.bootstrap_expect});
    if older("RetryJoin") {
        shown["RetryJoin"] = Value::Null;
        shown["RetryMaxAttempts"] = 0.into();
        shown["RetryInterval"] = 0.into();
    } else {
        if older("RetryMaxAttempts") {
            join.retry_max = 0;
        }
        if older("RetryInterval") {
            join.retry_interval = RETRY_INTERVAL;
        }
    }
    shown["ServerJoin"] = join_json(&join);
    shown
}

fn join_json(join: &ServerJoin) -> Value {
    let interval = Some(join.retry_interval).filter(|interval| !interval.is_zero()).unwrap_or(RETRY_INTERVAL);
    json!({
        "RetryJoin": join.retry_join, "StartJoin": list(&join.start_join), "RetryMaxAttempts": join.retry_max,
        "RetryInterval": nanos(interval),
    })
}

fn list(texts: &[String]) -> Option<&[String]> {
    Some(texts).filter(|texts| !texts.is_empty())
}

/// The command line may say it as well as files.
fn vault_json(vault: &VaultBlock) -> Value {
    let mut shown = json!({"Addr": vault.address});
    if vault.enabled {
        shown["Enabled"] = true.into();
    }
    shown
}

/// Where the agent looks for plugins unless it is told.
fn plugin_dir(config: &AgentConfig) -> Value {
    if config.data_dir.is_empty() || config.shown.names("PluginDir") {
        return json!({});
    }
    json!({"PluginDir": format!("{}/plugins", config.data_dir.trim_end_matches('/'))})
}

fn tls_json(tls: &TlsBlock) -> Value {
    json!({
        "EnableHTTP": tls.http, "EnableRPC": tls.rpc, "VerifyServerHostname": tls.verify_server_hostname,
        "RPCUpgradeMode": tls.rpc_upgrade_mode, "VerifyHTTPSClient": tls.verify_https_client, "CAFile": tls.ca_file,
        "CertFile": tls.cert_file, "KeyFile": tls.key_file, "KeyLoader": {}, "Checksum": tls.checksum,
        "TLSCipherSuites": tls.cipher_suites, "TLSMinVersion": tls.min_version,
    })
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
