//! Lists of nodes.

use serde_json::Value as Json;

use crate::nomad_cli::command::{Fault, Outcome, fail};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, or, table};

/// What an identifier that fits several nodes is answered with.
pub(in crate::nomad_cli) fn stubs(nodes: &[Json], length: usize) -> String {
    let mut lines = vec!["ID|Node Pool|DC|Name|Class|Drain|Eligibility|Status".to_owned()];
    lines.extend(nodes.iter().map(|node| {
        format!(
            "{}|{}|{}|{}|{}|{}|{}|{}",
            limit(node.text("ID"), length),
            node.text("NodePool"),
            node.text("Datacenter"),
            node.text("Name"),
            node.text("NodeClass"),
            node.truth("Drain"),
            node.text("SchedulingEligibility"),
            node.text("Status")
        )
    }));
    table(&lines)
}

/// Lists the nodes of the cluster.
pub(super) fn list(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let mut query = Vec::new();
    for (flag, parameter) in [("filter", "filter"), ("page-token", "next_token"), ("per-page", "per_page")] {
        match session.text(flag) {
            "" | "0" => {}
            value => query.push((parameter, value)),
        }
    }
    if session.is_set("os") {
        query.push(("os", "true"));
    }
    let (nodes, meta) =
        api.get_with_meta("/v1/nodes", &query).map_err(Fault::of("Error querying node status"))?;
    if session.is_set("quiet") && (session.is_set("verbose") || session.is_set("json")) {
        return fail("-quiet cannot be used with -verbose or -json");
    }
    let mut sorted = items(&nodes).to_vec();
    sorted.sort_by_key(|node| std::cmp::Reverse(node.number("CreateIndex")));
    if session.is_formatted() {
        return session.formatted(&Json::Array(sorted), "[]*api.NodeListStub");
    }
    let nodes = sorted.as_slice();
    if nodes.is_empty() {
        return Ok(0);
    }
    if session.is_set("quiet") {
        for node in nodes {
            session.say(node.text("ID"));
        }
        return Ok(0);
    }
    session.say(table(&lines(session, nodes)?));
    if !meta.next_token.is_empty() {
        session.say(format!(
            "\nResults have been paginated. To get the next page run:\n\n{} -page-token {}",
            arguments_without(session, "page-token"),
            meta.next_token
        ));
    }
    session.hint("View and manage Nomad clients", "/ui/clients");
    Ok(0)
}

fn lines(session: &Session<'_>, nodes: &[Json]) -> Result<Vec<String>, Fault> {
    let (is_verbose, counts) = (session.is_set("verbose"), session.is_set("allocs"));
    let mut heading = String::from("ID|Node Pool|DC|Name|Class|");
    if session.is_set("os") {
        heading.push_str("OS|");
    }
    if is_verbose {
        heading.push_str("Address|Version|");
    }
    heading.push_str("Drain|Eligibility|Status");
    if counts {
        heading.push_str("|Running Allocs");
    }
    let mut lines = vec![heading];
    for node in nodes {
        let mut line = format!(
            "{}|{}|{}|{}|{}|",
            limit(node.text("ID"), session.id_length()),
            node.text("NodePool"),
            node.text("Datacenter"),
            node.text("Name"),
            or(node.text("NodeClass"), "<none>")
        );
        if session.is_set("os") {
            line.push_str(&format!("{}|", node.at("Attributes").text("os.name")));
        }
        if is_verbose {
            line.push_str(&format!("{}|{}|", node.text("Address"), node.text("Version")));
        }
        let (drain, status) = (node.truth("Drain"), node.text("Status"));
        line.push_str(&format!("{drain}|{}|{status}", node.text("SchedulingEligibility")));
        if counts {
            line.push_str(&format!("|{}", running(session, node.text("ID"))?));
        }
        lines.push(line);
    }
    Ok(lines)
}

fn running(session: &Session<'_>, node: &str) -> Result<usize, Fault> {
    let allocations = session
        .api()?
        .get(&format!("/v1/node/{node}/allocations"), &[])
        .map_err(Fault::of("Error querying node allocations"))?;
    Ok(items(&allocations).iter().filter(|one| one.text("ClientStatus") == "running").count())
}

/// The command line without a flag, to be run again with another value of it.
pub(in crate::nomad_cli) fn arguments_without(session: &Session<'_>, flag: &str) -> String {
    let mut words = vec!["nomad".to_owned(), session.command.name.to_owned()];
    for (name, value) in session.flags.all().filter(|(name, _)| *name != flag) {
        words.push(format!("-{name}={value}"));
    }
    words.extend(session.arguments().iter().cloned());
    words.join(" ")
}
