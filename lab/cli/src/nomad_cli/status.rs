//! `nomad status`, which finds out what an identifier is of; and `nomad ui`

use serde_json::{Value as Json, json};

use super::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use super::json::Look;
use super::session::Session;
use super::wording::uuid_prefix;
use super::{allocation, deployment, evaluation, job, lookup, node};
use crate::stand_in::{Flags, Takes};

pub(super) const COMMAND: Command = Command {
    name: "status",
    synopsis: "Display the status output for a resource",
    usage: "[options] <identifier>",
    flags: &[
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("verbose", Takes::Bool, "Show everything."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

pub(super) const UI: Command = Command {
    name: "ui",
    synopsis: "Open the Nomad Web UI",
    usage: "[options] <identifier>",
    flags: &[
        ("authenticate", Takes::Bool, "Sign in with the token."),
        ("show-url", Takes::Bool, "Only print the address."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(0, 1, "This command takes no or one optional argument, [<identifier>]"),
    run: ui,
};

/// What an identifier is of, and everything that it fits.
fn search(session: &Session<'_>, id: &str) -> Result<(String, Vec<String>), Fault> {
    let api = session.api()?;
    let body = json!({ "Prefix": id, "Context": "all" });
    let found = api.put("/v1/search", &[], &body).map_err(Fault::of("Error querying search with id"))?;
    let matches: Vec<(&str, &Json)> = found
        .entries("Matches")
        .into_iter()
        .filter(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()))
        .collect();
    let texts = |list: &Json| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    match matches.as_slice() {
        [] => fail(format!("Unable to resolve ID: {id:?}")),
        [(kind, list)] if texts(list).len() == 1 || texts(list).iter().any(|one| one == id) => {
            Ok(((*kind).to_owned(), texts(list)))
        }
        several => {
            // A whole identifier goes before those that only begin like it.
            let exact: Vec<&(&str, &Json)> =
                several.iter().filter(|(_, list)| texts(list).iter().any(|one| one == id)).collect();
            if let [(kind, list)] = exact.as_slice() {
                return Ok(((*kind).to_owned(), texts(list)));
            }
            let mut told = format!("Multiple matches found for id {id:?}\n");
            for (kind, list) in several {
                let mut title = (*kind).to_owned();
                if let Some(first) = title.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                told.push_str(&format!("\n{title}:\n{}\n", texts(list).join(", ")));
            }
            fail(told.trim_end())
        }
    }
}

/// The command that shows a thing of this kind.
fn shown_by(kind: &str) -> Option<&'static Command> {
    Some(match kind {
        "jobs" => &job::status::COMMAND,
        "nodes" => &node::status::COMMAND,
        "allocs" => &allocation::status::COMMAND,
        "evals" => &evaluation::status::COMMAND,
        "deployment" => &deployment::status::COMMAND,
        "namespaces" => &super::namespace::STATUS,
        _ => return None,
    })
}

fn run(session: &Session<'_>) -> Outcome {
    let Some(id) = session.arguments().first() else {
        return delegate(session, &job::status::COMMAND, &[]);
    };
    let (kind, found) = search(session, id)?;
    let meant = match (kind.as_str(), found.as_slice()) {
        ("jobs", _) => id.clone(),
        (_, [only]) => only.clone(),
        _ => uuid_prefix(id).to_owned(),
    };
    match shown_by(&kind) {
        Some(command) => delegate(session, command, &[meant]),
        None => fail(format!("Unable to resolve ID: {id:?}")),
    }
}

/// Runs another command with the flags of this one.
fn delegate(session: &Session<'_>, command: &'static Command, arguments: &[String]) -> Outcome {
    let mut line: Vec<String> = session.flags.all().map(|(name, value)| format!("-{name}={value}")).collect();
    line.extend(arguments.iter().cloned());
    let known: Vec<_> =
        super::help::settings(command).iter().map(|(name, takes, _)| (*name, *takes)).collect();
    let flags = Flags::parse(&known, &line).map_err(Fault::Told)?;
    (command.run)(&Session::new(command, flags, session.environment))
}

fn ui(session: &Session<'_>) -> Outcome {
    let api = session.api()?;
    if session.is_set("authenticate") && session.is_set("show-url") {
        return misused("-authenticate and -show-url are mutually exclusive");
    }
    let path = match session.arguments().first() {
        None => String::new(),
        Some(id) => {
            let (kind, found) = search(session, id)?;
            let id = match found.as_slice() {
                [only] => only.as_str(),
                _ => id.as_str(),
            };
            match kind.as_str() {
                "jobs" => format!("/ui/jobs/{}", lookup::job(api, id)?.text("ID")),
                "nodes" => format!("/ui/clients/{id}"),
                "allocs" => format!("/ui/allocations/{id}"),
                "evals" => format!("/ui/evaluations/{id}"),
                _ => return fail(format!("Unable to resolve ID: {id:?}")),
            }
        }
    };
    let url = format!("{}{path}", api.address());
    if session.is_set("show-url") {
        session.say(format!("URL for web UI: {url}"));
    } else {
        session.say(format!("Opening URL {url:?}"));
    }
    Ok(0)
}
