//! What one node is and does.

use lab_world::format_duration;
use serde_json::Value as Json;

use super::{chosen, usage};
use crate::nomad_cli::allocation;
use crate::nomad_cli::command::{Fault, Outcome};
use crate::nomad_cli::json::{Look, items, sorted};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{moment_of, or, pairs, table, time_text};

/// Shows one node.
pub(super) fn show(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let node = chosen(session, "Error querying node info")?;
    if session.is_formatted() {
        return session.formatted(&node, "*api.Node");
    }
    let id = node.text("ID");
    let allocations = api
        .get(&format!("/v1/node/{id}/allocations"), &[])
        .map_err(Fault::of("Error querying node allocations"));
    let mut basics = basics(&node);
    if session.is_set("short") {
        basics.push(format!("Host Volumes|{}", joined(names(&node, "HostVolumes"))));
        basics.push(format!("Host Networks|{}", joined(names(&node, "HostNetworks"))));
        basics.push("CSI Volumes|<none>".to_owned());
        basics.push(format!("Drivers|{}", drivers(&node)));
        session.say(pairs(&basics));
        session.say(format!(
            "\n{}\n{}",
            session.bold("Allocations"),
            allocation_list(session, &allocations?)
        ));
        hint(session, id);
        return Ok(0);
    }
    let stats = api.get("/v1/client/stats", &[("node_id", id)]);
    if let Ok(stats) = &stats {
        let uptime = std::time::Duration::from_secs(stats.at("Uptime").as_u64().unwrap_or_default());
        basics.push(format!("Uptime|{}", format_duration(uptime)));
    }
    if !session.is_set("verbose") {
        basics.push(format!("Host Volumes|{}", joined(names(&node, "HostVolumes"))));
        basics.push(format!("Host Networks|{}", joined(names(&node, "HostNetworks"))));
        basics.push("CSI Volumes|<none>".to_owned());
        basics.push(format!("Driver Status|{}", drivers(&node)));
    }
    session.say(pairs(&basics));
    if session.is_set("verbose") {
        volumes_and_drivers(session, &node);
    }
    events(session, &node);
    let allocations = allocations?;
    usage::allocated(session, &node, items(&allocations));
    usage::used(session, &node, items(&allocations), &stats);
    if session.is_set("stats")
        && let Ok(stats) = &stats
    {
        usage::detailed(session, stats);
    }
    session.say(format!("\n{}\n{}", session.bold("Allocations"), allocation_list(session, &allocations)));
    if session.is_set("verbose") {
        attributes(session, &node);
        meta(session, &node);
    }
    hint(session, id);
    Ok(0)
}

fn hint(session: &Session<'_>, id: &str) {
    session.hint("View client details and metrics", &format!("/ui/clients/{id}"));
}

fn basics(node: &Json) -> Vec<String> {
    let drain = match node.at("DrainStrategy") {
        Json::Null => "false".to_owned(),
        strategy => drain_text(strategy),
    };
    let none = |text| or(text, "<none>");

    vec![
        format!("ID|{}", node.text("ID")),
        format!("Name|{}", node.text("Name")),
        format!("Node Pool|{}", node.text("NodePool")),
        format!("Class|{}", none(node.text("NodeClass"))),
        format!("DC|{}", node.text("Datacenter")),
        format!("Drain|{drain}"),
        format!("Eligibility|{}", node.text("SchedulingEligibility")),
        format!("Status|{}", node.text("Status")),
        format!("CSI Controllers|{}", joined(names(node, "CSIControllerPlugins"))),
        format!("CSI Drivers|{}", joined(names(node, "CSINodePlugins"))),
    ]
}

fn drain_text(strategy: &Json) -> String {
    match (strategy.number("Deadline"), moment_of(strategy.at("ForceDeadline"))) {
        (deadline, _) if deadline < 0 => "true; force drain".to_owned(),
        (0, _) | (_, None) => "true; no deadline".to_owned(),
        (_, Some(deadline)) => format!("true; {} deadline", time_text(deadline)),
    }
}

