//! `nomad alloc pause`, for tasks with a schedule, which servers of Nomad Enterprise alone have.

use serde_json::json;

use super::task_of;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "alloc pause",
    synopsis: "Pause a running task",
    usage: "[options] <allocation> <task>",
    flags: &[
        ("state", Takes::Text, "pause, run or scheduled."),
        ("status", Takes::Bool, "Show the state instead."),
        ("task", Takes::Text, "The task; or behind the allocation."),
        ("verbose", Takes::Bool, "Show whole identifiers."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 2, "This command takes up to two arguments: <alloc-id> <task>"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let state = if session.flags.text("state").is_none() { "pause" } else { session.text("state") };
    if !["pause", "run", "scheduled"].contains(&state) {
        return fail(format!(
            "Pause action must be one of \"pause\", \"run\", or \"scheduled\" but got {state:?}"
        ));
    }
    if session.argument(0).len() == 1 {
        return fail("Alloc ID must contain at least two characters.");
    }
    let api = session.api()?;
    let allocation = lookup::allocation(api, session.argument(0), session.id_length())?;
    let task = match session.text("task") {
        "" => session.argument(1),
        task => task,
    };
    if !task.is_empty() {
        task_of(&allocation, task)?;
    }
    let path = format!("/v1/client/allocation/{}/pause", allocation.text("ID"));
    if session.is_set("status") {
        let found = api.get(&path, &[("task", task)]).map_err(Fault::of("Error getting task pause state"))?;
        session.say(format!("Pause state: {:?}", found.text("ScheduleState")));
        return Ok(0);
    }
    let body = json!({ "ScheduleState": state, "Task": task });
    api.put(&path, &[], &body).map_err(Fault::of("Error setting pause state"))?;
    Ok(0)
}
