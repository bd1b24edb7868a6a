//! `Operator`: the members of consensus and their health.

use std::time::Duration;

use lab_world::{format_duration, format_rfc3339};
use rmpv::Value;

use super::{Request, Server, unknown};
use crate::seam::RpcResult;
use crate::server::forward::{Access, Route};
use crate::structs::{Body, map};

/// A server that was not heard for longer is not healthy; autopilot's default is 200 ms, below one heartbeat of a
/// simulated cluster.
const LAST_CONTACT: Duration = Duration::from_secs(2);

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    if !matches!(name, "RaftGetConfiguration" | "ServerHealth" | "RaftRemovePeerByID") {
        return Err(unknown(&request.method));
    }
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    match name {
        "RaftGetConfiguration" => Ok(raft_configuration(server)),
        "ServerHealth" => Ok(health(server)),
        _ => remove_peer(server, request).await,
    }
}

fn raft_configuration(server: &Server) -> Value {
    let leader = server.leader();
    let members = server.parts.members.servers();
    let servers = server.raft.peers().into_iter().map(|peer| {
        let name = members
            .iter()
            .find(|member| member.id == peer.id)
            .map_or("(unknown)", |member| member.name.as_str());
        map([
            ("ID", peer.id.into()),
            ("Node", name.into()),
            ("Address", peer.address.to_string().into()),
            ("Leader", (Some(peer.address) == leader).into()),
            ("Voter", true.into()),
            ("RaftProtocol", "3".into()),
        ])
    });
    map([("Servers", Value::Array(servers.collect())), ("Index", 0.into())])
}

fn health(server: &Server) -> Value {
    let contacts = server.raft.contacts();
    let members = server.parts.members.servers();
    let (index, term) = server.raft.last_entry();
    let since = format_rfc3339(server.parts.host.clock.now());
    let mut healthy_voters = 0_usize;
    let peers = server.raft.peers();
    let servers: Vec<Value> = peers
        .iter()
        .map(|peer| {
            let member = members.iter().find(|member| member.id == peer.id);
            let alive = member.is_some_and(|member| member.alive);
            let leads = peer.id == server.id();
            let contact =
                if leads { Duration::ZERO } else { contacts.get(&peer.id).copied().unwrap_or(Duration::MAX) };
            let healthy = alive && contact <= LAST_CONTACT;
            healthy_voters += usize::from(healthy);
            let name = member.map_or("(unknown)", |member| member.name.as_str());
            map([
                ("ID", peer.id.as_str().into()),
                ("Name", name.into()),
                ("Address", peer.address.to_string().into()),
                ("SerfStatus", if alive { "alive" } else { "failed" }.into()),
                ("Version", "1.11.3".into()),
                ("Leader", leads.into()),
                ("LastContact", format_duration(contact.min(Duration::from_secs(86_400))).into()),
                ("LastTerm", term.into()),
                ("LastIndex", index.into()),
                ("Healthy", healthy.into()),
                ("Voter", true.into()),
                ("StableSince", since.as_str().into()),
            ])
        })
        .collect();
    let quorum = peers.len() / 2 + 1;
    map([
        ("Healthy", (healthy_voters == peers.len()).into()),
        ("FailureTolerance", (healthy_voters.saturating_sub(quorum) as u64).into()),
        ("Leader", server.id().into()),
        ("Servers", Value::Array(servers)),
        ("Voters", Value::Array(peers.into_iter().map(|peer| peer.id.into()).collect())),
    ])
}

async fn remove_peer(server: &Server, request: &Request) -> RpcResult {
    let id = Body(&request.body).string("ID");
    if !server.raft.peers().iter().any(|peer| peer.id == id) {
        return Err(crate::seam::RpcError::new(format!("id {id:?} was not found in the Raft configuration")));
    }
    let removed = server.raft.remove_peer(id).await;
    removed.map(|()| map([])).map_err(|error| crate::seam::RpcError::new(error.to_string()))
}
