//! `nomad alloc`.

pub(super) mod act;
pub(super) mod checks;
pub(super) mod exec;
pub(super) mod files;
pub(super) mod list;
pub(super) mod logs;
pub(super) mod pause;
pub(super) mod placement;
pub(super) mod status;
pub(super) mod task;

use serde_json::Value as Json;

use super::command::{Fault, fail};
use super::json::Look;
use super::lookup;
use super::session::Session;

/// The allocation that a command is about: the one named, or any of the job's with `-job`.
fn chosen(session: &Session<'_>, argument: &str) -> Result<Json, Fault> {
    let api = session.api()?;
    if !session.is_set("job") {
        return lookup::allocation(api, argument, session.id_length());
    }
    let job = lookup::job(api, argument)?;
    let path = format!("/v1/job/{}/allocations", super::api::path_escape(job.text("ID")));
    let doing = "Error fetching allocations";
    let found = api.get(&path, &[("namespace", job.text("Namespace"))]).map_err(Fault::of(doing))?;
    let group = session.text("group");
    let runs = |one: &&Json| {
        one.text("ClientStatus") == "running" && (group.is_empty() || one.text("TaskGroup") == group)
    };
    match super::json::items(&found).iter().find(runs) {
        Some(stub) => lookup::whole_allocation(api, stub),
        None if !group.is_empty() => {
            fail(format!("{doing}: task group {group:?} doesn't exist or it has no allocations"))
        }
        None => {
            fail(format!("Error fetching allocations: no running allocations found for job {argument:?}"))
        }
    }
}

/// The task groups's definition in an allocation's job.
fn group(allocation: &Json) -> &Json {
    let name = allocation.text("TaskGroup");
    let groups = allocation.at("Job").list("TaskGroups");
    groups.iter().find(|group| group.text("Name") == name).unwrap_or(&super::session::NOTHING)
}

/// The task that is meant: the one named, or the only one.
fn task_of(allocation: &Json, named: &str) -> Result<String, Fault> {
    let tasks: Vec<&str> = group(allocation).list("Tasks").iter().map(|task| task.text("Name")).collect();
    let id = super::wording::limit(allocation.text("ID"), 8);
    match (named, tasks.as_slice()) {
        ("", [only]) => Ok((*only).to_owned()),
        ("", several) => {
            let listed: String = several.iter().map(|task| format!("  * {task}\n")).collect();
            fail(format!(
                "Allocation {id:?} is running the following tasks:\n{listed}\nPlease specify the task."
            ))
        }
        (named, tasks) if tasks.contains(&named) => Ok(named.to_owned()),
        (named, tasks) => fail(format!("Could not find task named: {named}, found:\n{}", tasks.join("\n"))),
    }
}
