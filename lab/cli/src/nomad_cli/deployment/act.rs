//! `nomad deployment promote`, `fail`, `pause`, `resume` and `unblock`

use serde_json::json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, Setting};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::{lookup, monitor};
use crate::stand_in::Takes;

const ONE: Arity = Arity::Counted(1, 1, "This command takes one argument: <deployment id>");
const WAITING: [Setting; 2] = [
    ("detach", Takes::Bool, "Do not wait; print the evaluation."),
    ("verbose", Takes::Bool, "Show whole identifiers."),
];

const fn command(
    name: &'static str,
    synopsis: &'static str,
    flags: &'static [Setting],
    run: fn(&Session<'_>) -> Outcome,
) -> Command {
    Command {
        name,
        synopsis,
        usage: "[options] <deployment id>",
        flags,
        general: General::Namespaced,
        arity: ONE,
        run,
    }
}

pub(in crate::nomad_cli) const PROMOTE: Command = command(
    "deployment promote",
    "Promote canaries in a deployment",
    &[WAITING[0], WAITING[1], ("group", Takes::Text, "A group to promote; may be given several times.")],
    promote,
);
pub(in crate::nomad_cli) const FAIL: Command =
    command("deployment fail", "Manually fail a deployment", &WAITING, fail);
pub(in crate::nomad_cli) const PAUSE: Command =
    command("deployment pause", "Pause a deployment", &[WAITING[1]], pause);
pub(in crate::nomad_cli) const RESUME: Command =
    command("deployment resume", "Resume a paused deployment", &WAITING, resume);
pub(in crate::nomad_cli) const UNBLOCK: Command =
    command("deployment unblock", "Unblock a blocked deployment", &WAITING, unblock);

/// Sends what is asked of the deployment named; `doing` stands before what goes wrong.
fn send(
    session: &Session<'_>,
    verb: &str,
    doing: &str,
    extra: serde_json::Value,
) -> Result<(String, String), Fault> {
    let api = session.api()?;
    let deployment = lookup::deployment(api, session.argument(0), session.id_length())?;
    let id = deployment.text("ID");
    let mut body = json!({ "DeploymentID": id });
    if let (Some(body), Some(extra)) = (body.as_object_mut(), extra.as_object()) {
        body.extend(extra.clone());
    }
    let path = format!("/v1/deployment/{verb}/{id}");
    let answer = api.put(&path, &[], &body).map_err(Fault::of(doing))?;
    Ok((id.to_owned(), answer.text("EvalID").to_owned()))
}

/// Follows the evaluation that came of it, unless nobody waits.
fn wait(session: &Session<'_>, evaluation: &str) -> Outcome {
    if session.is_set("detach") || evaluation.is_empty() {
        session.say(format!("Evaluation ID: {evaluation}"));
        return Ok(0);
    }
    session.say("");
    monitor::evaluation(session, evaluation)
}

fn promote(session: &Session<'_>) -> Outcome {
    let groups = session.flags.texts("group");
    let extra = json!({ "All": groups.is_empty(), "Groups": if groups.is_empty() { json!(null) } else { json!(groups) } });
    let (_, evaluation) = send(session, "promote", "Error promoting deployment", extra)?;
    wait(session, &evaluation)
}

fn fail(session: &Session<'_>) -> Outcome {
    let (id, evaluation) = send(session, "fail", "Error failing deployment", json!({}))?;
    session.say(format!("Deployment {id:?} failed"));
    wait(session, &evaluation)
}

fn pause(session: &Session<'_>) -> Outcome {
    let (id, _) = send(session, "pause", "Error pausing deployment", json!({ "Pause": true }))?;
    session.say(format!("Deployment {id:?} paused"));
    Ok(0)
}

fn resume(session: &Session<'_>) -> Outcome {
    let (id, evaluation) = send(session, "pause", "Error resuming deployment", json!({ "Pause": false }))?;
    session.say(format!("Deployment {id:?} resumed"));
    wait(session, &evaluation)
}

fn unblock(session: &Session<'_>) -> Outcome {
    let (id, evaluation) = send(session, "unblock", "Error unblocking deployment", json!({}))?;
    session.say(format!("Deployment {id:?} unblocked"));
    wait(session, &evaluation)
}
