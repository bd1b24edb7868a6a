//! `nomad job scale`

use serde_json::json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::{lookup, monitor};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job scale",
    synopsis: "Change the count of a Nomad job group",
    usage: "[options] <job> [<group>] <count>",
    flags: &[
        ("check-index", Takes::Integer, "Only where the job's index is this one."),
        ("detach", Takes::Bool, "Do not wait; print the evaluation."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let (count, group) = match session.arguments() {
        [_, count] => (count, ""),
        [_, group, count] => (count, group.as_str()),
        _ => return fail("Command requires at least two arguments and no more than three"),
    };
    let number: i64 = count.parse().map_err(|_| {
        Fault::Told(format!(
            "Failed to convert count string to int: strconv.Atoi: parsing {count:?}: invalid syntax"
        ))
    })?;
    let api = session.api()?;
    let job = lookup::whole_job(api, session.argument(0))?;
    let group = match (group, job.list("TaskGroups")) {
        ("", [only]) => only.text("Name"),
        ("", _) => return fail("Group name required"),
        (named, groups) if groups.iter().any(|group| group.text("Name") == named) => named,
        (named, _) => return fail(format!("Group {named} not found within job")),
    };
    let mut body = json!({
        "Count": number,
        "Target": { "Job": job.text("ID"), "Group": group },
        "Message": "submitted using the Nomad CLI",
        "Error": false,
        "Meta": null,
    });
    if let (Ok(index), Some(body)) = (session.text("check-index").parse::<u64>(), body.as_object_mut()) {
        body.insert("EnforceIndex".to_owned(), true.into());
        body.insert("JobModifyIndex".to_owned(), index.into());
    }
    let query = [("namespace", job.text("Namespace"))];
    let answer = api
        .put(&format!("{}/scale", super::path(job.text("ID"))), &query, &body)
        .map_err(Fault::of("Error submitting scaling request"))?;
    super::run::warn(session, answer.text("Warnings"));
    let evaluation = answer.text("EvalID");
    if session.is_set("detach") || evaluation.is_empty() {
        session.say(format!("Job scale successful\nEvaluation ID: {evaluation}"));
        return Ok(0);
    }
    monitor::evaluation(session, evaluation)
}
