//! `nomad node pool`

use serde_json::Value as Json;

use crate::nomad_cli::api::path_escape;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::job;
use crate::nomad_cli::json::{Look, items, sorted};
use crate::nomad_cli::lookup;
use crate::nomad_cli::session::Session;
use crate::nomad_cli::wording::{limit, or, pairs, table};
use crate::stand_in::Takes;

const FORMATS: [(&str, Takes, &str); 2] =
    [("json", Takes::Bool, "As JSON."), ("t", Takes::Text, "As a Go template has it.")];
const ONE: Arity = Arity::Counted(1, 1, "This command takes one argument: <node-pool>");

pub(in crate::nomad_cli) const LIST: Command = Command {
    name: "node pool list",
    synopsis: "List node pools",
    usage: "[options]",
    flags: &[
        FORMATS[0],
        FORMATS[1],
        ("filter", Takes::Text, "An expression that pools must satisfy."),
        ("per-page", Takes::Integer, "How many pools to list at a time."),
        ("page-token", Takes::Text, "Where to go on with a list."),
    ],
    general: General::Namespaced,
    arity: Arity::NONE,
    run: list,
};
pub(in crate::nomad_cli) const INFO: Command = Command {
    name: "node pool info",
    synopsis: "Fetch information about an existing node pool",
    usage: "[options] <node-pool>",
    flags: &FORMATS,
    general: General::Namespaced,
    arity: ONE,
    run: info,
};
pub(in crate::nomad_cli) const JOBS: Command = Command {
    name: "node pool jobs",
    synopsis: "Fetch a list of jobs in a node pool",
    usage: "[options] <node-pool>",
    flags: &[
        ("per-page", Takes::Integer, "How many to list at a time."),
        ("page-token", Takes::Text, "Where to go on with a list."),
        FORMATS[0],
        FORMATS[1],
        ("filter", Takes::Text, "An expression that jobs must satisfy."),
    ],
    general: General::Namespaced,
    arity: ONE,
    run: jobs,
};
pub(in crate::nomad_cli) const NODES: Command = Command {
    name: "node pool nodes",
    synopsis: "Fetch a list of nodes in a node pool",
    usage: "[options] <node-pool>",
    flags: &[
        ("per-page", Takes::Integer, "How many to list at a time."),
        ("page-token", Takes::Text, "Where to go on with a list."),
        FORMATS[0],
        FORMATS[1],
        ("filter", Takes::Text, "An expression that nodes must satisfy."),
        ("verbose", Takes::Bool, "Show everything."),
    ],
    general: General::Client,
    arity: ONE,
    run: nodes,
};
pub(in crate::nomad_cli) const DELETE: Command = Command {
    name: "node pool delete",
    synopsis: "Delete a node pool",
    usage: "[options] <node-pool>",
    flags: &[],
    general: General::Namespaced,
    arity: ONE,
    run: delete,
};

fn list(session: &Session<'_>) -> Outcome {
    let filter = [("filter", session.text("filter"))];
    let query = if session.text("filter").is_empty() { &[][..] } else { &filter };
    let pools =
        session.api()?.get("/v1/node/pools", query).map_err(Fault::of("Error querying node pools"))?;
    if session.is_formatted() {
        return session.formatted(&pools, "[]*api.NodePool");
    }
    let mut lines = vec!["Name|Description".to_owned()];
    lines.extend(
        items(&pools)
            .iter()
            .map(|pool| format!("{}|{}", pool.text("Name"), or(pool.text("Description"), "<none>"))),
    );
    session.say(table(&lines));
    Ok(0)
}

fn chosen(session: &Session<'_>, prefix: &str) -> Result<Json, Fault> {
    let api = session.api()?;
    let found =
        api.get("/v1/node/pools", &[("prefix", prefix)]).map_err(Fault::of("Error retrieving node pool"))?;
    lookup::named(&found, prefix).map_err(|several| {
        if several.is_empty() {
            return Fault::Told(format!(
                "Error retrieving node pool: No node pool with prefix {prefix:?} found"
            ));
        }
        let mut lines = vec!["Name|Description".to_owned()];
        lines
            .extend(several.iter().map(|pool| format!("{}|{}", pool.text("Name"), pool.text("Description"))));
        Fault::Told(format!("Prefix matched multiple node pools\n\n{}", table(&lines)))
    })
}

