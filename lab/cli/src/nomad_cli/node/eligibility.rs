//! `nomad node eligibility`

use serde_json::json;

use super::own_id;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, misused};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::{FULL_ID, Session};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "node eligibility",
    synopsis: "Toggle scheduling eligibility for a given node",
    usage: "[options] <node>",
    flags: &[
        ("disable", Takes::Bool, "Place no new allocations on the node."),
        ("enable", Takes::Bool, "Place allocations on it again."),
        ("self", Takes::Bool, "The node that the agent is."),
    ],
    general: General::Client,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let (enable, own) = (session.is_set("enable"), session.is_set("self"));
    if enable == session.is_set("disable") {
        return misused("Either the '-enable' or '-disable' flag must be set");
    }
    if session.arguments().len() != usize::from(!own) {
        return misused("Node ID must be specified if -self isn't being used");
    }
    let api = session.api()?;
    let doing = "Error updating scheduling eligibility";
    let id = if own { own_id(session)? } else { session.argument(0).to_owned() };
    let node = lookup::node(api, &id, FULL_ID, doing)?;
    let id = node.text("ID");
    let eligibility = if enable { "eligible" } else { "ineligible" };
    let body = json!({ "NodeID": id, "Eligibility": eligibility });
    api.put(&format!("/v1/node/{id}/eligibility"), &[], &body).map_err(Fault::of(doing))?;
    session.say(format!("Node {id:?} scheduling eligibility set: {eligibility} for scheduling"));
    Ok(0)
}
