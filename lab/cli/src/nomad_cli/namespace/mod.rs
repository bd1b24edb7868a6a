//! `nomad namespace`.

mod file;

use serde_json::{Value as Json, json};

use super::api::path_escape;
use super::command::{Arity, Command, Fault, General, Outcome, fail};
use super::json::{Look, items};
use super::session::Session;
use super::wording::{or, pairs, table};
use super::{lookup, shape};
use crate::stand_in::{Takes, unread};

const ONE: Arity = Arity::Counted(1, 1, "This command takes one argument: <namespace>");

pub(super) const LIST: Command = Command {
    name: "namespace list",
    synopsis: "List namespaces",
    usage: "[options]",
    flags: &[("json", Takes::Bool, "As JSON."), ("t", Takes::Text, "As a Go template has it.")],
    general: General::Client,
    arity: Arity::NONE,
    run: list,
};
pub(super) const APPLY: Command = Command {
    name: "namespace apply",
    synopsis: "Create or update a namespace",
    usage: "[options] <input>",
    flags: &[
        ("quota", Takes::Text, "A quota; the lab has none."),
        ("description", Takes::Text, "What it is for."),
        ("json", Takes::Bool, "The file is JSON."),
    ],
    general: General::Client,
    arity: Arity::Counted(1, 1, "This command takes one argument: <input>"),
    run: apply,
};
pub(super) const DELETE: Command = Command {
    name: "namespace delete",
    synopsis: "Delete a namespace",
    usage: "[options] <namespace>",
    flags: &[],
    general: General::Client,
    arity: ONE,
    run: delete,
};
pub(super) const STATUS: Command = Command {
    name: "namespace status",
    synopsis: "Display a namespace's status",
    usage: "[options] <namespace>",
    flags: &[("json", Takes::Bool, "As JSON."), ("t", Takes::Text, "As a Go template has it.")],
    general: General::Client,
    arity: ONE,
    run: status,
};
pub(super) const INSPECT: Command = Command {
    name: "namespace inspect",
    synopsis: "Inspect a namespace",
    usage: "[options] <namespace>",
    flags: &[("t", Takes::Text, "As a Go template has it.")],
    general: General::Client,
    arity: ONE,
    run: inspect,
};

fn lines(found: &[Json]) -> String {
    let mut lines = vec!["Name|Description".to_owned()];
    lines.extend(
        found.iter().map(|one| format!("{}|{}", one.text("Name"), or(one.text("Description"), "<none>"))),
    );
    table(&lines)
}

fn list(session: &Session<'_>) -> Outcome {
    let found =
        session.api()?.get("/v1/namespaces", &[]).map_err(Fault::of("Error retrieving namespaces"))?;
    let mut sorted = items(&found).to_vec();
    if session.is_formatted() {
        sorted.sort_by_key(|one| std::cmp::Reverse(one.number("CreateIndex")));
        return session.formatted(&Json::Array(sorted), "[]*api.Namespace");
    }
    session.say(if sorted.is_empty() { "No namespaces found".to_owned() } else { lines(&sorted) });
    Ok(0)
}

fn apply(session: &Session<'_>) -> Outcome {
    let input = session.argument(0);
    let api = session.api()?;
    if input == "-" || std::path::Path::new(input).is_file() {
        return apply_file(session, input);
    }
    let known = api.get(&format!("/v1/namespace/{}", path_escape(input)), &[]);
    let mut namespace = match known {
        Ok(known) => known,
        Err(problem) if problem.contains("404") => json!({ "Name": input }),
        Err(problem) => return fail(format!("Error looking up namespace: {problem}")),
    };
    if let Some(namespace) = namespace.as_object_mut() {
        for (flag, field) in [("description", "Description"), ("quota", "Quota")] {
            if let Some(text) = session.flags.text(flag) {
                namespace.insert(field.to_owned(), text.into());
            }
        }
    }
    send(session, &namespace)
}

