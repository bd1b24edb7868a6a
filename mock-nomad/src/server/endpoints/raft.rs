//! `Operator`, as far as it is about the members of consensus: who they are, who goes, and who leads.

use lab_pki::quote;
use rmpv::Value;

use super::{Request, Server};
use crate::raft::Peer;
use crate::seam::{RpcError, RpcResult};
use crate::structs::{Body, map};

const LOGGER: &str = "nomad.operator";

pub(super) fn configuration(server: &Server) -> Value {
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

pub(super) async fn remove_peer(server: &Server, request: &Request) -> RpcResult {
    let id = Body(&request.body).string("ID");
    if !server.raft.peers().iter().any(|peer| peer.id == id) {
        return Err(unknown("id", id));
    }
    let removed = server.raft.remove_peer(id).await;
    removed.map(|()| map([])).map_err(|error| RpcError::new(error.to_string()))
}

/// Gives leadership to another server. Only the leader comes here.
pub(super) async fn transfer(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (id, address) = (body.string("ID"), body.string("Address"));
    let peers = server.raft.peers();
    let wanted =
        |peer: &&Peer| if id.is_empty() { peer.address.to_string() == address } else { peer.id == id };
    let Some(to) = peers.iter().find(wanted) else {
        let error = if id.is_empty() { unknown("address", address) } else { unknown("id", id) };
        return Err(RpcError::coded(400, &error.0));
    };
    let Some(from) = peers.iter().find(|peer| peer.id == server.id()) else {
        return Err(RpcError::new("node is not the leader"));
    };
    let log = &server.parts.host.log;
    let is_noop = to.id == from.id;
    if is_noop {
        log.debug(LOGGER, "leadership transfer to current leader is a no-op");
    } else {
        let who = format!(
            "from_peer_addr={} from_peer_id={} to_peer_addr={} to_peer_id={}",
            from.address, from.id, to.address, to.id
        );
        if let Err(error) = server.raft.transfer_leadership(&to.id).await {
            let text = crate::hclog::pair("error", &error);
            log.error(LOGGER, format!("failed transferring leadership: {who} {text}"));
            return Err(RpcError::new(error.to_string()));
        }
        log.info(super::super::LOGGER, "successfully transferred leadership");
        log.info(LOGGER, format!("transferred leadership: {who}"));
    }
    Ok(map([("From", described(from)), ("To", described(to)), ("Noop", is_noop.into()), ("Err", Value::Nil)]))
}

fn described(peer: &Peer) -> Value {
    map([("ID", peer.id.as_str().into()), ("Address", peer.address.to_string().into())])
}

fn unknown(kind: &str, given: &str) -> RpcError {
    RpcError::new(format!("{kind} {} was not found in the Raft configuration", quote(given)))
}
