//! Which addresses the agent binds and which it tells others.

use std::net::{IpAddr, SocketAddr};

use lab_world::Net;

use super::{AgentConfig, Triple};

/// The addresses of an agent, with every default filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Where HTTP is served; the addresses may be several.
    pub(crate) http: Vec<SocketAddr>,
    pub(crate) rpc: SocketAddr,
    pub(crate) serf: SocketAddr,
    /// What others are told.
    pub(crate) advertise: Triple<String>,
}

impl Settled {
    /// Settles the addresses of `config` on the machine behind `net`; the error is in Nomad's words.
    pub(crate) fn of(config: &AgentConfig, net: &Net, dev: bool) -> Result<Self, String> {
        let bind = |own: &str| if own.is_empty() { config.bind_addr.clone() } else { own.to_owned() };
        let binds = Triple {
            http: bind(&config.addresses.http),
            rpc: bind(&config.addresses.rpc),
            serf: bind(&config.addresses.serf),
        };
        let http = addresses(net, &binds.http, config.ports.http)
            .map_err(|e| format!("Failed to parse HTTP address: {e}"))?;
        let single = |what: &str, bind: &str, port: i64| {
            let found =
                addresses(net, bind, port).map_err(|e| format!("Failed to parse {what} address: {e}"))?;
            match found.as_slice() {
                [one] => Ok(*one),
                _ => Err(format!("{what} multiple addresses")),
            }
        };
        let rpc = single("RPC", &binds.rpc, config.ports.rpc)?;
        let serf = single("Serf", &binds.serf, config.ports.serf)?;
        let serves = config.server.enabled || config.client.enabled;
        if serves {
            refuse_others(net, http.iter().chain([&rpc, &serf]))?;
        }
        let tell = |what: &str, said: &str, bind: &str, port: i64| {
            advertise(net, said, bind, port, dev || !serves).map_err(|e| {
                // Only of HTTP it is said what the address was made of.
                let parts =
                    if what == "HTTP" { format!(" ({said}, {bind}, {port}, {dev})") } else { String::new() };
                format!("Failed to parse {what} advertise address{parts}: {e}")
            })
        };
        let advertise = Triple {
            http: tell("HTTP", &config.advertise.http, &binds.http, config.ports.http)?,
            rpc: tell("RPC", &config.advertise.rpc, &binds.rpc, config.ports.rpc)?,
            serf: tell("Serf", &config.advertise.serf, &binds.serf, config.ports.serf)?,
        };
        Ok(Self { http, rpc, serf, advertise })
    }
}

/// On real sockets nothing but this machine may reach the lab: its agents protect nothing.
fn refuse_others<'a>(net: &Net, mut bound: impl Iterator<Item = &'a SocketAddr>) -> Result<(), String> {
    match bound.find(|address| !net.is_simulated() && !address.ip().is_loopback()) {
        None => Ok(()),
        Some(address) => Err(format!(
            "The lab's nomad serves only this machine, and {address} is no loopback address: set bind_addr = \"127.0.0.1\" \
             (or -bind=127.0.0.1) and `advertise`"
        )),
    }
}

/// The address that `text` (`10.0.0.1:4647`, `server-1:4647`, `10.0.0.1`) leads to, with `port` where it has none.
pub(crate) fn resolve(net: &Net, text: &str, port: u16) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, digits)) if !host.contains(':') => {
            (host, digits.parse().map_err(|_| format!("address {text}: invalid port"))?)
        }
        _ => (text, port),
    };
    let found = net.resolve(host).map_err(|error| error.to_string())?;
    found.first().map(|ip| SocketAddr::new(*ip, port)).ok_or_else(|| format!("lookup {host}: no such host"))
}

/// The addresses of a bind setting, which may be several, and may be a template.
fn addresses(net: &Net, text: &str, port: i64) -> Result<Vec<SocketAddr>, String> {
    let port = u16::try_from(port).map_err(|_| format!("address {port}: invalid port"))?;
    let single = |text: &str| -> Result<SocketAddr, String> { Ok(SocketAddr::new(ip(net, text)?, port)) };
    if text.contains("{{") {
        return single(text).map(|address| vec![address]);
    }
    text.split_whitespace().map(single).collect()
}

/// An address or a template such as `{{ GetPrivateIP }}`, which stands for this machine's address.
fn ip(net: &Net, text: &str) -> Result<IpAddr, String> {
    let text = text.trim();
    if text.starts_with("{{") {
        let inner = text.trim_start_matches("{{").trim_end_matches("}}").trim();
        let is_known =
            ["GetPrivateIP", "GetPublicIP", "GetInterfaceIP", "GetDefaultInterfaces", "GetAllInterfaces"]
                .iter()
                .any(|name| inner.starts_with(name));
        return if is_known { Ok(net.address()) } else { Err(format!("Error parsing IP template {text:?}")) };
    }
    let found = net.resolve(text).map_err(|error| error.to_string())?;
    found.first().copied().ok_or_else(|| format!("lookup {text}: no such host"))
}

/// What others are told: what the configuration says, or the bound address unless that means nothing to others.
fn advertise(net: &Net, said: &str, bind: &str, port: i64, dev: bool) -> Result<String, String> {
    if !said.is_empty() {
        let said = if said.contains("{{") { ip(net, said)?.to_string() } else { said.to_owned() };
        let has_port = said.parse::<SocketAddr>().is_ok()
            || said.rsplit_once(':').is_some_and(|(host, _)| !host.contains(':'));
        return Ok(if has_port { said } else { format!("{said}:{port}") });
    }
    let bound = ip(net, bind.split_whitespace().next().unwrap_or_default())?;
    if bound.is_loopback() && !dev {
        return Err("Defaulting advertise to localhost is unsafe, please set advertise manually".into());
    }
    let told = if bound.is_unspecified() { net.address() } else { bound };
    if told.is_loopback() && !dev {
        return Err("Defaulting advertise to localhost is unsafe, please set advertise manually".into());
    }
    Ok(SocketAddr::new(told, u16::try_from(port).unwrap_or_default()).to_string())
}
