//! `nomad operator raft`

use serde_json::Value as Json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, Setting, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::table;
use crate::stand_in::Takes;

const PEER: [Setting; 2] = [
    ("peer-address", Takes::Text, "The peer by its address."),
    ("peer-id", Takes::Text, "The peer by its identifier."),
];

pub(in crate::nomad_cli) const LIST: Command = Command {
    name: "operator raft list-peers",
    synopsis: "Display the current Raft peer configuration",
    usage: "[options]",
    flags: &[("stale", Takes::Bool, "Let any server answer.")],
    general: General::Client,
    arity: Arity::Any,
    run: list,
};
pub(in crate::nomad_cli) const REMOVE: Command = Command {
    name: "operator raft remove-peer",
    synopsis: "Remove a Nomad server from the Raft configuration",
    usage: "[options]",
    flags: &[PEER[1]],
    general: General::Client,
    arity: Arity::Any,
    run: remove,
};
pub(in crate::nomad_cli) const TRANSFER: Command = Command {
    name: "operator raft transfer-leadership",
    synopsis: "Transfer leadership to a specified Nomad server",
    usage: "[options]",
    flags: &PEER,
    general: General::Client,
    arity: Arity::Any,
    run: transfer,
};

fn list(session: &Session<'_>) -> Outcome {
    let query: &[(&str, &str)] = if session.is_set("stale") { &[("stale", "")] } else { &[] };
    let found = session
        .api()?
        .get("/v1/operator/raft/configuration", query)
        .map_err(Fault::of("Failed to retrieve raft configuration"))?;
    let mut lines = vec!["Node|ID|Address|State|Voter|RaftProtocol".to_owned()];
    for server in found.list("Servers") {
        let protocol = match server.text("RaftProtocol") {
            "" => "unknown",
            protocol => protocol,
        };
        lines.push(format!(
            "{}|{}|{}|{}|{}|{protocol}",
            server.text("Node"),
            server.text("ID"),
            server.text("Address"),
            if server.truth("Leader") { "leader" } else { "follower" },
            server.truth("Voter")
        ));
    }
    session.say(table(&lines));
    Ok(0)
}

fn remove(session: &Session<'_>) -> Outcome {
    let id = session.text("peer-id");
    if id.is_empty() {
        return fail("Missing peer id required");
    }
    session
        .api()?
        .delete("/v1/operator/raft/peer", &[("id", id)])
        .map_err(Fault::of("Error removing peer"))?;
    session.say(format!("Removed peer with id {id:?}"));
    Ok(0)
}

fn transfer(session: &Session<'_>) -> Outcome {
    let (address, id) = (session.text("peer-address"), session.text("peer-id"));
    let (name, value, told) = match (address, id) {
        ("", "") => {
            return fail(
                "Error transferring leadership to peer: an address or id is required for the destination peer",
            );
        }
        ("", id) => ("id", id, format!("Transferred leadership to peer with id {id:?}")),
        (address, "") => {
            ("address", address, format!("Transferred leadership to peer with address {address:?}"))
        }
        _ => return fail("Error transferring leadership to peer: cannot specify both address and id"),
    };
    session
        .api()?
        .put("/v1/operator/raft/transfer-leadership", &[(name, value)], &Json::Null)
        .map_err(Fault::of("Error transferring leadership to peer"))?;
    session.say(told);
    Ok(0)
}
