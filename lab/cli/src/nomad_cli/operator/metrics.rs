//! `nomad operator metrics`

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "operator metrics",
    synopsis: "Retrieve Nomad metrics",
    usage: "[options]",
    flags: &[
        ("pretty", Takes::Bool, "JSON in lines."),
        ("format", Takes::Text, "prometheus, instead of JSON."),
        ("json", Takes::Bool, "As JSON, with the keys in order."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Client,
    arity: Arity::NONE,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let failed = Fault::of("Error getting metrics");
    if session.is_formatted() {
        let found = api.get("/v1/metrics", &[]).map_err(failed)?;
        return session.formatted(&found, "interface{}");
    }
    let mut query = Vec::new();
    if session.is_set("pretty") {
        query.push(("pretty", "1"));
    }
    if !session.text("format").is_empty() {
        query.push(("format", session.text("format")));
    }
    let found = api.bytes("/v1/metrics", &query).map_err(failed)?;
    session.say(String::from_utf8_lossy(&found));
    Ok(0)
}
