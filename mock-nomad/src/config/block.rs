//! A file's content as a configuration.

use lab_hcl::Body;

use super::acl::AclBlock;
use super::fields::Fields;
use super::load::ConfigError;
use super::server::{parse_join, parse_server};
use super::tls::parse_tls;
use super::vault::VaultBlock;
use super::{AgentConfig, ClientBlock, Limits, Shown, Triple};

/// What one file says.
pub(super) fn parse(body: &Body) -> Result<AgentConfig, ConfigError> {
    let fields = Fields::new("", body);
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
        shown: Shown::of_file(body),
        ..AgentConfig::default()
    };
    let blocks = |name: &str| fields.blocks(name);
    for body in blocks("addresses") {
        config.addresses = parse_triple("addresses", body, |fields, name| fields.text(name))?;
    }
    for body in blocks("advertise") {
        config.advertise = parse_triple("advertise", body, |fields, name| fields.text(name))?;
    }
    for body in blocks("ports") {
        let number = |fields: &Fields<'_>, name: &str| fields.integer(name).map(Option::unwrap_or_default);
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
        config.acl.merge(AclBlock::parse(body)?);
    }
    for body in blocks("vault") {
        config.vault.merge(VaultBlock::parse(body)?);
    }
    config.client.raw_exec |= enables_raw_exec(body)?;
    Ok(config)
}

/// `plugin "raw_exec" { config { enabled = true } }`
fn enables_raw_exec(body: &Body) -> Result<bool, ConfigError> {
    let plugins = body.blocks().filter(|block| block.kind == "plugin");
    let mut enables = false;
    for plugin in plugins.filter(|block| block.labels.first().is_some_and(|label| label.text == "raw_exec")) {
        for config in Fields::new("plugin", &plugin.body).blocks("config") {
            enables |= Fields::new("config", config).flag("enabled")?;
        }
    }
    Ok(enables)
}

fn parse_triple<T>(
    path: &'static str,
    body: &Body,
    read: impl Fn(&Fields<'_>, &str) -> Result<T, ConfigError>,
) -> Result<Triple<T>, ConfigError> {
    let fields = Fields::new(path, body);
    let triple =
        Triple { http: read(&fields, "http")?, rpc: read(&fields, "rpc")?, serf: read(&fields, "serf")? };
    Ok(triple)
}

fn parse_client(body: &Body) -> Result<ClientBlock, ConfigError> {
    let fields = Fields::new("client", body);
    let mut client = ClientBlock {
        enabled: fields.flag("enabled")?,
        servers: fields.texts("servers")?,
        server_join: parse_join("client.server_join", &fields)?,
        node_class: fields.text("node_class")?,
        node_pool: fields.text("node_pool")?,
        room: [
            fields.integer("cpu_total_compute")?.unwrap_or(0),
            fields.integer("memory_total_mb")?.unwrap_or(0),
            fields.integer("disk_total_mb")?.unwrap_or(0),
        ],
        meta: fields.map("meta")?,
        alloc_dir: fields.text("alloc_dir")?,
        options: fields.map("options")?,
        introduction: String::new(),
        raw_exec: false,
    };
    let option = client.options.get("driver.raw_exec.enable").map(String::as_str);
    client.raw_exec = matches!(option, Some("1" | "t" | "T" | "true" | "TRUE" | "True"));
    Ok(client)
}

fn parse_limits(body: &Body) -> Result<Limits, ConfigError> {
    let fields = Fields::new("limits", body);
    let limits = Limits {
        https_handshake_timeout: fields.text("https_handshake_timeout")?,
        http_max_conns_per_client: fields.integer("http_max_conns_per_client")?,
        rpc_handshake_timeout: fields.text("rpc_handshake_timeout")?,
        rpc_max_conns_per_client: fields.integer("rpc_max_conns_per_client")?,
    };
    Ok(limits)
}