fn apply_file(session: &Session<'_>, input: &str) -> Outcome {
    if ["description", "quota"].iter().any(|flag| session.flags.text(flag).is_some()) {
        session.warn("Flags are ignored when a file is specified!");
    }
    let text = match input {
        "-" => std::io::read_to_string(std::io::stdin())
            .map_err(|error| Fault::Told(format!("Failed to read stdin: {error}"))),
        input => std::fs::read_to_string(input)
            .map_err(|error| Fault::Told(format!("Failed to read file: {}", unread(input.as_ref(), &error)))),
    }?;
    let namespace = match session.is_set("json") {
        true => file::from_json(&text).map_err(Fault::of("Failed to parse quota"))?,
        false => file::from_hcl(&text).map_err(Fault::of("Error parsing quota specification"))?,
    };
    send(session, &shape::fill(&namespace, "api.Namespace"))
}

fn send(session: &Session<'_>, namespace: &Json) -> Outcome {
    session.api()?.put("/v1/namespace", &[], namespace).map_err(Fault::of("Error applying namespace"))?;
    session.say(format!("Successfully applied namespace {:?}!", namespace.text("Name")));
    Ok(0)
}

fn delete(session: &Session<'_>) -> Outcome {
    let name = session.argument(0);
    session
        .api()?
        .delete(&format!("/v1/namespace/{}", path_escape(name)), &[])
        .map_err(Fault::of("Error deleting namespace"))?;
    session.say(format!("Successfully deleted namespace {name:?}!"));
    Ok(0)
}

fn chosen(session: &Session<'_>) -> Result<Json, Fault> {
    let name = session.argument(0);
    let found = session
        .api()?
        .get("/v1/namespaces", &[("prefix", name)])
        .map_err(Fault::of("Error retrieving namespaces"))?;
    lookup::named(&found, name).map_err(|several| {
        Fault::Told(match several.is_empty() {
            true => format!("Error retrieving namespaces: Namespace {name:?} matched no namespaces"),
            false => format!("Prefix matched multiple namespaces\n\n{}", lines(&several)),
        })
    })
}

fn status(session: &Session<'_>) -> Outcome {
    let one = chosen(session)?;
    if session.is_formatted() {
        return session.formatted(&one, "*api.Namespace");
    }
    let drivers = |field: &str| {
        let listed = one.at("Capabilities").texts(field);
        if listed.is_empty() { "*".to_owned() } else { listed.join(",") }
    };
    let denied = |field: &str| one.at("Capabilities").texts(field).join(",");
    session.say(pairs(&[
        format!("Name|{}", one.text("Name")),
        format!("Description|{}", one.text("Description")),
        format!("Quota|{}", one.text("Quota")),
        format!("Enabled Drivers|{}", drivers("EnabledTaskDrivers")),
        format!("Disabled Drivers|{}", denied("DisabledTaskDrivers")),
        format!("Enabled Network Modes|{}", drivers("EnabledNetworkModes")),
        format!("Disabled Network Modes|{}", denied("DisabledNetworkModes")),
    ]));
    let meta = one.entries("Meta");
    if !meta.is_empty() {
        session.say(format!("\n{}", session.bold("Metadata")));
        let lines: Vec<String> =
            meta.iter().map(|(key, value)| format!("{key}|{}", value.as_str().unwrap_or_default())).collect();
        session.say(pairs(&lines));
    }
    let pools = one.at("NodePoolConfiguration");
    if !pools.is_null() {
        let mut lines = vec![format!("Default|{}", pools.text("Default"))];
        if !pools.at("Allowed").is_null() {
            lines.push(format!("Allowed|{}", pools.texts("Allowed").join(", ")));
        }
        if !pools.at("Denied").is_null() {
            lines.push(format!("Denied|{}", pools.texts("Denied").join(", ")));
        }
        session.say(format!("\n{}", session.bold("Node Pool Configuration")));
        session.say(pairs(&lines));
    }
    Ok(0)
}

fn inspect(session: &Session<'_>) -> Outcome {
    let one = chosen(session)?;
    if session.text("t").is_empty() {
        session.say(shape::sorted_keys(&shape::fill(&one, "*api.Namespace"), 4));
        return Ok(0);
    }
    session.formatted(&one, "*api.Namespace")
}
