//! A file's content as a configuration.

use lab_hcl::Body;

use super::fields::Fields;
use super::load::ConfigError;
use super::server::{parse_join, parse_server};
use super::tls::parse_tls;
use super::{AgentConfig, ClientBlock, Limits, Triple};

/// Parameters that change nothing the lab shows.
const IGNORED: &[&str] = &[
    "plugin_dir",
    "log_json",
    "log_include_location",
    "log_file",
    "log_rotate_bytes",
    "log_rotate_duration",
    "log_rotate_max_files",
    "enable_syslog",
    "syslog_facility",
    "disable_anonymous_signature",
    "telemetry",
    "consul",
    "ui",
    "sentinel",
    "autopilot",
    "plugin",
    "audit",
    "reporting",
    "keyring",
    "rpc",
    "eventlog",
    "interfaces",
];

const IGNORED_OF_CLIENT: &[&str] = &[
    "state_dir",
    "alloc_dir",
    "alloc_mounts_dir",
    "chroot_env",
    "network_interface",
    "network_speed",
    "cpu_disable_dmidecode",
    "cpu_total_compute",
    "memory_total_mb",
    "disk_total_mb",
    "disk_free_mb",
    "reservable_cores",
    "max_kill_timeout",
    "client_max_port",
    "client_min_port",
    "max_dynamic_port",
    "min_dynamic_port",
    "reserved",
    "gc_interval",
    "gc_parallel_destroys",
    "gc_disk_usage_threshold",
    "gc_inode_usage_threshold",
    "gc_max_allocs",
    "gc_volumes_on_node_gc",
    "no_host_uuid",
    "host_volume",
    "cni_path",
    "cni_config_dir",
    "bridge_network_name",
    "bridge_network_subnet",
    "bridge_network_subnet_ipv6",
    "bridge_network_hairpin_mode",
    "host_network",
    "bind_wildcard_default_host_network",
    "cgroup_parent",
    "nomad_service_discovery",
    "artifact",
    "users",
    "drain_on_shutdown",
    "node_max_allocs",
    "template",
    "host_volumes_dir",
    "host_volume_plugin_dir",
    "common_plugin_dir",
    "disable_remote_exec",
    "intro_token",
    "preferred_address_family",
    "fingerprint",
    "log_file",
];

/// What one file says.
pub(super) fn parse(body: &Body) -> Result<AgentConfig, ConfigError> {
    let mut fields = Fields::new("", body);
    let mut config = AgentConfig {
        name: fields.text("name")?,
        region: fields.text("region")?,
        datacenter: fields.text("datacenter")?,
        data_dir: fields.text("data_dir")?,
        bind_addr: fields.text("bind_addr")?,
        log_level: fields.text("log_level")?,
        leave_on_interrupt: fields.flag("leave_on_interrupt")?,
        leave_on_terminate: fields.flag("leave_on_terminate")?,
        disable_update_check: fields.flag("disable_update_check")?,
        enable_debug: fields.flag("enable_debug")?,
        response_headers: fields.map("http_api_response_headers")?,
        ..AgentConfig::default()
    };
    let mut blocks = |name: &str| fields.blocks(name);
    for body in blocks("addresses") {
        config.addresses = parse_triple("addresses", body, |fields, name| fields.text(name))?;
    }
    for body in blocks("advertise") {
        config.advertise = parse_triple("advertise", body, |fields, name| fields.text(name))?;
    }
    for body in blocks("ports") {
        let number =
            |fields: &mut Fields<'_>, name: &str| fields.integer(name).map(Option::unwrap_or_default);
        config.ports = parse_triple("ports", body, number)?;
    }
    for body in blocks("server") {
        config.server.merge(parse_server(body)?);
    }
    for body in blocks("client") {
        config.client.merge(parse_client(body)?);
    }
    for body in blocks("tls") {
        config.tls.merge(parse_tls(body)?);
    }
    for body in blocks("limits") {
        config.limits.merge(parse_limits(body)?);
    }
    for body in blocks("acl") {
        config.acl_enabled = Fields::new("acl", body).flag("enabled")?;
    }
    for body in blocks("vault") {
        config.vault_enabled |= Fields::new("vault", body).flag("enabled")?;
    }
    fields.ignore(IGNORED);
    fields.finish()?;
    Ok(config)
}

fn parse_triple<T>(
    path: &'static str,
    body: &Body,
    read: impl Fn(&mut Fields<'_>, &str) -> Result<T, ConfigError>,
) -> Result<Triple<T>, ConfigError> {
    let mut fields = Fields::new(path, body);
    let triple = Triple {
        http: read(&mut fields, "http")?,
        rpc: read(&mut fields, "rpc")?,
        serf: read(&mut fields, "serf")?,
    };
    fields.finish().map(|()| triple)
}

fn parse_client(body: &Body) -> Result<ClientBlock, ConfigError> {
    let mut fields = Fields::new("client", body);
    let client = ClientBlock {
        enabled: fields.flag("enabled")?,
        servers: fields.texts("servers")?,
        server_join: parse_join("client.server_join", &mut fields)?,
        node_class: fields.text("node_class")?,
        node_pool: fields.text("node_pool")?,
        meta: fields.map("meta")?,
        options: fields.map("options")?,
    };
    fields.ignore(IGNORED_OF_CLIENT);
    fields.finish().map(|()| client)
}

fn parse_limits(body: &Body) -> Result<Limits, ConfigError> {
    let mut fields = Fields::new("limits", body);
    let limits = Limits {
        https_handshake_timeout: fields.text("https_handshake_timeout")?,
        http_max_conns_per_client: fields.integer("http_max_conns_per_client")?,
        rpc_handshake_timeout: fields.text("rpc_handshake_timeout")?,
        rpc_max_conns_per_client: fields.integer("rpc_max_conns_per_client")?,
    };
    fields.finish().map(|()| limits)
}
