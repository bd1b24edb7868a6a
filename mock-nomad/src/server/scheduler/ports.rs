//! Ports of groups: fixed ones that must be free, and ones to be chosen.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::structs::{AllocatedShared, Allocation, Node, TaskGroup};

/// The ports to choose from.
const DYNAMIC: std::ops::RangeInclusive<i64> = 20_000..=32_000;

/// The ports that allocations on a node have.
pub(super) fn taken<'a>(allocations: impl Iterator<Item = &'a Allocation>) -> BTreeSet<i64> {
    allocations.flat_map(ports_of).filter_map(port_of).collect()
}

/// The ports of an allocation.
pub(in crate::server) fn ports_of(allocation: &Allocation) -> impl Iterator<Item = &Json> {
    allocation.allocated_resources.shared.ports.as_array().into_iter().flatten()
}

/// The number of a port.
pub(in crate::server) fn port_of(port: &Json) -> Option<i64> {
    port["Value"].as_i64()
}

/// The numbers of the ports that a group asks for by number.
pub(super) fn reserved(group: &TaskGroup) -> BTreeSet<i64> {
    let network = group.rest.get("Networks").and_then(|networks| networks.get(0));
    let ports = network.map(|network| list(network, "ReservedPorts")).unwrap_or_default();
    ports.iter().filter_map(port_of).collect()
}

/// Chooses a group's ports on a node. An error: why it cannot have them, in the words of the metrics.
/// `first`: where the search for a free one begins.
pub(super) fn choose(
    group: &TaskGroup,
    node: &Node,
    taken: &BTreeSet<i64>,
    first: i64,
    shared: &mut AllocatedShared,
) -> Result<(), String> {
    let Some(network) = group.rest.get("Networks").and_then(|networks| networks.get(0)) else {
        return Ok(());
    };
    let address = address(node);
    let mut own = taken.clone();
    let mut ports = Vec::new();
    let mut chosen = network.clone();
    for port in list(network, "ReservedPorts") {
        let value = port["Value"].as_i64().unwrap_or(0);
        let label = port["Label"].as_str().unwrap_or_default();
        if !own.insert(value) && port["IgnoreCollision"] != true {
            return Err(format!("network: reserved port collision {label}={value}"));
        }
        ports.push(entry(port, value, &address));
    }
    let mut next = first;
    let mut dynamic = list(network, "DynamicPorts").to_vec();
    for port in &mut dynamic {
        let span = DYNAMIC.end() - DYNAMIC.start() + 1;
        let free = (0..span)
            .map(|step| DYNAMIC.start() + (next - DYNAMIC.start() + step).rem_euclid(span))
            .find(|candidate| !own.contains(candidate));
        let Some(value) = free else { return Err("network: dynamic port selection failed".to_owned()) };
        own.insert(value);
        next = value + 1;
        if port["To"] == json!(-1) {
            port["To"] = value.into();
        }
        port["Value"] = value.into();
        ports.push(entry(port, value, &address));
    }
    if !dynamic.is_empty() {
        chosen["DynamicPorts"] = dynamic.into();
    }
    if chosen.get("Mode").is_none() {
        chosen["Mode"] = "host".into();
    }
    chosen["IP"] = address.into();
    shared.networks = json!([chosen]);
    shared.ports = if ports.is_empty() { Json::Null } else { ports.into() };
    Ok(())
}

fn list<'a>(network: &'a Json, field: &str) -> &'a [Json] {
    network.get(field).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn entry(port: &Json, value: i64, address: &str) -> Json {
    let to = port["To"].as_i64().unwrap_or(0);
    json!({
        "Label": port["Label"], "Value": value, "To": to, "HostIP": address,
        "IgnoreCollision": port["IgnoreCollision"].as_bool().unwrap_or(false),
    })
}

fn address(node: &Node) -> String {
    let known = node.attributes.get("unique.network.ip-address").cloned();
    known.unwrap_or_else(|| node.http_addr.rsplit_once(':').map_or_else(String::new, |(ip, _)| ip.to_owned()))
}