fn info(session: &Session<'_>) -> Outcome {
    let pool = chosen(session, session.argument(0))?;
    if session.is_formatted() {
        return session.formatted(&pool, "*api.NodePool");
    }
    let ttl = std::time::Duration::from_nanos(pool.at("NodeIdentityTTL").as_u64().unwrap_or_default());
    let mut basics =
        vec![format!("Name|{}", pool.text("Name")), format!("Description|{}", pool.text("Description"))];
    basics.push(format!("Node Identity TTL|{}", lab_world::format_duration(ttl)));
    session.say(pairs(&basics));
    session.say(format!("\n{}", session.bold("Metadata")));
    let meta = sorted(pool.at("Meta"));
    match meta.is_empty() {
        true => session.say("No metadata"),
        false => {
            let lines: Vec<String> = meta
                .iter()
                .map(|(key, value)| format!("{key}|{}", value.as_str().unwrap_or_default()))
                .collect();
            session.say(pairs(&lines));
        }
    }
    session.say(format!("\n{}", session.bold("Scheduler Configuration")));
    match pool.at("SchedulerConfiguration") {
        Json::Null => session.say("No scheduler configuration"),
        settings => {
            let mut lines = Vec::new();
            if !settings.text("SchedulerAlgorithm").is_empty() {
                lines.push(format!("Scheduler Algorithm|{}", settings.text("SchedulerAlgorithm")));
            }
            if let Some(allowed) = settings.at("MemoryOversubscriptionEnabled").as_bool() {
                lines.push(format!("Memory Oversubscription Enabled|{allowed}"));
            }
            session.say(pairs(&lines));
        }
    }
    Ok(0)
}

fn jobs(session: &Session<'_>) -> Outcome {
    let pool = chosen(session, session.argument(0))?;
    let path = format!("/v1/node/pool/{}/jobs", path_escape(pool.text("Name")));
    let jobs = session.api()?.get(&path, &[]).map_err(Fault::of("Error querying jobs"))?;
    if items(&jobs).is_empty() {
        session.say("No jobs");
        return Ok(0);
    }
    if session.is_formatted() {
        return session.formatted(&jobs, "[]*api.JobListStub");
    }
    session.say(job::list::lines(items(&jobs), session.api()?.namespace() == "*"));
    Ok(0)
}

fn nodes(session: &Session<'_>) -> Outcome {
    let pool = chosen(session, session.argument(0))?;
    let path = format!("/v1/node/pool/{}/nodes", path_escape(pool.text("Name")));
    let nodes = session.api()?.get(&path, &[]).map_err(Fault::of("Error querying nodes"))?;
    if items(&nodes).is_empty() {
        session.say("No nodes");
        return Ok(0);
    }
    if session.is_formatted() {
        return session.formatted(&nodes, "[]*api.NodeListStub");
    }
    let mut lines = vec!["ID|DC|Name|Class|Drain|Eligibility|Status".to_owned()];
    lines.extend(items(&nodes).iter().map(|node| {
        format!(
            "{}|{}|{}|{}|{}|{}|{}",
            limit(node.text("ID"), session.id_length()),
            node.text("Datacenter"),
            node.text("Name"),
            or(node.text("NodeClass"), "<none>"),
            node.truth("Drain"),
            node.text("SchedulingEligibility"),
            node.text("Status")
        )
    }));
    session.say(table(&lines));
    Ok(0)
}

fn delete(session: &Session<'_>) -> Outcome {
    let name = session.argument(0);
    if name.is_empty() {
        return fail("Error deleting node pool: invalid node pool name");
    }
    let path = format!("/v1/node/pool/{}", path_escape(name));
    session.api()?.delete(&path, &[]).map_err(Fault::of("Error deleting node pool"))?;
    session.say(format!("Successfully deleted node pool {name:?}!"));
    Ok(0)
}