fn names<'a>(node: &'a Json, field: &str) -> Vec<&'a str> {
    node.entries(field).into_iter().map(|(name, _)| name).collect()
}

fn joined(names: Vec<&str>) -> String {
    if names.is_empty() { "<none>".to_owned() } else { names.join(",") }
}

fn drivers(node: &Json) -> String {
    let shown = node.entries("Drivers").into_iter().filter(|(_, driver)| driver.truth("Detected"));
    let shown: Vec<String> = shown
        .map(
            |(name, driver)| {
                if driver.truth("Healthy") { name.to_owned() } else { format!("{name} (unhealthy)") }
            },
        )
        .collect();
    shown.join(",")
}

fn volumes_and_drivers(session: &Session<'_>, node: &Json) {
    let volumes = node.entries("HostVolumes");
    if !volumes.is_empty() {
        let mut lines = vec!["Name|ReadOnly|Source".to_owned()];
        lines.extend(
            volumes
                .iter()
                .map(|(name, volume)| format!("{name}|{}|{}", volume.truth("ReadOnly"), volume.text("Path"))),
        );
        session.say(format!("\n{}\n{}", session.bold("Host Volumes"), table(&lines)));
    }
    let mut lines = vec!["Driver|Detected|Healthy|Message|Time".to_owned()];
    for (name, driver) in node.entries("Drivers") {
        let time = moment_of(driver.at("UpdateTime")).map(time_text).unwrap_or_default();
        lines.push(format!(
            "{name}|{}|{}|{}|{time}",
            driver.truth("Detected"),
            driver.truth("Healthy"),
            driver.text("HealthDescription")
        ));
    }
    session.say(format!("\n{}\n{}", session.bold("Drivers"), table(&lines)));
}

fn events(session: &Session<'_>, node: &Json) {
    let is_verbose = session.is_set("verbose");
    session.say(format!("\n{}", session.bold("Node Events")));
    let heading = if is_verbose { "Time|Subsystem|Message|Details" } else { "Time|Subsystem|Message" };
    let mut lines = vec![heading.to_owned()];
    for event in node.list("Events").iter().rev() {
        let time = moment_of(event.at("Timestamp")).map(time_text).unwrap_or_default();
        let driver = event.at("Details").text("driver");
        let subsystem = match driver {
            "" => event.text("Subsystem").to_owned(),
            driver => format!("Driver: {driver}"),
        };
        let mut line = format!("{time}|{subsystem}|{}", event.text("Message"));
        if is_verbose {
            let details: Vec<String> = event
                .entries("Details")
                .into_iter()
                .map(|(name, value)| format!("{name} : {}", value.as_str().unwrap_or_default()))
                .collect();
            line.push_str(&format!("|{}", details.join(" ")));
        }
        lines.push(line);
    }
    session.say(table(&lines));
}

fn allocation_list(session: &Session<'_>, allocations: &Json) -> String {
    let Ok(api) = session.api() else { return String::new() };
    let now = api.client().machine().clock.now();
    allocation::list::whole(items(allocations), session.is_set("verbose"), session.id_length(), now)
}

fn attributes(session: &Session<'_>, node: &Json) {
    session.say(format!("\n{}\n{}", session.bold("Attributes"), listed(node.at("Attributes"))));
    if session.is_set("stats") {
        session.say("");
    }
}

fn meta(session: &Session<'_>, node: &Json) {
    session.say(format!("\n{}\n{}", session.bold("Meta"), listed(node.at("Meta"))));
}

fn listed(entries: &Json) -> String {
    let lines: Vec<String> = sorted(entries)
        .into_iter()
        .map(|(name, value)| format!("{name}|{}", value.as_str().unwrap_or_default()))
        .collect();
    pairs(&lines)
}
