//! `nomad node config`

use serde_json::Value as Json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, misused};
use crate::nomad_cli::json::items;
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "node config",
    synopsis: "View or modify client configuration details",
    usage: "[options]",
    flags: &[
        ("servers", Takes::Bool, "List the servers that the client knows."),
        ("update-servers", Takes::Bool, "Give it the servers that follow."),
    ],
    general: General::Client,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let (list, update) = (session.is_set("servers"), session.is_set("update-servers"));
    if !list && !update {
        return misused("The '-servers' or '-update-servers' flag(s) must be set");
    }
    let api = session.api()?;
    if update {
        if session.arguments().is_empty() {
            return misused(
                "If the '-update-servers' flag is set, at least one server argument must be provided",
            );
        }
        let query: Vec<(&str, &str)> =
            session.arguments().iter().map(|address| ("address", address.as_str())).collect();
        api.put("/v1/agent/servers", &query, &Json::Null).map_err(Fault::of("Error updating server list"))?;
        session.say("Updated server list");
        return Ok(0);
    }
    let servers = api.get("/v1/agent/servers", &[]).map_err(Fault::of("Error querying server list"))?;
    for server in items(&servers) {
        session.say(server.as_str().unwrap_or_default());
    }
    Ok(0)
}
