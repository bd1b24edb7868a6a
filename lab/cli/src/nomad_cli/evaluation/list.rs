//! `nomad eval list`

use serde_json::Value as Json;

use super::placement_failures;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::node::list::arguments_without;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, or, table};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "eval list",
    synopsis: "List the set of evaluations processed by Nomad",
    usage: "[options]",
    flags: &[
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
        ("per-page", Takes::Integer, "How many to list at a time."),
        ("page-token", Takes::Text, "Where to go on with a list."),
        ("filter", Takes::Text, "An expression that evaluations must satisfy."),
        ("job", Takes::Text, "Only those of a job."),
        ("status", Takes::Text, "Only those of a status."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Namespaced,
    arity: Arity::NONE,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let mut query = Vec::new();
    for (flag, parameter) in [
        ("filter", "filter"),
        ("job", "job"),
        ("page-token", "next_token"),
        ("per-page", "per_page"),
        ("status", "status"),
    ] {
        if !matches!(session.text(flag), "" | "0") {
            query.push((parameter, session.text(flag)));
        }
    }
    let (found, meta) = session
        .api()?
        .get_with_meta("/v1/evaluations", &query)
        .map_err(Fault::of("Error querying evaluations"))?;
    let mut sorted = items(&found).to_vec();
    sorted.sort_by_key(|one| std::cmp::Reverse(one.number("CreateIndex")));
    if session.is_formatted() {
        return session.formatted(&Json::Array(sorted), "[]*api.Evaluation");
    }
    if sorted.is_empty() {
        session.say("No evals found");
        return Ok(0);
    }
    let length = session.id_length();
    let mut lines =
        vec!["ID|Priority|Triggered By|Job ID|Namespace|Node ID|Status|Placement Failures".to_owned()];
    lines.extend(sorted.iter().map(|one| {
        format!(
            "{}|{}|{}|{}|{}|{}|{}|{}",
            limit(one.text("ID"), length),
            one.number("Priority"),
            one.text("TriggeredBy"),
            one.text("JobID"),
            one.text("Namespace"),
            or(limit(one.text("NodeID"), length), "<none>"),
            one.text("Status"),
            placement_failures(one)
        )
    }));
    session.say(table(&lines));
    session.hint("View evaluations", "/ui/evaluations");
    if !meta.next_token.is_empty() {
        session.say(format!(
            "\nResults have been paginated. To get the next page run:\n\n{} -page-token {}",
            arguments_without(session, "page-token"),
            meta.next_token
        ));
    }
    Ok(0)
}
