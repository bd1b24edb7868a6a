//! `nomad deployment list`

use serde_json::Value as Json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, table};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "deployment list",
    synopsis: "List all deployments",
    usage: "[options]",
    flags: &[
        ("json", Takes::Bool, "As JSON."),
        ("filter", Takes::Text, "An expression that deployments must satisfy."),
        ("t", Takes::Text, "As a Go template has it."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::NONE,
    run,
};

/// A list of deployments.
pub(in crate::nomad_cli) fn lines(deployments: &[Json], length: usize) -> String {
    if deployments.is_empty() {
        return "No deployments found".to_owned();
    }
    let mut lines = vec!["ID|Job ID|Job Version|Status|Description".to_owned()];
    lines.extend(deployments.iter().map(|one| {
        format!(
            "{}|{}|{}|{}|{}",
            limit(one.text("ID"), length),
            one.text("JobID"),
            one.number("JobVersion"),
            one.text("Status"),
            one.text("StatusDescription")
        )
    }));
    table(&lines)
}

pub(super) fn run(session: &Session<'_>) -> Outcome {
    let filter = [("filter", session.text("filter"))];
    let query = if session.text("filter").is_empty() { &[][..] } else { &filter };
    let found =
        session.api()?.get("/v1/deployments", query).map_err(Fault::of("Error retrieving deployments"))?;
    let mut sorted = items(&found).to_vec();
    sorted.sort_by_key(|one| std::cmp::Reverse(one.number("CreateIndex")));
    if session.is_formatted() {
        return session.formatted(&Json::Array(sorted), "[]*api.Deployment");
    }
    session.say(lines(&sorted, session.id_length()));
    Ok(0)
}
