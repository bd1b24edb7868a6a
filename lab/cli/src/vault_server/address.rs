//! Addresses as they are written.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use lab_world::Net;

/// Reads `host:port` as Go's `net.Listen` does.
///
/// Errors: Go's words, from `listen tcp` on.
pub(super) fn parse(net: &Net, text: &str) -> Result<SocketAddr, String> {
    let missing = || format!("listen tcp: address {text}: missing port in address");
    let (host, port) = text.rsplit_once(':').ok_or_else(missing)?;
    if host.contains(':') && !host.starts_with('[') {
        return Err(format!("listen tcp: address {text}: too many colons in address"));
    }
    let port = port.parse::<u16>().map_err(|_| match port.parse::<u64>() {
        Ok(_) => format!("listen tcp: address {port}: invalid port"),
        Err(_) => format!("listen tcp: lookup tcp/{port}: unknown port"),
    })?;
    let address = match host {
        "" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        host => {
            let found = net.resolve(host).map_err(|error| format!("listen tcp: {error}"))?;
            *found.first().ok_or_else(|| format!("listen tcp: lookup {host}: no such host"))?
        }
    };
    Ok(SocketAddr::new(address, port))
}

/// The address that servers of a cluster use among each other unless another is set: the next port.
pub(super) fn next_port(address: &str) -> Option<String> {
    let (host, port) = address.rsplit_once(':')?;
    Some(format!("{host}:{}", port.parse::<u16>().ok()?.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_gos_way() {
        let net = Net::loopback();
        for (text, address) in [
            ("127.0.0.1:8200", "127.0.0.1:8200"),
            ("localhost:1", "127.0.0.1:1"),
            ("[::1]:80", "[::1]:80"),
            (":8200", "0.0.0.0:8200"),
        ] {
            assert_eq!(parse(&net, text), Ok(address.parse().expect(address)), "{text}");
        }
        for (text, told) in [
            ("foo", "listen tcp: address foo: missing port in address"),
            ("127.0.0.1:99999", "listen tcp: address 99999: invalid port"),
            ("::1:80", "listen tcp: address ::1:80: too many colons in address"),
            ("nowhere.invalid:80", "listen tcp: lookup nowhere.invalid: no such host"),
        ] {
            assert_eq!(parse(&net, text), Err(told.into()), "{text}");
        }
    }

    #[test]
    fn the_next_port_is_the_clusters() {
        assert_eq!(next_port("127.0.0.1:8200").as_deref(), Some("127.0.0.1:8201"));
        assert_eq!(next_port("127.0.0.1:65535"), None);
    }
}
