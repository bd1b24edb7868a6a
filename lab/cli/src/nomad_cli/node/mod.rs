//! `nomad node`.

pub(super) mod config;
pub(super) mod drain;
pub(super) mod eligibility;
pub(super) mod identity;
pub(super) mod intro;
pub(super) mod list;
pub(super) mod meta;
pub(super) mod one;
pub(super) mod pool;
pub(super) mod pool_file;
pub(super) mod status;
pub(super) mod usage;

use serde_json::Value as Json;

use super::command::{Fault, fail};
use super::json::Look;
use super::lookup;
use super::session::Session;

/// The node that `-self`, `-node-id` or an argument means; its identifier.
pub(super) fn own_id(session: &Session<'_>) -> Result<String, Fault> {
    let agent = session.api()?.get("/v1/agent/self", &[]).map_err(|problem| {
        Fault::Told(format!("Error querying agent info: failed querying self endpoint: {problem}"))
    })?;
    match agent.at("stats").at("client").text("node_id") {
        "" => fail("Error querying agent info: node ID not found. Is the agent running as a client?"),
        id => Ok(id.to_owned()),
    }
}

/// The one node that a command is about; `doing` stands before what goes wrong.
pub(super) fn chosen(session: &Session<'_>, doing: &str) -> Result<Json, Fault> {
    let api = session.api()?;
    let id = if session.is_set("self") { own_id(session)? } else { session.argument(0).to_owned() };
    let stub = lookup::node(api, &id, session.id_length(), doing)?;
    api.get(&format!("/v1/node/{}", stub.text("ID")), &[]).map_err(Fault::of(doing))
}
