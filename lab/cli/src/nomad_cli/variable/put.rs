//! `nomad var put`

use serde_json::{Map, Value as Json, json};

use super::{check_index, conflict};
use crate::nomad_cli::api;
use crate::nomad_cli::command::{Arity, Command, Fault, General, Outcome, fail, misused};
use crate::nomad_cli::json::{Look, sorted};
use crate::nomad_cli::session::Session;
use crate::nomad_cli::spec;
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
        200 => super::show(session, &api::decode(&answer)?, "json"),
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
    match session.arguments() {
        [] => misused("Not enough arguments (expected >1, got 0)"),
        [whole, pairs @ ..] if is_specification(whole) => {
            Ok((specification(session, whole, "Error")?, pairs))
        }
        [_] => misused("Must supply data"),
        [path, whole, pairs @ ..] if is_specification(whole) => {
            let mut variable = specification(session, whole, "error")?;
            insert(&mut variable, "Path", path.as_str().into());
            Ok((variable, pairs))
        }
        [path, pairs @ ..] => Ok((json!({ "Path": path, "Items": {} }), pairs)),
    }
}

/// What a file, or standard input, specifies; `error` is how the complaint about one that cannot be read begins.
fn specification(session: &Session<'_>, argument: &str, error: &str) -> Result<Json, Fault> {
    let is_json = session.text("in") == "json";
    let Some(file) = argument.strip_prefix('@') else {
        let text = std::io::read_to_string(std::io::stdin())
            .map_err(|problem| Fault::Told(format!("Error reading from stdin: {problem}")))?;
        return parsed(&text, is_json);
    };
    let is_json = match std::path::Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("json") => true,
        Some("hcl") => false,
        _ => return fail(format!("Unable to determine format of {file}; Use the -in flag to specify it.")),
    };
    let text = std::fs::read_to_string(file).map_err(|problem| {
        Fault::Told(format!("{error} reading {file:?}: {}", unread(file.as_ref(), &problem)))
    })?;
    parsed(&text, is_json)
}

/// A value as it is written, or what is in the file behind `@`.
fn value_of(text: &str) -> Result<String, String> {
    match text.strip_prefix('@') {
        None => Ok(text.strip_prefix('\\').filter(|rest| rest.starts_with('@')).unwrap_or(text).to_owned()),
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("error reading file: {}", unread(file.as_ref(), &error))),
    }
}

fn parsed(text: &str, is_json: bool) -> Result<Json, Fault> {
    let language = if is_json { "error unmarshaling json" } else { "error parsing hcl" };
    let read = spec::read(text, is_json)
        .map_err(|problem| Fault::Told(format!("Failed to parse variable data: {language}: {problem}")))?;
    let field =
        |own: &str, usual: &str| read.get(own).or_else(|| read.get(usual)).cloned().unwrap_or(Json::Null);
    let text = |value: Json| match value {
        Json::String(_) => value,
        Json::Null => "".into(),
        other => other.to_string().into(),
    };
    let items: Map<String, Json> = sorted(&field("items", "Items"))
        .into_iter()
        .map(|(key, value)| (key.to_owned(), text(value.clone())))
        .collect();
    Ok(json!({
        "Namespace": text(field("namespace", "Namespace")),
        "Path": text(field("path", "Path")),
        "ModifyIndex": field("modify_index", "ModifyIndex").as_u64().unwrap_or_default(),
        "Items": items,
    }))
}
