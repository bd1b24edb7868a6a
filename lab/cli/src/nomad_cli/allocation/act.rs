//! `nomad alloc stop`, `restart` and `signal`

use serde_json::json;

use super::{chosen, task_of};
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::lookup;
use crate::nomad_cli::monitor;
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const STOP: Command = Command {
    name: "alloc stop",
    synopsis: "Stop and reschedule a running allocation",
    usage: "[options] <allocation>",
    flags: &[
        ("detach", Takes::Bool, "Do not wait; print the evaluation."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
        ("no-shutdown-delay", Takes::Bool, "Do not wait for shutdown_delay."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <alloc-id>"),
    run: stop,
};

pub(in crate::nomad_cli) const RESTART: Command = Command {
    name: "alloc restart",
    synopsis: "Restart a running allocation",
    usage: "[options] <allocation> <task>",
    flags: &[
        ("all-tasks", Takes::Bool, "Those that have ended too."),
        ("task", Takes::Text, "The task; or behind the allocation."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 2, "This command takes one or two arguments: <alloc-id> <task-name>"),
    run: restart,
};

pub(in crate::nomad_cli) const SIGNAL: Command = Command {
    name: "alloc signal",
    synopsis: "Signal a running allocation",
    usage: "[options] <allocation> <task>",
    flags: &[
        ("s", Takes::Text, "The signal, SIGKILL by default."),
        ("task", Takes::Text, "The task; or behind the allocation."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 2, "This command takes up to two arguments: <alloc-id> <task>"),
    run: signal,
};

fn stop(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let allocation = lookup::allocation(api, session.argument(0), session.id_length())?;
    let mut query = vec![("namespace", allocation.text("Namespace"))];
    if session.is_set("no-shutdown-delay") {
        query.push(("no_shutdown_delay", "true"));
    }
    let path = format!("/v1/allocation/{}/stop", allocation.text("ID"));
    let answer = api.put(&path, &query, &json!(null)).map_err(Fault::of("Error stopping allocation"))?;
    let evaluation = answer.text("EvalID");
    if session.is_set("detach") {
        session.say(evaluation);
        return Ok(0);
    }
    monitor::evaluation(session, evaluation)
}

fn named<'a>(session: &'a Session<'_>) -> &'a str {
    if session.arguments().len() == 2 { session.argument(1) } else { session.text("task") }
}

fn restart(session: &Session<'_>) -> Outcome {
    let task = named(session);
    if session.is_set("all-tasks") && !task.is_empty() {
        return fail("The -all-tasks option is not allowed when restarting a specific task.");
    }
    let allocation = chosen(session, session.argument(0))?;
    if !task.is_empty() {
        task_of(&allocation, task)?;
    }
    let body = json!({ "TaskName": task, "AllTasks": session.is_set("all-tasks") });
    let path = format!("/v1/client/allocation/{}/restart", allocation.text("ID"));
    let query = [("namespace", allocation.text("Namespace"))];
    let what = if task.is_empty() { "allocation" } else { "task" };
    session
        .api()?
        .put(&path, &query, &body)
        .map_err(|problem| Fault::Told(format!("Failed to restart {what}:\n\n{problem}")))?;
    Ok(0)
}

fn signal(session: &Session<'_>) -> Outcome {
    let allocation = chosen(session, session.argument(0))?;
    let task = named(session);
    if !task.is_empty() {
        task_of(&allocation, task)?;
    }
    let signal = if session.text("s").is_empty() { "SIGKILL" } else { session.text("s") };
    let body = json!({ "AllocID": allocation.text("ID"), "Signal": signal, "Task": task });
    let path = format!("/v1/client/allocation/{}/signal", allocation.text("ID"));
    let query = [("namespace", allocation.text("Namespace"))];
    session.api()?.put(&path, &query, &body).map_err(Fault::of("Error signalling allocation"))?;
    Ok(0)
}
