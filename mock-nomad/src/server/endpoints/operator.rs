//! `Operator`: the members of consensus and their health.

use std::time::Duration;

use lab_world::{format_duration, format_rfc3339};
use rmpv::Value;

use super::{Request, Server, raft, settings, unknown};
use crate::seam::RpcResult;
use crate::server::forward::{Access, Route};
use crate::state::Command;
use crate::structs::{Body, map};

/// A server that was not heard for longer is not healthy; autopilot's default is 200 ms, below one heartbeat of a
/// simulated cluster.
const LAST_CONTACT: Duration = Duration::from_secs(2);

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    let access = match name {
        "RaftGetConfiguration"
        | "ServerHealth"
        | "AutopilotGetConfiguration"
        | "SchedulerGetConfiguration" => Access::Read,
        "UpgradeCheckVaultWorkloadIdentity" | "SnapshotSave" => Access::Read,
        "RaftRemovePeerByID" | "TransferLeadershipToPeer" => Access::Write,
        "AutopilotSetConfiguration" | "SchedulerSetConfiguration" | "SnapshotRestore" => Access::Write,
        _ => return Err(unknown(&request.method)),
    };
    if let Route::Elsewhere(answer) = server.forward(request, access).await {
        return answer;
    }
    match name {
        "RaftGetConfiguration" => Ok(raft::configuration(server)),
        "ServerHealth" => Ok(health(server)),
        "AutopilotGetConfiguration" => Ok(settings::autopilot(server)),
        "AutopilotSetConfiguration" => settings::set_autopilot(server, request).await,
        "SchedulerGetConfiguration" => Ok(settings::scheduler(server)),
        "SchedulerSetConfiguration" => settings::set_scheduler(server, request).await,
        "UpgradeCheckVaultWorkloadIdentity" => Ok(settings::without_vault_identity(server)),
        "TransferLeadershipToPeer" => raft::transfer(server, request).await,
        "SnapshotSave" => Ok(map([("Snapshot", Value::Binary(server.store.snapshot()))])),
        "SnapshotRestore" => restore(server, request).await,
        _ => raft::remove_peer(server, request).await,
    }
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

/// Puts the whole state of a snapshot in the place of the present one.
async fn restore(server: &Server, request: &Request) -> RpcResult {
    let bytes = Body(&request.body).get("Snapshot").and_then(Value::as_slice).unwrap_or_default().to_vec();
    if crate::state::Store::default().restore(&bytes).is_err() {
        return Err(crate::seam::RpcError::new("failed to decompress snapshot: gzip: invalid header"));
    }
    let index = server.apply(Command::Restore(bytes)).await?;
    Ok(map([("Index", index.into())]))
}
