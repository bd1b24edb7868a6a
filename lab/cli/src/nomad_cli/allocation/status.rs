//! `nomad alloc status`

use lab_world::format_duration;
use serde_json::Value as Json;

use super::{checks, placement, task};
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, misused};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{age, limit, or, pairs, table};
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "alloc status",
    synopsis: "Display allocation status information and metadata",
    usage: "[options] <allocation>",
    flags: &[
        ("short", Takes::Bool, "Show less."),
        ("stats", Takes::Bool, "Show in detail what the tasks use."),
        ("verbose", Takes::Bool, "Show everything."),
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    match session.arguments().len() {
        0 if session.is_formatted() => {
            let all = api.get("/v1/allocations", &[]).map_err(Fault::of("Error querying allocations"))?;
            return session.formatted(&all, "[]*api.AllocationListStub");
        }
        1 => {}
        _ => {
            return misused(
                "This command takes one of the following argument conditions:\n * A single <allocation>\n * No arguments, with output format specified",
            );
        }
    }
    let allocation = lookup::allocation(api, session.argument(0), session.id_length())?;
    if session.is_formatted() {
        return session.formatted(&allocation, "*api.Allocation");
    }
    show(session, &allocation)
}

/// Shows one allocation.
pub(in crate::nomad_cli) fn show(session: &Session<'_>, allocation: &Json) -> Outcome {
    let api = session.api()?;
    session.say(basics(session, allocation));
    let id = allocation.text("ID");
    if session.is_set("short") {
        task::overview(session, allocation);
    } else {
        let path = format!("/v1/client/allocation/{id}/stats");
        let stats = api.get(&path, &[("namespace", allocation.text("Namespace"))]);
        if let Err(problem) = &stats {
            session.say("");
            session.warn(format!("Couldn't retrieve stats: {problem}"));
        }
        network(session, allocation);
        if has_checks(allocation)
            && let Some(checks) = checks::overview(session, allocation)
        {
            session.say(checks);
        }
        task::details(session, allocation, stats.as_ref().ok());
    }
    if session.is_set("verbose") {
        session.say(format!("\n{}", session.bold("Placement Metrics")));
        session.say(placement::scores(allocation.at("Metrics")));
    }
    session.hint("View allocation details", &format!("/ui/allocations/{id}"));
    Ok(0)
}

/// Whether the allocation's job has checks of Nomad's own.
fn has_checks(allocation: &Json) -> bool {
    let group = super::group(allocation);
    let services = group.list("Tasks").iter().chain([group]).flat_map(|owner| owner.list("Services"));
    services
        .filter(|service| service.text("Provider") == "nomad")
        .any(|service| !service.list("Checks").is_empty())
}

