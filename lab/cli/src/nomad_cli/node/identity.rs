//! `nomad node identity`

use serde_json::{Value as Json, json};

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::{Look, sorted};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{moment, table, time_text};
use crate::stand_in::Takes;

const ONE: Arity = Arity::Counted(1, 1, "This command takes one argument: <node_id>");

pub(in crate::nomad_cli) const GET: Command = Command {
    name: "node identity get",
    synopsis: "Detail a node's identity claims",
    usage: "[options] <node_id>",
    flags: &[("json", Takes::Bool, "As JSON."), ("t", Takes::Text, "As a Go template has it.")],
    general: General::Client,
    arity: ONE,
    run: get,
};
pub(in crate::nomad_cli) const RENEW: Command = Command {
    name: "node identity renew",
    synopsis: "Force a node to renew its identity",
    usage: "[options] <node_id>",
    flags: &[],
    general: General::Client,
    arity: ONE,
    run: renew,
};

fn get(session: &Session<'_>) -> Outcome {
    let id = lookup::node_id(session.api()?, session.argument(0))?;
    let found = session.api()?.get("/v1/client/identity", &[("node_id", &id)]);
    let found = found.map_err(Fault::of("Error requesting node identity"))?;
    let claims = found.at("Claims");
    if session.is_formatted() {
        return session.formatted(claims, "map[string]interface {}");
    }
    let (of_nomad, general): (Vec<_>, Vec<_>) =
        sorted(claims).into_iter().partition(|(name, _)| name.starts_with("nomad"));
    let mut lines = vec!["Claim Key|Claim Value".to_owned()];
    lines.extend(
        general.into_iter().chain(of_nomad).map(|(name, value)| format!("{name} | {}", shown(value))),
    );
    session.say(table(&lines));
    Ok(0)
}

/// A claim; numbers are moments.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => {
            let seconds =
                number.as_i64().or(number.as_f64().map(|seconds| seconds as i64)).unwrap_or_default();
            time_text(moment(seconds.saturating_mul(1_000_000_000)))
        }
        other => other.to_string(),
    }
}

fn renew(session: &Session<'_>) -> Outcome {
    let id = match session.argument(0) {
        "" => String::new(),
        id => lookup::node_id(session.api()?, id)?,
    };
    let body = json!({ "NodeID": id });
    let sent = session.api()?.put("/v1/client/identity/renew", &[], &body);
    sent.map_err(Fault::of("Error requesting node identity renewal"))?;
    Ok(0)
}
