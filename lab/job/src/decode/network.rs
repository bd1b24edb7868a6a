//! `network` and its ports.

use serde_json::{Value as Json, json};

use super::block::{self, Appears, Inner, Table, elsewhere, label, object};
use super::expect::{labelled, one};
use super::field::{Type, maybe, plain};
use super::{Context, Found, Place, complete};

static DNS: Table = Table {
    fields: &[
        maybe("servers", "Servers", Type::Texts),
        maybe("searches", "Searches", Type::Texts),
        maybe("options", "Options", Type::Texts),
    ],
    blocks: &[],
    label: None,
};

static CNI: Table = Table {
    fields: &[],
    blocks: &[Inner { nested: one("args"), json: "Args", appears: Appears::TextMap, table: &block::EMPTY }],
    label: None,
};

static NETWORK: Table = Table {
    fields: &[
        plain("mode", "Mode", Type::Text),
        plain("device", "Device", Type::Text),
        plain("cidr", "CIDR", Type::Text),
        plain("ip", "IP", Type::Text),
        plain("hostname", "Hostname", Type::Text),
        maybe("mbits", "MBits", Type::Integer),
    ],
    blocks: &[object("dns", "DNS", &DNS), object("cni", "CNI", &CNI), elsewhere(labelled("port", ""))],
    label: None,
};

static PORT: Table = Table {
    fields: &[
        plain("static", "Value", Type::Integer),
        plain("to", "To", Type::Integer),
        plain("host_network", "HostNetwork", Type::Text),
        plain("ignore_collision", "IgnoreCollision", Type::Truth),
    ],
    blocks: &[],
    label: None,
};

/// One network.
pub(super) fn network(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let (mut fields, ports) = block::body(&NETWORK, &Place::of(found), context);
    let (mut reserved, mut dynamic) = (Vec::new(), Vec::new());
    for port in &ports {
        let mut decoded = block::whole(&PORT, port, context);
        decoded["Label"] = label(&port.block).into();
        // A port with a fixed number is reserved, any other is the scheduler's to choose.
        let is_fixed = decoded["Value"] != json!(0);
        if is_fixed { &mut reserved } else { &mut dynamic }.push(decoded);
    }
    let some = |ports: Vec<Json>| if ports.is_empty() { Json::Null } else { ports.into() };
    fields.insert("ReservedPorts".to_owned(), some(reserved));
    fields.insert("DynamicPorts".to_owned(), some(dynamic));
    Json::Object(fields)
}

/// A network that came as JSON, with every field that the API's network has.
pub(super) fn complete(given: &Json) -> Json {
    let mut fields = complete::object(&NETWORK, given);
    for name in ["ReservedPorts", "DynamicPorts"] {
        let ports = complete::list(given, name, |port| {
            let mut fields = complete::object(&PORT, port);
            fields.insert("Label".to_owned(), complete::present(port, "Label").unwrap_or_else(|| "".into()));
            Json::Object(fields)
        });
        fields.insert(name.to_owned(), ports.unwrap_or(Json::Null));
    }
    Json::Object(fields)
}
