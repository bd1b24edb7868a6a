//! `nomad var put`

use serde_json::{Map, Value as Json, json};

use super::{check_index, conflict, file};
use crate::nomad_cli::api;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use crate::nomad_cli::json::Look;
use crate::nomad_cli::session::Session;
use crate::stand_in::{Takes, unread};

pub(in crate::nomad_cli) const COMMAND: Command = Command {
    name: "var put",
    synopsis: "Create or update a variable",
    usage: "[options] <variable spec file reference> [<key>=<value>]...",
    flags: &[
        ("ui", Takes::Bool, "Say where the browser finds it."),
        ("check-index", Takes::Text, "Only where the variable's index is this one."),
        ("force", Takes::Bool, "Whatever the variable's index is."),
        ("in", Takes::Text, "hcl or json: what the file is."),
        ("out", Takes::Text, "go-template, hcl, json, none or table."),
        ("template", Takes::Text, "The template for -out=go-template."),
        ("verbose", Takes::Bool, "Say more."),
    ],
    general: General::Namespaced,
    arity: Arity::Any,
    run,
};

fn run(session: &Session<'_>) -> Outcome {
    if !matches!(session.text("in"), "" | "hcl" | "json") {
        return misused("Invalid value for \"-in\"; valid values are [hcl, json]");
    }
    super::check_form(session, &["go-template", "hcl", "json", "none", "table"])?;
    let given = check_index(session, |text| {
        format!(
            "Error parsing check-index value {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        )
    })?;
    let (mut variable, pairs) = specified(session)?;
    let mut own = Map::new();
    for pair in pairs {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Fault::Told(format!(
                "Failed to parse K=V data: invalid key/value pair {pair:?}: format must be key=value"
            ))
        })?;
        let value = value_of(value).map_err(|problem| {
            Fault::Told(format!("Failed to parse K=V data: invalid key/value pair {pair:?}: {problem}"))
        })?;
        own.insert(key.to_owned(), value.into());
    }
    if let Some(items) = variable.get_mut("Items").and_then(Json::as_object_mut) {
        items.extend(own);
    }
    let index = given.unwrap_or_else(|| variable.at("ModifyIndex").as_u64().unwrap_or_default());
    let api = session.api()?;
    if variable.text("Namespace").is_empty() {
        insert(&mut variable, "Namespace", api.namespace().into());
    }
    let text = index.to_string();
    let query: Vec<(&str, &str)> = if session.is_set("force") { Vec::new() } else { vec![("cas", &text)] };
    let answer = api
        .answer(http::Method::PUT, &super::path(variable.text("Path")), &query, Some(&variable))
        .map_err(Fault::of("Error creating variable"))?;
    match answer.status().as_u16() {
        200 => {
            let made = api::decode(&answer)?;
            let index = made.number("ModifyIndex");
            let done = format!("Created variable {:?} with modify index {index}", made.text("Path"));
            match session.text("out") {
                "none" => session.say(done),
                _ if session.is_set("verbose") => session.warn(done),
                _ => {}
            }
            super::show(session, &made, "json")
        }
        409 => Err(conflict(&api::decode(&answer)?, index)),
        code => fail(format!("Error creating variable: {}", api::unexpected(code, answer.body()))),
    }
}

fn insert(variable: &mut Json, field: &str, value: Json) {
    if let Some(object) = variable.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}

/// The variable that the first arguments name or specify, and the pairs behind them: a path, a file or standard input
/// (`-`), or a path and one of those.
fn specified<'a>(session: &'a Session<'_>) -> Result<(Json, &'a [String]), Fault> {
    let is_specification = |argument: &String| argument == "-" || argument.starts_with('@');
    let say = |text: String| {
        if session.is_set("verbose") {
            session.warn(text);
        }
    };
    let (path, source, pairs) = match session.arguments() {
        [] => return misused("Not enough arguments (expected >1, got 0)"),
        [whole, pairs @ ..] if is_specification(whole) => ("", Some(whole), pairs),
        [_] => return misused("Must supply data"),
        [path, whole, pairs @ ..] if is_specification(whole) => (path.as_str(), Some(whole), pairs),
        [path, pairs @ ..] => (path.as_str(), None, pairs),
    };
    let path = path.trim().trim_matches('/');
    if !path.is_empty() {
        say(format!("Writing to path {path:?}"));
    }
    let Some(source) = source else { return Ok((json!({ "Path": path, "Items": {} }), pairs)) };
    let specification = Specification::of(session, source)?;
    let form = if specification.is_json { "JSON" } else { "HCL" };
    say(match (path, source.strip_prefix('@')) {
        ("", None) => format!("Reading whole {form} variable specification from stdin"),
        ("", Some(file)) => format!("Reading whole {form} variable specification from {file:?}"),
        (path, None) => format!("Creating variable {path:?} using specification from stdin"),
        (path, Some(_)) => format!("Creating variable {path:?} from specification file {source:?}"),
    });
    let text = specification.text(if path.is_empty() { "Error" } else { "error" })?;
    let variable = file::read(&text, specification.is_json, path, session.text("namespace"))
        .map_err(|told| Fault::Told(format!("Failed to parse variable data: {told}")))?;
    Ok((variable, pairs))
}

/// A file, or standard input, and what it is written in.
struct Specification<'a> {
    file: Option<&'a str>,
    is_json: bool,
}

impl<'a> Specification<'a> {
    fn of(session: &Session<'_>, argument: &'a str) -> Result<Self, Fault> {
        let Some(file) = argument.strip_prefix('@') else {
            return Ok(Self { file: None, is_json: session.text("in") != "hcl" });
        };
        match std::path::Path::new(file).extension().and_then(|extension| extension.to_str()) {
            Some(extension @ ("json" | "hcl")) => Ok(Self { file: Some(file), is_json: extension == "json" }),
            _ => fail(format!("Unable to determine format of {file}; Use the -in flag to specify it.")),
        }
    }

    /// What stands in it; `error` is how the complaint about a file that cannot be read begins.
    fn text(&self, error: &str) -> Result<String, Fault> {
        match self.file {
            None => std::io::read_to_string(std::io::stdin())
                .map_err(|problem| Fault::Told(format!("Error reading from stdin: {problem}"))),
            Some(file) => std::fs::read_to_string(file).map_err(|problem| {
                Fault::Told(format!("{error} reading {file:?}: {}", unread(file.as_ref(), &problem)))
            }),
        }
    }
}

/// A value as it is written, or what is in the file behind `@`.
fn value_of(text: &str) -> Result<String, String> {
    match text.strip_prefix('@') {
        None => Ok(text.strip_prefix('\\').filter(|rest| rest.starts_with('@')).unwrap_or(text).to_owned()),
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("error reading file: {}", unread(file.as_ref(), &error))),
    }
}
