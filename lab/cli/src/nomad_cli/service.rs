//! `nomad service`

use serde_json::Value as Json;

use super::api::path_escape;
use super::command::{Arity, Command, Fault, General, Outcome, fail};
use super::json::{Look, items};
use super::session::Session;
use super::wording::{limit, pairs, table};
use crate::stand_in::Takes;

pub(super) const LIST: Command = Command {
    name: "service list",
    synopsis: "Display all registered Nomad services",
    usage: "[options]",
    flags: &[("json", Takes::Bool, "As JSON."), ("t", Takes::Text, "As a Go template has it.")],
    general: General::Namespaced,
    arity: Arity::NONE,
    run: list,
};
pub(super) const INFO: Command = Command {
    name: "service info",
    synopsis: "Display an individual Nomad service registration",
    usage: "[options] <service_name>",
    flags: &[
        ("verbose", Takes::Bool, "Show everything."),
        ("per-page", Takes::Integer, "How many to list at a time."),
        ("page-token", Takes::Text, "Where to go on with a list."),
        ("filter", Takes::Text, "An expression that registrations must satisfy."),
        ("json", Takes::Bool, "As JSON."),
        ("t", Takes::Text, "As a Go template has it."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <service_name>"),
    run: info,
};
pub(super) const DELETE: Command = Command {
    name: "service delete",
    synopsis: "Deregister a registered service",
    usage: "[options] <service_name> <service_id>",
    flags: &[],
    general: General::Namespaced,
    arity: Arity::Counted(2, 2, "This command takes two arguments: <service_name> and <service_id>"),
    run: delete,
};

fn list(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let found = api.get("/v1/services", &[]).map_err(Fault::of("Error listing service registrations"))?;
    if items(&found).is_empty() {
        session.say("No service registrations found");
        return Ok(0);
    }
    if session.is_formatted() {
        return session.formatted(&found, "[]*api.ServiceRegistrationListStub");
    }
    let of_all = api.namespace() == "*";
    let mut rows: Vec<(String, String, String)> = Vec::new();
    for namespace in items(&found) {
        for service in namespace.list("Services") {
            let mut tags = service.texts("Tags");
            tags.sort_unstable();
            rows.push((
                service.text("ServiceName").to_owned(),
                namespace.text("Namespace").to_owned(),
                tags.join(","),
            ));
        }
    }
    rows.sort();
    let mut lines = vec![if of_all { "Service Name|Namespace|Tags" } else { "Service Name|Tags" }.to_owned()];
    lines.extend(rows.into_iter().map(|(name, namespace, tags)| match of_all {
        true => format!("{name}|{namespace}|[{tags}]"),
        false => format!("{name}|[{tags}]"),
    }));
    session.say(table(&lines));
    Ok(0)
}

fn info(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    let name = session.argument(0);
    let mut query = Vec::new();
    if !session.text("filter").is_empty() {
        query.push(("filter", session.text("filter")));
    }
    let doing = "Error listing service registrations";
    let mut found =
        api.get(&format!("/v1/service/{}", path_escape(name)), &query).map_err(Fault::of(doing))?;
    if items(&found).is_empty() {
        let known = api.get("/v1/services", &[]).map_err(Fault::of(doing))?;
        let mut names: Vec<&str> = items(&known)
            .iter()
            .flat_map(|one| one.list("Services"))
            .map(|service| service.text("ServiceName"))
            .collect();
        names.sort_unstable();
        names.dedup();
        match names.as_slice() {
            [] => return fail(format!("{doing}: No service registrations with prefix {name:?} found")),
            [only] => {
                found = api
                    .get(&format!("/v1/service/{}", path_escape(only)), &query)
                    .map_err(Fault::of(doing))?;
            }
            several => return fail(format!("Prefix matched multiple services\n\n{}", several.join("\n"))),
        }
    }
    if session.is_formatted() {
        return session.formatted(&found, "[]*api.ServiceRegistration");
    }
    let found = items(&found);
    if session.is_set("verbose") {
        for one in found {
            session.say(format!("{}\n", whole(one)));
        }
        return Ok(0);
    }
    let of_all = api.namespace() == "*";
    let mut lines = vec![
        if of_all {
            "Job ID|Namespace|Address|Tags|Node ID|Alloc ID"
        } else {
            "Job ID|Address|Tags|Node ID|Alloc ID"
        }
        .to_owned(),
    ];
    for one in found {
        let namespace = if of_all { format!("{}|", one.text("Namespace")) } else { String::new() };
        lines.push(format!(
            "{}|{namespace}{}|[{}]|{}|{}",
            one.text("JobID"),
            address(one),
            one.texts("Tags").join(","),
            limit(one.text("NodeID"), 8),
            limit(one.text("AllocID"), 8)
        ));
    }
    session.say(table(&lines));
    Ok(0)
}

fn address(one: &Json) -> String {
    match one.number("Port") {
        0 => one.text("Address").to_owned(),
        port => format!("{}:{port}", one.text("Address")),
    }
}

fn whole(one: &Json) -> String {
    pairs(&[
        format!("ID|{}", one.text("ID")),
        format!("Service Name|{}", one.text("ServiceName")),
        format!("Namespace|{}", one.text("Namespace")),
        format!("Job ID|{}", one.text("JobID")),
        format!("Alloc ID|{}", one.text("AllocID")),
        format!("Node ID|{}", one.text("NodeID")),
        format!("Datacenter|{}", one.text("Datacenter")),
        format!("Address|{}", address(one)),
        format!("Tags|[{}]\n", one.texts("Tags").join(",")),
    ])
    .trim_end()
    .to_owned()
}

fn delete(session: &Session<'_>) -> Outcome {
    let (name, id) = (session.argument(0), session.argument(1));
    let path = format!("/v1/service/{}/{}", path_escape(name), path_escape(id));
    session.api()?.delete(&path, &[]).map_err(Fault::of("Error deleting service registration"))?;
    session.say("Successfully deleted service registration");
    Ok(0)
}
