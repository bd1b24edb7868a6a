//! `nomad var get`

use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::stand_in::Takes;

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "var get",
    synopsis: "Read a variable",
    usage: "[options] <path>",
    flags: &[
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("item", Takes::Text, "Only this item."),
        ("out", Takes::Text, "go-template, hcl, json, none or table."),
        ("template", Takes::Text, "The template for -out=go-template."),
    ],
    general: General::Namespaced,
    arity: Arity::Counted(1, 1, "This command takes one argument: <path>"),
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    super::check_form(session, &["go-template", "hcl", "json", "none", "table"])?;
    let variable = session.api()?.get(&super::path(session.argument(0)), &[]).map_err(|problem| {
        if problem.contains("variable not found") || problem.contains("code: 404") {
            Fault::Told("Variable not found".to_owned())
        } else {
            Fault::Told(format!("Error retrieving variable: {problem}"))
        }
    })?;
    let item = session.text("item");
    if !item.is_empty() {
        return match variable.at("Items").get(item) {
            Some(value) => {
                session.write(value.as_str().unwrap_or_default().as_bytes());
                Ok(0)
            }
            None => fail(format!("Variable does not contain {item:?} item")),
        };
    }
    super::show(session, &variable, "json")
}
