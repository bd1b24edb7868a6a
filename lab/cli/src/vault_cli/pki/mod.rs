//! `pki`: commands that put together what several requests to the engine answer.

mod health;
mod intermediates;
mod issue;
mod issuer;
mod reissue;
mod unfinished;
mod verify;

pub(super) use self::health::health_check;
pub(super) use self::intermediates::list_intermediates;
pub(super) use self::issue::issue;
pub(super) use self::reissue::reissue;
pub(super) use self::verify::verify_sign;

use serde_json::Value;

use super::api::Api;
use super::failure::Failure;
use super::session::Session;
use super::tree::Tree;
use super::yaml::yaml;

/// The way to the server, which these commands have their own words about.
fn client(session: &Session<'_>) -> Result<Api, Failure> {
    session.api().map_err(|failure| failure.told("Failed to obtain client").into_usage())
}

/// Prints data as JSON or as YAML, which has a blank line behind it here; whether it is one of the two.
fn show_data(session: &Session<'_>, tree: &Tree) -> bool {
    match session.anywhere.format.as_str() {
        "json" => session.say(&tree.json()),
        "yaml" | "yml" => session.say(&yaml(&tree.to_value())),
        _ => return false,
    }
    true
}

/// What is said of arguments, and of a flag among them where there is one.
fn with_late_flag(told: String, arguments: &[String]) -> String {
    match (arguments.first(), arguments.iter().find(|argument| argument.starts_with('-'))) {
        (Some(first), Some(flag)) => {
            format!("{told}\nOptions ({flag}) must be specified before positional arguments ({first})")
        }
        _ => told,
    }
}

/// A value that is a list of texts.
///
/// Errors: what else it is, in Go's words.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    let unknown = |at: &str, value: &Value| {
        format!("unknown source type for []string coercion{at}: {}", go_kind(value))
    };
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        other => return Err(unknown("", other)),
    };
    let text = |(at, item): (usize, &Value)| match item {
        Value::String(text) => Ok(text.clone()),
        other => Err(unknown(&format!(" at index {at}"), other)),
    };
    items.iter().enumerate().map(text).collect()
}

/// What Go calls a value of JSON.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "json.Number",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
