//! `nomad node meta`

use serde_json::{Map, Value as Json, json};

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::{Look, sorted};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::pairs;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const READ: Command = Command {
    name: "node meta read",
    synopsis: "Read node metadata",
    usage: "[options]",
    flags: &[
        ("node-id", Takes::Text, "The node; else the one that the agent is."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Client,
    arity: Arity::NONE,
    run: read,
};

pub(in crate::nomad_cli) const APPLY: Command = Command {
    name: "node meta apply",
    synopsis: "Modify node metadata",
    usage: "[-node-id ...] [-unset ...] key1=value1 ... kN=vN",
    flags: &[
        ("node-id", Takes::Text, "The node; else the one that the agent is."),
        ("unset", Takes::Text, "Keys to remove, with commas between them."),
    ],
    general: General::Client,
    arity: Arity::Any,
    run: apply,
};

fn node(session: &Session<'_>) -> Result<String, Fault> {
    match session.text("node-id") {
        "" => Ok(String::new()),
        id => lookup::node_id(session.api()?, id),
    }
}

fn read(session: &Session<'_>) -> Outcome {
    let id = node(session)?;
    let query = [("node_id", id.as_str())];
    let query = if id.is_empty() { &[][..] } else { &query };
    let meta = session
        .api()?
        .get("/v1/client/metadata", query)
        .map_err(Fault::of("Error reading dynamic node metadata"))?;
    if session.is_formatted() {
        return session.formatted(&meta, "*api.NodeMetaResponse");
    }
    for (index, (heading, field)) in
        [("All Meta", "Meta"), ("Dynamic Meta", "Dynamic"), ("Static Meta", "Static")].into_iter().enumerate()
    {
        if index > 0 {
            session.say("");
        }
        session.say(session.bold(heading));
        session.say(lines(meta.at(field)));
    }
    Ok(0)
}

fn lines(meta: &Json) -> String {
    let lines: Vec<String> = sorted(meta)
        .into_iter()
        .map(|(key, value)| format!("{key}|{}", value.as_str().unwrap_or("<unset>")))
        .collect();
    pairs(&lines)
}

fn apply(session: &Session<'_>) -> Outcome {
    let mut meta = Map::new();
    for key in session.text("unset").split(',').filter(|key| !key.is_empty()) {
        meta.insert(key.to_owned(), Json::Null);
    }
    for pair in session.arguments() {
        // A word without a sign is a key whose value is empty.
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        meta.insert(key.to_owned(), value.into());
    }
    if meta.is_empty() {
        return fail("Must specify -unset or at least 1 key=value pair");
    }
    let body = json!({ "NodeID": node(session)?, "Meta": meta });
    session
        .api()?
        .post("/v1/client/metadata", &[], &body)
        .map_err(Fault::of("Error applying dynamic node metadata"))?;
    Ok(0)
}
