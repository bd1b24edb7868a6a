//! `Status` and `Region`: who is there. Nobody needs a permission to ask.

use std::collections::BTreeSet;

use rmpv::Value;

use super::{Request, Server, unknown};
use crate::seam::{RpcError, RpcResult};
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
    if let Some(answer) = other_region(server, request).await {
        return answer;
    }
    match server.leader() {
        Some(leader) => Ok(leader.to_string().into()),
        None => Err(RpcError::no_leader()),
    }
}

async fn peers(server: &Server, request: &Request) -> RpcResult {
    if let Some(answer) = other_region(server, request).await {
        return answer;
    }
    let peers = server.raft.peers().into_iter().map(|peer| Value::from(peer.address.to_string()));
    Ok(Value::Array(peers.collect()))
}

/// These look at the answering server itself, unless another region is asked.
async fn other_region(server: &Server, request: &Request) -> Option<RpcResult> {
    let region = Body(&request.body).string("Region");
    if region.is_empty() || region == server.parts.settings.region {
        return None;
    }
    match server.forward(request, Access::Read).await {
        Route::Here => None,
        Route::Elsewhere(answer) => Some(answer),
    }
}

fn members(server: &Server) -> Value {
    let members = server.parts.members.servers().into_iter().map(|member| {
        map([
            ("Name", member.name.into()),
            ("Addr", member.rpc.ip().to_string().into()),
            (
                "Status",
                if member.alive {
                    "alive"
                } else if member.left {
                    "left"
                } else {
                    "failed"
                }
                .into(),
            ),
            ("Region", member.region.into()),
            ("ID", member.id.into()),
        ])
    });
    map([("Members", Value::Array(members.collect()))])
}

fn raft_stats(server: &Server) -> Value {
    let (index, term) = server.raft.last_entry();
    let last_contact = server.raft_stats().remove("last_contact").unwrap_or_default();
    map([("LastContact", last_contact.into()), ("LastTerm", term.into()), ("LastIndex", index.into())])
}
