//! `nomad job restart`

use std::io::IsTerminal;
use std::time::Duration;

use lab_world::parse_duration;
use serde_json::{Value as Json, json};

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, time_text};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "job restart",
    synopsis: "Restart or reschedule allocations for a job",
    usage: "[options] <job>",
    flags: &[
        ("all-tasks", Takes::Bool, "Tasks that have ended too."),
        ("batch-size", Takes::Text, "How many allocations at a time; or how many of them, as 25%."),
        ("batch-wait", Takes::Text, "How long to wait between two batches, or ask."),
        ("group", Takes::Text, "Only this group; may be given several times."),
        ("no-shutdown-delay", Takes::Bool, "Do not wait for shutdown_delay."),
        ("on-error", Takes::Text, "ask or fail."),
        ("reschedule", Takes::Bool, "Place the allocations anew."),
        ("task", Takes::Text, "Only this task; may be given several times."),
        ("yes", Takes::Bool, "Do not ask."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <job>"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let is_terminal = std::io::stdin().is_terminal();
    let on_error = match session.text("on-error") {
        "" if session.is_set("yes") => "fail",
        "" => "ask",
        given => given,
    };
    match on_error {
        "ask" if !is_terminal => {
            return misused(
                "Invalid -on-error value \"ask\": \"ask\" cannot be used when terminal is not interactive",
            );
        }
        "ask" | "fail" => {}
        other => {
            return misused(format!(
                "Invalid -on-error value {other:?}: valid options are \"ask\" and \"fail\""
            ));
        }
    }
    let api = session.api()?;
    let job = lookup::job(api, session.argument(0))?;
    let path = format!("{}/allocations", super::path(job.text("ID")));
    let query = [("namespace", job.text("Namespace"))];
    let found = api.get(&path, &query).map_err(Fault::of("Error retrieving allocations for job"))?;
    let groups = session.flags.texts("group");
    let meant: Vec<&Json> = items(&found)
        .iter()
        .filter(|one| one.text("ClientStatus") == "running" && one.text("DesiredStatus") == "run")
        .filter(|one| groups.is_empty() || groups.iter().any(|group| group == one.text("TaskGroup")))
        .collect();
    if meant.is_empty() {
        session.say("No allocations to restart");
        return Ok(0);
    }
    let noun = if meant.len() == 1 { "allocation" } else { "allocations" };
    title(session, &format!("Restarting {} {noun}", meant.len()))?;
    let size = batch(session.text("batch-size"), meant.len())?;
    let wait = match session.text("batch-wait") {
        "" => Duration::ZERO,
        text => parse_duration(text)
            .map_err(|error| Fault::Usage(format!("Invalid -batch-wait value {text:?}: {error}")))?,
    };
    let batches: Vec<&[&Json]> = meant.chunks(size).collect();
    for (index, batch) in batches.iter().enumerate() {
        for one in *batch {
            restart(session, one, job.text("Namespace"))?;
        }
        if index + 1 < batches.len() {
            api.client().sleep(wait);
        }
    }
    title(session, "Job restart finished")?;
    session.say("\nJob restarted successfully!");
    Ok(0)
}

fn batch(text: &str, count: usize) -> Result<usize, Fault> {
    let wrong = || {
        Fault::Usage(format!("Invalid -batch-size value {text:?}: value must be a number or a percentage"))
    };
    let size = match text.strip_suffix('%') {
        _ if text.is_empty() => 1,
        Some(percent) => (count * percent.parse::<usize>().map_err(|_| wrong())?).div_ceil(100),
        None => text.parse().map_err(|_| wrong())?,
    };
    if size == 0 { fail("Invalid -batch-size value: value must be greater than 0") } else { Ok(size) }
}

fn title(session: &Session<'_>, text: &str) -> Result<(), Fault> {
    let now = time_text(session.api()?.client().machine().clock.now());
    session.say(format!("==> {now}: {text}"));
    Ok(())
}

fn restart(session: &Session<'_>, one: &Json, namespace: &str) -> Result<(), Fault> {
    let api = session.api()?;
    let now = time_text(api.client().machine().clock.now());
    let (id, group) = (limit(one.text("ID"), session.id_length()), one.text("TaskGroup"));
    let query = [("namespace", namespace)];
    if session.is_set("reschedule") {
        session.say(format!("    {now}: Rescheduling allocation {id:?} for group {group:?}"));
        let path = format!("/v1/allocation/{}/stop", one.text("ID"));
        api.put(&path, &query, &json!(null)).map_err(Fault::of("Error stopping allocation"))?;
        return Ok(());
    }
    let what = if session.is_set("all-tasks") { "all tasks" } else { "running tasks" };
    session.say(format!("    {now}: Restarting {what} in allocation {id:?} for group {group:?}"));
    let path = format!("/v1/client/allocation/{}/restart", one.text("ID"));
    let tasks = session.flags.texts("task");
    let no_task = [String::new()];
    for task in if tasks.is_empty() { &no_task } else { tasks } {
        let body = json!({ "TaskName": task, "AllTasks": session.is_set("all-tasks") });
        api.put(&path, &query, &body)
            .map_err(|problem| Fault::Told(format!("Error restarting allocation {id:?}: {problem}")))?;
    }
    Ok(())
}