fn basics(session: &Session<'_>, allocation: &Json) -> String {
    let Ok(api) = session.api() else { return String::new() };
    let now = api.client().machine().clock.now();
    let (length, is_verbose) = (session.id_length(), session.is_set("verbose"));
    let text = |field: &str| allocation.text(field);
    let when = |field: &str| age(allocation.number(field), is_verbose, now);
    if session.is_set("short") {
        return pairs(&[
            format!("ID|{}", text("ID")),
            format!("Name|{}", text("Name")),
            format!("Created|{}", when("CreateTime")),
            format!("Modified|{}", when("ModifyTime")),
        ]);
    }
    let mut lines = vec![
        format!("ID|{}", text("ID")),
        format!("Eval ID|{}", limit(text("EvalID"), length)),
        format!("Name|{}", text("Name")),
        format!("Node ID|{}", limit(text("NodeID"), length)),
        format!("Node Name|{}", text("NodeName")),
        format!("Job ID|{}", text("JobID")),
        format!("Job Version|{}", allocation.at("Job").number("Version")),
        format!("Client Status|{}", text("ClientStatus")),
        format!("Client Description|{}", or(text("ClientDescription"), "<none>")),
        format!("Desired Status|{}", text("DesiredStatus")),
        format!("Desired Description|{}", or(text("DesiredDescription"), "<none>")),
        format!("Created|{}", when("CreateTime")),
        format!("Modified|{}", when("ModifyTime")),
    ];
    let deployment = text("DeploymentID");
    if !deployment.is_empty() {
        let status = allocation.at("DeploymentStatus");
        let health = match status.at("Healthy").as_bool() {
            None => "unset",
            Some(true) => "healthy",
            Some(false) => "unhealthy",
        };
        lines.push(format!("Deployment ID|{}", limit(deployment, length)));
        lines.push(format!("Deployment Health|{health}"));
        if status.truth("Canary") {
            lines.push("Canary|true".to_owned());
        }
    }
    rescheduling(allocation, session, &mut lines);
    if is_verbose {
        let metrics = allocation.at("Metrics");
        let took = std::time::Duration::from_nanos(metrics.at("AllocationTime").as_u64().unwrap_or_default());
        lines.extend([
            format!("Evaluated Nodes|{}", metrics.number("NodesEvaluated")),
            format!("Filtered Nodes|{}", metrics.number("NodesFiltered")),
            format!("Exhausted Nodes|{}", metrics.number("NodesExhausted")),
            format!("Allocation Time|{}", format_duration(took)),
            format!("Failures|{}", metrics.number("CoalescedFailures")),
        ]);
    }
    pairs(&lines)
}

/// What came before and comes after, and how often it may be tried again.
fn rescheduling(allocation: &Json, session: &Session<'_>, lines: &mut Vec<String>) {
    let length = session.id_length();
    let next = allocation.text("NextAllocation");
    let follow_up = allocation.text("FollowupEvalID");
    if !next.is_empty() {
        lines.push(format!("Replacement Alloc ID|{}", limit(next, length)));
    } else if !follow_up.is_empty()
        && let Ok(api) = session.api()
        && let Ok(evaluation) = api.get(&format!("/v1/evaluation/{follow_up}"), &[])
        && let Some(moment) = crate::nomad_cli::wording::moment_of(evaluation.at("WaitUntil"))
    {
        let nanoseconds = i64::try_from(moment.unix_timestamp_nanos()).unwrap_or_default();
        let now = api.client().machine().clock.now();
        if moment > now {
            let wait = crate::nomad_cli::wording::time_since(nanoseconds, now);
            lines.push(format!("Reschedule Eligibility|{wait}"));
        }
    }
    let policy = super::group(allocation).at("ReschedulePolicy");
    let attempts = policy.number("Attempts");
    let events = allocation.at("RescheduleTracker").list("Events");
    if attempts > 0 && !policy.truth("Unlimited") && !events.is_empty() {
        let window = policy.number("Interval");
        let done = allocation.number("ModifyTime");
        let recent = events.iter().filter(|event| done - event.number("RescheduleTime") < window).count();
        lines.push(format!("Reschedule Attempts|{recent}/{attempts}"));
    }
}

fn network(session: &Session<'_>, allocation: &Json) {
    let shared = allocation.at("AllocatedResources").at("Shared");
    let networks = shared.list("Networks");
    let Some(network) = networks.first() else { return };
    if !networks
        .iter()
        .any(|network| !network.list("DynamicPorts").is_empty() || !network.list("ReservedPorts").is_empty())
    {
        return;
    }
    let mode = match network.text("Mode") {
        "" | "host" => String::new(),
        mode => format!(" (mode = {mode:?})"),
    };
    let mut lines = vec!["Label|Dynamic|Address".to_owned()];
    for port in shared.list("Ports") {
        let label = port.text("Label");
        let to = match port.number("To") {
            0 => String::new(),
            to => format!(" -> {to}"),
        };
        // The real program takes every port for a dynamic one.
        lines.push(format!("*{label}|yes|{}:{}{to}", port.text("HostIP"), port.number("Value")));
    }
    session.say(format!("\n{}\n{}", session.bold(&format!("Allocation Addresses{mode}:")), table(&lines)));
}
