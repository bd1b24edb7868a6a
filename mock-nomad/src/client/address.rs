//! Where a service or one of its checks is reached.

use crate::structs::Opaque;

/// What is known of a service's place.
pub(super) struct Place<'a> {
    /// The address that the service gives itself; empty where it gives none.
    pub(super) custom: &'a str,
    /// `auto`, `host`, `driver`, `alloc` or `alloc_ipv6`.
    pub(super) mode: &'a str,
    /// The port's label, or its number.
    pub(super) label: &'a str,
    /// The networks of the allocation or of the task.
    pub(super) networks: &'a Opaque,
    /// The ports that the allocation was given.
    pub(super) ports: &'a Opaque,
}

impl Place<'_> {
    /// The address and the port: an empty address is the node's own, and port 0 is none.
    ///
    /// Errors: what the real client says of a place that there is not.
    pub(super) fn address(&self) -> Result<(String, i64), String> {
        match self.mode {
            "auto" if !self.custom.is_empty() => {
                if self.label.is_empty() {
                    return Ok((self.custom.to_owned(), 0));
                }
                let port = self.port().map(|port| number(port, "Value")).or_else(|| self.label.parse().ok());
                let port = port.ok_or_else(|| {
                    format!("invalid port: {:?}: not a valid port mapping or numeric port", self.label)
                })?;
                Ok((self.custom.to_owned(), port))
            }
            mode if !self.custom.is_empty() => {
                let mode = if mode == "alloc_ipv6" { "alloc" } else { mode };
                Err(format!("cannot use custom advertise address with {mode:?} address mode"))
            }
            "auto" | "host" => self.on_host(),
            "driver" => Err("cannot use address_mode=\"driver\": no driver network exists".to_owned()),
            "alloc" | "alloc_ipv6" => {
                Err("cannot use address_mode=\"alloc\": no allocation network status reported".to_owned())
            }
            mode => Err(format!("invalid address mode {mode:?}")),
        }
    }

    fn on_host(&self) -> Result<(String, i64), String> {
        let networks = self.networks.as_array().map(Vec::as_slice).unwrap_or_default();
        if self.label.is_empty() {
            let only = if let [only] = networks { text(only, "IP") } else { "" };
            return Ok((only.to_owned(), 0));
        }
        if let Some(port) = self.port() {
            return Ok((text(port, "HostIP").to_owned(), number(port, "Value")));
        }
        let own = networks.iter().find_map(|network| {
            let lists = [network.get("ReservedPorts"), network.get("DynamicPorts")];
            let mut ports = lists.into_iter().flatten().filter_map(Opaque::as_array).flatten();
            let port = ports.find(|port| text(port, "Label") == self.label)?;
            Some((text(network, "IP").to_owned(), number(port, "Value")))
        });
        if let Some(own) = own.filter(|(_, port)| *port > 0) {
            return Ok(own);
        }
        match self.label.parse::<i64>() {
            Ok(port) if port > 0 => Ok((String::new(), port)),
            Ok(_) => Err(format!("invalid port: {:?}: port must be >0", self.label)),
            Err(_) => Err(format!("invalid port {:?}: port label not found", self.label)),
        }
    }

    /// The port of that label among those of the allocation.
    fn port(&self) -> Option<&Opaque> {
        self.ports.as_array().into_iter().flatten().find(|port| text(port, "Label") == self.label)
    }
}

fn text<'a>(object: &'a Opaque, field: &str) -> &'a str {
    object.get(field).and_then(Opaque::as_str).unwrap_or_default()
}

fn number(object: &Opaque, field: &str) -> i64 {
    object.get(field).and_then(Opaque::as_i64).unwrap_or_default()
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_found_by_label_number_and_address() {
        let networks = json!([{"IP": "127.0.0.1", "DynamicPorts": [{"Label": "own", "Value": 7}]}]);
        let ports = json!([{"Label": "web", "Value": 31196, "HostIP": "127.0.0.2"}]);
        let at = |custom, mode, label| {
            let found = Place { custom, mode, label, networks: &networks, ports: &ports }.address();
            found.map_or_else(|error| error, |(address, port)| format!("{address}:{port}"))
        };
        assert_eq!(at("", "host", "web"), "127.0.0.2:31196");
        assert_eq!(at("", "auto", "own"), "127.0.0.1:7");
        assert_eq!(at("", "host", ""), "127.0.0.1:0");
        assert_eq!(at("", "host", "80"), ":80");
        assert_eq!(at("", "host", "no"), "invalid port \"no\": port label not found");
        assert_eq!(at("a", "auto", "web"), "a:31196");
        assert_eq!(at("a", "auto", "no"), "invalid port: \"no\": not a valid port mapping or numeric port");
        assert_eq!(at("a", "host", "web"), "cannot use custom advertise address with \"host\" address mode");
    }
}
