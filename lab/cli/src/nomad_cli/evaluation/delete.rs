//! `nomad eval delete`

use serde_json::json;

use crate::nomad_cli::api;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "eval delete",
    synopsis: "Delete evaluations by ID or using a filter",
    usage: "[options] <evaluation>",
    flags: &[
        ("filter", Takes::Text, "An expression that evaluations must satisfy."),
        ("yes", Takes::Bool, "Do not ask."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

/// What is to be done before and after.
const HOW_TO_PAUSE: &str = "To delete evaluations you must first pause the eval broker by running \"nomad operator scheduler \
     set-config -pause-eval-broker=true\"\nAfter the deletion is complete, unpause the eval broker by running \"nomad \
     operator scheduler set-config -pause-eval-broker=false\"";

fn run(session: &Session<'_>) -> Outcome {
    let filter = session.text("filter");
    match (session.arguments(), filter) {
        ([], "") => {
            return fail("Error validating command args and flags: evaluation ID or filter flag required");
        }
        ([_, ..], filter) if !filter.is_empty() => {
            return fail(
                "Error validating command args and flags: evaluation ID and filter flag mutually exclusive",
            );
        }
        (several @ [_, _, ..], _) => {
            return fail(format!(
                "Error validating command args and flags: expected 1 argument, got {}",
                several.len()
            ));
        }
        _ => {}
    }
    let settings = session
        .api()?
        .get("/v1/operator/scheduler/configuration", &[])
        .map_err(Fault::of("Error querying scheduler configuration"))?;
    if !settings.at("SchedulerConfig").truth("PauseEvalBroker") {
        session.say(HOW_TO_PAUSE);
        return fail("Eval broker is not paused");
    }
    let body = match session.arguments().first() {
        Some(id) => json!({ "EvalIDs": [id], "Filter": "" }),
        None => json!({ "EvalIDs": null, "Filter": filter }),
    };
    let answer = session
        .api()?
        .answer(http::Method::DELETE, "/v1/evaluations", &[], Some(&body))
        .map_err(Fault::of("Error deleting evaluations"))?;
    let code = answer.status().as_u16();
    if code != 200 {
        return fail(format!("Error deleting evaluations: {}", api::unexpected(code, answer.body())));
    }
    let count = api::decode(&answer)?.get("Count").and_then(serde_json::Value::as_u64).unwrap_or(1);
    let noun = if count == 1 { "evaluation" } else { "evaluations" };
    session.say(format!("Successfully deleted {count} {noun}"));
    Ok(0)
}
