//! `nomad agent-info` and `monitor`

use base64::Engine;
use serde_json::Value as Json;

use super::command::{Arity, Command, Fault, General, Outcome};
use super::json::Look;
use super::session::Session;
use crate::stand_in::Takes;

pub(super) const INFO: Command = Command {
    name: "agent-info",
    synopsis: "Display status information about the local agent",
    usage: "[options]",
    flags: &[("json", Takes::Bool, "As JSON."), ("t", Takes::Text, "As a Go template has it.")],
    general: General::Client,
    arity: Arity::NONE,
    run: info,
};
pub(super) const MONITOR: Command = Command {
    name: "monitor",
    synopsis: "Stream logs from a Nomad agent",
    usage: "[options]",
    flags: &[
        ("log-level", Takes::Text, "The level of what is shown. info."),
        ("log-include-location", Takes::Bool, "Say where in the program a line comes from."),
        ("node-id", Takes::Text, "The logs of a client."),
        ("server-id", Takes::Text, "The logs of a server."),
        ("json", Takes::Bool, "Lines as JSON."),
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: monitor,
};

fn info(session: &Session<'_>) -> Outcome {
    let found = session.api()?.get("/v1/agent/self", &[]).map_err(|problem| {
        Fault::Told(format!("Error querying agent info: failed querying self endpoint: {problem}"))
    })?;
    if session.is_formatted() {
        return session.formatted(&found, "interface{}");
    }
    for (group, values) in found.entries("stats") {
        session.say(group);
        for (name, value) in super::json::sorted(values) {
            session.say(format!("  {name} = {}", value.as_str().unwrap_or_default()));
        }
    }
    Ok(0)
}

fn monitor(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let mut query = Vec::new();
    let node = match session.text("node-id") {
        "" => String::new(),
        id if id.len() == 1 => return super::command::fail("Node ID must contain at least two characters."),
        id => super::lookup::node_id(api, id)?,
    };
    if session.is_set("log-include-location") {
        query.push(("log_include_location", "true"));
    }
    if session.is_set("json") {
        query.push(("log_json", "true"));
    }
    query.push((
        "log_level",
        if session.text("log-level").is_empty() { "info" } else { session.text("log-level") },
    ));
    if !node.is_empty() {
        query.push(("node_id", node.as_str()));
    }
    if !session.text("server-id").is_empty() {
        query.push(("server_id", session.text("server-id")));
    }
    let mut body = api
        .stream("/v1/agent/monitor", &query)
        .map_err(|problem| Fault::Usage(format!("Error starting monitor: {problem}")))?;
    let mut held = Vec::new();
    while let Some(piece) = api
        .client()
        .block_on(body.next())
        .map_err(|error| Fault::Told(format!("Error reading monitor logs: {error}")))?
    {
        held.extend_from_slice(&piece);
        let mut frames = serde_json::Deserializer::from_slice(&held).into_iter::<Json>();
        let mut read = 0;
        while let Some(Ok(frame)) = frames.next() {
            read = frames.byte_offset();
            let data = base64::engine::general_purpose::STANDARD.decode(frame.text("Data"));
            session.write(&data.unwrap_or_default());
        }
        held.drain(..read);
    }
    Ok(0)
}
