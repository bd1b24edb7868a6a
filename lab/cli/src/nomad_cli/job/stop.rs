//! `nomad job stop` and `start`

use std::io::{BufRead, IsTerminal};

use serde_json::json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::{lookup, monitor};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const STOP: Command = Command {
    name: "job stop",
    synopsis: "Stop a running job",
    usage: "[options] <job>",
    flags: &[
        ("detach", Takes::Bool, "Do not wait; print the evaluation."),
        ("eval-priority", Takes::Integer, "The priority of the evaluation."),
        ("global", Takes::Bool, "In all regions of a multi-region job."),
        ("no-shutdown-delay", Takes::Bool, "Do not wait for shutdown_delay."),
        ("purge", Takes::Bool, "Forget the job."),
        ("yes", Takes::Bool, "Do not ask."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, usize::MAX, "This command takes at least one argument: <job>"),
    run: stop,
};

pub(in crate::nomad_cli) const START: Command = Command {
    name: "job start",
    synopsis: "Start a stopped job",
    usage: "[options] <job>",
    flags: &[
        ("detach", Takes::Bool, "Do not wait; print the evaluation."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <job>"),
    run: start,
};

fn stop(session: &Session<'_>) -> Outcome {
    let mut worst = 0;
    for name in session.arguments() {
        match stop_one(session, name) {
            Ok(code) => worst = worst.max(code),
            Err(fault) => {
                session.warn(fault.to_string());
                worst = worst.max(1);
            }
        }
    }
    Ok(worst)
}

fn stop_one(session: &Session<'_>, name: &str) -> Outcome {
    let api = session.api()?;
    let job = lookup::job(api, name)?;
    let id = job.text("ID");
    if name != id && !session.is_set("yes") && std::io::stdin().is_terminal() && !confirmed(session, id) {
        session.say("Cancelling job stop");
        return Ok(0);
    }
    let flag = |flag: &str| if session.is_set(flag) { "true" } else { "false" };
    let mut query = vec![
        ("global", flag("global")),
        ("namespace", job.text("Namespace")),
        ("no_shutdown_delay", flag("no-shutdown-delay")),
        ("purge", flag("purge")),
    ];
    if !session.text("eval-priority").is_empty() {
        query.push(("eval_priority", session.text("eval-priority")));
    }
    let answer = api.delete(&super::path(id), &query).map_err(Fault::of("Error deregistering job"))?;
    match answer.text("EvalID") {
        // A periodic or parameterized job has nothing to evaluate.
        "" => Ok(0),
        evaluation if session.is_set("detach") => {
            session.say(evaluation);
            Ok(0)
        }
        evaluation => monitor::evaluation(session, evaluation),
    }
}

fn confirmed(session: &Session<'_>, id: &str) -> bool {
    session.say(format!("Are you sure you want to stop job {id:?}? [y/N]"));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

fn start(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let mut job = lookup::whole_job(api, session.argument(0))?;
    let id = job.text("ID").to_owned();
    let namespace = job.text("Namespace").to_owned();
    if !job.truth("Stop") {
        return fail(format!("Job {id:?} has not been stopped"));
    }
    if let Some(job) = job.as_object_mut() {
        job.insert("Stop".to_owned(), false.into());
    }
    let query = [("namespace", namespace.as_str())];
    let answer = api
        .put("/v1/jobs", &query, &json!({ "Job": job }))
        .map_err(Fault::of("Error registering job with Nomad"))?;
    match answer.text("EvalID") {
        "" => Ok(0),
        evaluation if session.is_set("detach") => {
            session.say("Job start successful");
            session.say(format!("Evaluation ID: {evaluation}"));
            Ok(0)
        }
        evaluation => monitor::evaluation(session, evaluation),
    }
}
