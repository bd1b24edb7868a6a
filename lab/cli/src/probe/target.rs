//! Which ports are asked.

use std::net::{IpAddr, SocketAddr};

use lab_workflow::{Ask, Credential, Port, PortProber, Probe, Transport};

use super::arguments;

const RPC: u16 = 4647;
const HTTP: u16 = 4646;

/// A port to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// As it was given.
    pub(super) said: String,
    pub(super) host: String,
    /// No number: the port's usual one.
    pub(super) number: Option<u16>,
    /// What it is, where that is known.
    pub(super) port: Option<Port>,
}

/// What the command line and the configuration name; an agent's own ports come last.
pub(super) fn targets(arguments: &arguments::Probe, own: &[(Port, String)]) -> Result<Vec<Target>, String> {
    let mut targets = Vec::new();
    for text in &arguments.addresses {
        let target = parse(text)?;
        match (target.port, target.number) {
            (None, None) => {
                targets.push(Target { port: Some(Port::Rpc), ..target.clone() });
                targets.push(Target { port: Some(Port::Http), ..target });
            }
            _ => targets.push(target),
        }
    }
    for (port, texts) in [(Port::Rpc, &arguments.rpc), (Port::Http, &arguments.http)] {
        for text in texts {
            targets.push(Target { port: Some(port), ..parse(text)? });
        }
    }
    if targets.is_empty() {
        for (port, text) in own {
            targets.push(Target { port: Some(*port), ..parse(text)? });
        }
    }
    Ok(targets)
}

/// `host`, `host:port`, `[::1]:port`, `::1`, and the same behind `http://` or `https://`.
fn parse(text: &str) -> Result<Target, String> {
    let wrong = |what: &str| format!("{text:?} is no address: {what}; write HOST, HOST:PORT or [IPv6]:PORT");
    let bare = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let is_url = bare.is_some();
    let bare = bare.unwrap_or(text).split('/').next().unwrap_or_default();
    let number =
        |digits: &str| digits.parse::<u16>().map_err(|_| wrong("the port is not a number up to 65535"));
    let (host, port) = if let Ok(address) = bare.parse::<IpAddr>() {
        (address.to_string(), None)
    } else if let Some(inside) = bare.strip_prefix('[') {
        let (host, rest) = inside.split_once(']').ok_or_else(|| wrong("a bracket is missing"))?;
        let port = rest.strip_prefix(':').map(number).transpose()?;
        (host.to_owned(), port)
    } else {
        match bare.rsplit_once(':') {
            Some((host, digits)) => (host.to_owned(), Some(number(digits)?)),
            None => (bare.to_owned(), None),
        }
    };
    if host.is_empty() {
        return Err(wrong("the host is missing"));
    }
    let kind = match port {
        _ if is_url => Some(Port::Http),
        Some(RPC) => Some(Port::Rpc),
        Some(HTTP) => Some(Port::Http),
        _ => None,
    };
    Ok(Target { said: text.to_owned(), host, number: port, port: kind })
}

impl Target {
    /// Where it leads to. A name with several addresses leads to its first.
    pub(super) async fn resolve(&self, prober: &PortProber) -> Result<SocketAddr, String> {
        let found = prober.resolve(&self.host).await?;
        let first = found.first().ok_or_else(|| format!("lookup {}: no such host", self.host))?;
        let usual = if self.port == Some(Port::Http) { HTTP } else { RPC };
        Ok(SocketAddr::new(*first, self.number.unwrap_or(usual)))
    }

    /// What the port is: asked, where nothing said it. What answers to HTTP in any way is HTTP.
    pub(super) async fn kind(&self, prober: &PortProber, address: SocketAddr) -> Port {
        if let Some(port) = self.port {
            return port;
        }
        let http = |transport| Probe {
            port: Port::Http,
            transport,
            credential: Credential::None,
            ask: Ask::Http,
            held: false,
        };
        let plain = prober.ask(address, http(Transport::Plaintext)).await;
        let speaks_http = plain.accepted || plain.text.contains("HTTP request to an HTTPS server");
        if speaks_http { Port::Http } else { Port::Rpc }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_form_are_read() {
        for (text, host, number, port) in [
            ("server-1", "server-1", None, None),
            ("server-1:4647", "server-1", Some(4647), Some(Port::Rpc)),
            ("10.0.0.1:4646", "10.0.0.1", Some(4646), Some(Port::Http)),
            ("10.0.0.1:14647", "10.0.0.1", Some(14647), None),
            ("[::1]:4647", "::1", Some(4647), Some(Port::Rpc)),
            ("::1", "::1", None, None),
            ("https://nomad.example:8443/ui", "nomad.example", Some(8443), Some(Port::Http)),
        ] {
            let target = parse(text).expect(text);
            assert_eq!((target.host.as_str(), target.number, target.port), (host, number, port), "{text}");
        }
        for text in ["", ":4647", "a:b", "a:99999", "[::1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
