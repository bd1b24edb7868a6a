//! `nomad job allocs`, `deployments` and `scaling-events`

use serde_json::Value as Json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, Setting};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, nano_text, table};
use crate::nomad_cli::{allocation, deployment};
use crate::stand_in::Takes;

const ONE: Arity = Arity::Counted(1, 1, "This command takes one argument: <job>");
const SHOWN: [Setting; 3] = [
    ("json", Takes::Bool, "As JSON."),
    ("t", Takes::Text, "As a Go template has it."),
    ("verbose", Takes::Bool, "Show everything."),
];

pub(in crate::nomad_cli) const ALLOCATIONS: Command = Command {
    name: "job allocs",
    synopsis: "List allocations for a job",
    usage: "[options] <job>",
    flags: &[
        SHOWN[0],
        SHOWN[1],
        SHOWN[2],
        ("all", Takes::Bool, "Those of jobs of the same name that were there before, too."),
    ],
    general: General::Namespaced,
    arity: ONE,
    run: allocations,
};

pub(in crate::nomad_cli) const DEPLOYMENTS: Command = Command {
    name: "job deployments",
    synopsis: "List deployments for a job",
    usage: "[options] <job>",
    flags: &[
        SHOWN[0],
        SHOWN[1],
        SHOWN[2],
        ("latest", Takes::Bool, "Only the latest."),
        ("all", Takes::Bool, "Those of jobs of the same name that were there before, too."),
    ],
    general: General::Namespaced,
    arity: ONE,
    run: deployments,
};

pub(in crate::nomad_cli) const SCALING: Command = Command {
    name: "job scaling-events",
    synopsis: "Display the most recent scaling events for a job",
    usage: "[options] <job>",
    flags: &[SHOWN[2]],
    general: General::Namespaced,
    arity: ONE,
    run: scaling_events,
};

fn allocations(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let job = lookup::job(api, session.argument(0))?;
    let all = if session.is_set("all") { "true" } else { "false" };
    let query = [("all", all), ("namespace", job.text("Namespace"))];
    let found = api
        .get(&format!("{}/allocations", super::path(job.text("ID"))), &query)
        .map_err(Fault::of("Error retrieving allocations"))?;
    let mut sorted = items(&found).to_vec();
    sorted.sort_by_key(|one| std::cmp::Reverse(one.number("CreateIndex")));
    if session.is_formatted() {
        return session.formatted(&Json::Array(sorted), "[]*api.AllocationListStub");
    }
    let now = api.client().machine().clock.now();
    session.say(allocation::list::stubs(&sorted, session.id_length(), now));
    Ok(0)
}

fn deployments(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let job = lookup::job(api, session.argument(0))?;
    let path = super::path(job.text("ID"));
    let query = [("namespace", job.text("Namespace"))];
    if session.is_set("latest") {
        let latest = api
            .get(&format!("{path}/deployment"), &query)
            .map_err(Fault::of("Error retrieving deployments"))?;
        if session.is_formatted() {
            return session.formatted(&latest, "*api.Deployment");
        }
        session.say(match latest {
            Json::Null => "No deployments found".to_owned(),
            latest => deployment::text(session, &latest),
        });
        return Ok(0);
    }
    let all = if session.is_set("all") { "true" } else { "false" };
    let found = api
        .get(&format!("{path}/deployments"), &[("all", all), query[0]])
        .map_err(Fault::of("Error retrieving deployments"))?;
    let mut sorted = items(&found).to_vec();
    sorted.sort_by_key(|one| std::cmp::Reverse(one.number("CreateIndex")));
    if session.is_formatted() {
        return session.formatted(&Json::Array(sorted), "[]*api.Deployment");
    }
    session.say(deployment::list::lines(&sorted, session.id_length()));
    Ok(0)
}

fn scaling_events(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let job = lookup::job(api, session.argument(0))?;
    let query = [("namespace", job.text("Namespace"))];
    let status = api
        .get(&format!("{}/scale", super::path(job.text("ID"))), &query)
        .map_err(Fault::of("Error listing scaling events"))?;
    let mut events: Vec<(&str, &Json)> = Vec::new();
    let groups = status.entries("TaskGroups");
    for (name, group) in &groups {
        events.extend(group.list("Events").iter().map(|event| (*name, event)));
    }
    if events.is_empty() {
        session.say("No events found");
        return Ok(0);
    }
    events.sort_by_key(|(_, event)| std::cmp::Reverse(event.at("Time").as_u64()));
    let is_verbose = session.is_set("verbose");
    let heading = if is_verbose {
        "Task Group|Count|PrevCount|Error|Message|Eval ID|Date"
    } else {
        "Task Group|Count|PrevCount|Date"
    };
    let mut lines = vec![heading.to_owned()];
    for (group, event) in events {
        let count = event.at("Count").as_i64().map_or_else(String::new, |count| count.to_string());
        let before = event.number("PreviousCount");
        let date = nano_text(event.number("Time"));
        lines.push(match is_verbose {
            false => format!("{group}|{count}|{before}|{date}"),
            true => format!(
                "{group}|{count}|{before}|{}|{}|{}|{date}",
                event.truth("Error"),
                event.text("Message"),
                limit(event.text("EvalID"), session.id_length())
            ),
        });
    }
    session.say(table(&lines));
    Ok(0)
}
