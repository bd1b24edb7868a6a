//! What the tasks of an allocation are and do.

use serde_json::Value as Json;

use super::group;
use crate::nomad_cli::json::Look;
use crate::nomad_cli::node::usage::memory_of;
use crate::nomad_cli::session::{NOTHING, Session};
use crate::nomad_cli::wording::{bytes, mebibytes, moment_of, nano_text, pairs, table, time_text};

/// The states of an allocation's tasks: those that run beside the main ones for a while, those beside them throughout, and the
/// main ones.
fn states(allocation: &Json) -> Vec<(&str, &Json)> {
    let rank = |name: &str| match (hook(allocation, name), is_sidecar(allocation, name)) {
        ("", _) => 2,
        (_, true) => 1,
        (_, false) => 0,
    };
    let mut states = allocation.entries("TaskStates");
    states.sort_by_key(|(name, _)| rank(name));
    states
}

fn definition<'a>(allocation: &'a Json, name: &str) -> &'a Json {
    group(allocation).list("Tasks").iter().find(|task| task.text("Name") == name).unwrap_or(&NOTHING)
}

fn hook<'a>(allocation: &'a Json, name: &str) -> &'a str {
    definition(allocation, name).at("Lifecycle").text("Hook")
}

fn is_sidecar(allocation: &Json, name: &str) -> bool {
    definition(allocation, name).at("Lifecycle").truth("Sidecar")
}

fn lifecycle(allocation: &Json, name: &str) -> String {
    match hook(allocation, name) {
        "" => "main".to_owned(),
        hook if is_sidecar(allocation, name) => format!("{hook} sidecar"),
        hook => hook.to_owned(),
    }
}

/// Shows a line for each task.
pub(super) fn overview(session: &Session<'_>, allocation: &Json) {
    let mut lines = vec!["Name|State|Last Event|Time|Lifecycle".to_owned()];
    for (name, state) in states(allocation) {
        let last = state.list("Events").last();
        let (event, time) = match last {
            Some(event) => (event.text("Type"), nano_text(event.number("Time"))),
            None => ("", String::new()),
        };
        lines.push(format!("{name}|{}|{event}|{time}|{}", state.text("State"), lifecycle(allocation, name)));
    }
    session.say(format!("\n{}", session.bold("Tasks")));
    session.say(table(&lines));
}

/// Shows each task: what it may use and uses, and what befell it.
pub(super) fn details(session: &Session<'_>, allocation: &Json, stats: Option<&Json>) {
    for (name, state) in states(allocation) {
        let role = match lifecycle(allocation, name).as_str() {
            "main" => String::new(),
            other => format!(" ({other})"),
        };
        let title = format!("Task {name:?}{role} is {:?}", state.text("State"));
        session.say(format!("\n{}", session.bold(&title)));
        let used = stats.map_or(&NOTHING, |stats| stats.at("Tasks").at(name));
        resources(session, allocation, name, used);
        if session.is_set("stats") {
            usage(session, used.at("ResourceUsage"));
        }
        session.say(format!("\n{}", session.bold("Task Events:")));
        events(session, state);
    }
}

fn resources(session: &Session<'_>, allocation: &Json, name: &str, used: &Json) {
    let given = allocation.at("AllocatedResources").at("Tasks").at(name);
    let mut memory_size = mebibytes(given.at("Memory").number("MemoryMB"));
    let most = given.at("Memory").number("MemoryMaxMB");
    let mut heading = "CPU|Memory|Disk|Addresses".to_owned();
    let disk = mebibytes(allocation.at("AllocatedResources").at("Shared").number("DiskMB"));
    let mut cpu = given.at("Cpu").number("CpuShares").to_string();
    let used = used.at("ResourceUsage");
    if !used.is_null() {
        let ticks = used.at("CpuStats").at("TotalTicks").as_f64().unwrap_or_default();
        cpu = format!("{:.0}/{cpu}", ticks.floor());
        memory_size = format!("{}/{memory_size}", bytes(memory_of(used.at("MemoryStats"))));
    }
    if most > 0 && most != given.at("Memory").number("MemoryMB") {
        memory_size = format!("{memory_size} Max: {}", mebibytes(most));
    }
    let addresses = addresses(given);
    let mut lines = Vec::new();
    match addresses.split_first() {
        None => lines.push(format!("{cpu} MHz|{memory_size}|{disk}|")),
        Some((first, others)) => {
            lines.push(format!("{cpu} MHz|{memory_size}|{disk}|{first}"));
            lines.extend(others.iter().map(|address| format!("||||{address}")));
        }
    }
    lines.insert(0, std::mem::take(&mut heading));
    // An address that is not there is nothing, not `<none>`.
    let text = table(&lines)
        .lines()
        .map(|line| line.strip_suffix("<none>").unwrap_or(line).to_owned())
        .collect::<Vec<_>>();
    session.say(session.bold("Task Resources:"));
    session.say(text.join("\n"));
}

fn addresses(given: &Json) -> Vec<String> {
    let mut found = Vec::new();
    for network in given.list("Networks") {
        for port in network.list("DynamicPorts").iter().chain(network.list("ReservedPorts")) {
            found.push(format!("{}: {}:{}", port.text("Label"), network.text("IP"), port.number("Value")));
        }
    }
    found
}

fn usage(session: &Session<'_>, used: &Json) {
    let memory = used.at("MemoryStats");
    if !memory.is_null() {
        let measured = match memory.texts("Measured") {
            none if none.is_empty() => vec!["RSS", "Swap"],
            some => sorted_texts(some),
        };
        let sizes: Vec<String> = measured
            .iter()
            .map(|field| bytes(memory.at(&field.replace(' ', "")).as_u64().unwrap_or_default()))
            .collect();
        session.say("");
        session.say(session.bold("Memory Stats"));
        session.say(table(&[measured.join("|"), sizes.join("|")]));
    }
    let cpu = used.at("CpuStats");
    if !cpu.is_null() {
        let measured = match cpu.texts("Measured") {
            none if none.is_empty() => vec!["Percent"],
            some => sorted_texts(some),
        };
        let values: Vec<String> = measured
            .iter()
            .map(|field| {
                let value = cpu.at(&field.replace(' ', ""));
                match field.starts_with("Throttled") {
                    true => value.as_u64().unwrap_or_default().to_string(),
                    false => format!("{:.2}%", value.as_f64().unwrap_or_default()),
                }
            })
            .collect();
        session.say("");
        session.say(session.bold("CPU Stats"));
        session.say(table(&[measured.join("|"), values.join("|")]));
    }
}

fn sorted_texts(mut texts: Vec<&str>) -> Vec<&str> {
    texts.sort_unstable();
    texts
}

fn events(session: &Session<'_>, state: &Json) {
    let moment = |field: &str| moment_of(state.at(field)).map_or_else(|| "N/A".to_owned(), time_text);
    session.say(pairs(&[
        format!("Started At|{}", moment("StartedAt")),
        format!("Finished At|{}", moment("FinishedAt")),
        format!("Total Restarts|{}", state.number("Restarts")),
        format!("Last Restart|{}", moment("LastRestart")),
    ]));
    let mut lines = vec!["Time|Type|Description".to_owned()];
    lines.extend(state.list("Events").iter().rev().map(|event| {
        let description = match event.text("DisplayMessage") {
            "" => event.text("Message"),
            message => message,
        };
        format!("{}|{}|{description}", nano_text(event.number("Time")), event.text("Type"))
    }));
    session.say(format!("\n{}", session.bold("Recent Events:")));
    session.say(table(&lines));
}
