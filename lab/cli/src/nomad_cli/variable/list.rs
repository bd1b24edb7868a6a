//! `nomad var list`

use serde_json::Value as Json;

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome};
use crate::nomad_cli::json::{Look, items};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::shape;
use crate::nomad_cli::wording::{nano_text, table};
use crate::stand_in::Takes;
use std::io::IsTerminal;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "var list",
    synopsis: "List variable metadata",
    usage: "[options] <prefix>",
    flags: &[
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("per-page", Takes::Integer, "How many to list at a time."),
        ("page-token", Takes::Text, "Where to go on with a list."),
        ("filter", Takes::Text, "An expression that variables must satisfy."),
        ("out", Takes::Text, "go-template, json, table or terse."),
        ("template", Takes::Text, "The template for -out=go-template."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(0, 1, "This command takes flags and either no arguments or one: <prefix>"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    super::check_form(session, &["go-template", "json", "table", "terse"])?;
    let out = match session.text("out") {
        "" if std::io::stdout().is_terminal() => "table",
        "" => "json",
        out => out,
    };
    let mut query = vec![("prefix", session.argument(0))];
    for (flag, parameter) in [("filter", "filter"), ("page-token", "next_token"), ("per-page", "per_page")] {
        if !matches!(session.text(flag), "" | "0") {
            query.push((parameter, session.text(flag)));
        }
    }
    if !session.text("filter").is_empty() {
        session.warn("Filter queries require a full scan of the data; use prefix searching where possible");
    }
    let api = session.api()?;
    let (found, meta) = api.get_with_meta("/v1/vars", &query).map_err(Fault::of("Error retrieving vars"))?;
    let filled = shape::fill(&found, "[]*api.VariableMetadata");
    match out {
        "json" => session.say(shape::sorted_keys(&filled, 4)),
        "go-template" => {
            session.say(session.rendered(session.text("template"), &filled, "[]*api.VariableMetadata")?)
        }
        "terse" => {
            let of_all = api.namespace() == "*";
            for one in items(&found) {
                session.say(if of_all {
                    format!("{}|{}", one.text("Namespace"), one.text("Path"))
                } else {
                    one.text("Path").to_owned()
                });
            }
        }
        _ => session.say(lines(items(&found))),
    }
    if out != "json" && !meta.next_token.is_empty() {
        session.warn(format!("Next page token: {}", meta.next_token));
    }
    if matches!(out, "table" | "terse") {
        match session.argument(0) {
            "" => session.hint("View Nomad variables", "/ui/variables"),
            prefix => {
                session.hint("View Nomad variables at this path", &format!("/ui/variables/path/{prefix}"))
            }
        }
    }
    Ok(0)
}

fn lines(found: &[Json]) -> String {
    if found.is_empty() {
        return "No matching variables found".to_owned();
    }
    let mut lines = vec!["Namespace|Path|Last Updated".to_owned()];
    lines.extend(found.iter().map(|one| {
        format!("{}|{}|{}", one.text("Namespace"), one.text("Path"), nano_text(one.number("ModifyTime")))
    }));
    table(&lines)
}
