//! `Status` and `Region`: who is there. Nobody needs a permission to ask.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, unknown};
use crate::seam::RpcResult;
use crate::server::forward::{Access, Route};
use crate::structs::{Body, map};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    match name {
        "Ping" => Ok(map([])),
        "Version" => Ok(map([("Build", "1.11.3".into()), ("Versions", Value::Map(Vec::new()))])),
        "Leader" => leader(server, request).await,
        "Peers" => peers(server, request).await,
        "Members" => Ok(members(server)),
        "RaftStats" => Ok(raft_stats(server)),
        _ => Err(unknown(&request.method)),
    }
}

/// `Region.List`
pub(super) fn regions(server: &Server) -> RpcResult {
    let mut regions: BTreeSet<String> =
        server.parts.members.servers().into_iter().map(|member| member.region).collect();
    regions.insert(server.parts.settings.region.clone());
    Ok(Value::Array(regions.into_iter().map(Value::from).collect()))
}

async fn leader(server: &Server, request: &Request) -> RpcResult {
    match server.forward(&with_region(server, request), Access::Read).await {
        Route::Here => Ok(server.leader().map(|leader| leader.to_string()).unwrap_or_default().into()),
        Route::Elsewhere(answer) => answer,
    }
}

async fn peers(server: &Server, request: &Request) -> RpcResult {
    match server.forward(&with_region(server, request), Access::Read).await {
        Route::Here => {
            let peers = server.raft.peers().into_iter().map(|peer| Value::from(peer.address.to_string()));
            Ok(Value::Array(peers.collect()))
        }
        Route::Elsewhere(answer) => answer,
    }
}

/// The request; where it names no region, for this one.
fn with_region(server: &Server, request: &Request) -> Request {
    let mut body = request.body.clone();
    if Body(&body).string("Region").is_empty()
        && let Value::Map(fields) = &mut body
    {
        fields.retain(|(name, _)| name.as_str() != Some("Region"));
        fields.push(("Region".into(), server.parts.settings.region.as_str().into()));
    }
    let (context, method) = (Arc::clone(&request.context), request.method.clone());
    Request { context, method, body, caller: OnceLock::new() }
}

/// The servers as gossip has them; addresses are bytes, as Go has them.
fn members(server: &Server) -> Value {
    let members = server.parts.members.shown().into_iter().map(|mut member| {
        let address = member["Addr"].as_str().and_then(|address| address.parse().ok());
        let bytes = match address {
            Some(IpAddr::V4(address)) => address.octets().to_vec(),
            Some(IpAddr::V6(address)) => address.octets().to_vec(),
            None => Vec::new(),
        };
        if let Some(fields) = member.as_object_mut() {
            fields.remove("Addr");
        }
        let Ok(Value::Map(mut fields)) = to_value(&member) else { return Value::Nil };
        fields.push(("Addr".into(), Value::Binary(bytes)));
        Value::Map(fields)
    });
    let settings = &server.parts.settings;
    map([
        ("ServerName", settings.name.as_str().into()),
        ("ServerRegion", settings.region.as_str().into()),
        ("ServerDC", settings.datacenter.as_str().into()),
        ("Members", Value::Array(members.collect())),
    ])
}

fn raft_stats(server: &Server) -> Value {
    let (index, term) = server.raft.last_entry();
    let last_contact = server.raft_stats().remove("last_contact").unwrap_or_default();
    map([("LastContact", last_contact.into()), ("LastTerm", term.into()), ("LastIndex", index.into())])
}
