//! JSON, YAML and TOML.

use lab_template::{Signature, Type, Value};
use lab_wire::go_json;
use serde_json::Value as Json;

use super::{text, yaml};
use crate::sprig::escape_html;

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    Some(match name {
        "parseJSON" | "parseYAML" => Signature::fixed(&[Type::Text]),
        "toJSON" | "toJSONPretty" | "toUnescapedJSON" | "toUnescapedJSONPretty" | "toYAML" | "toTOML" => {
            Signature::fixed(&[Type::Any])
        }
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let Some(value) = arguments.first() else { return Ok(Value::Nil) };
    if name == "parseYAML" {
        return yaml::parse(text(value));
    }
    if name == "parseJSON" {
        return parse(text(value));
    }
    let written = match name {
        "toJSON" => escape_html(&json(value, None)),
        "toJSONPretty" => escape_html(&json(value, Some(2))),
        "toUnescapedJSON" => json(value, None),
        "toUnescapedJSONPretty" => json(value, Some(2)),
        "toYAML" => yaml_of(&value.to_json()),
        _ => toml(&value.to_json())?,
    };
    Ok(Value::from(written.trim()))
}

/// A value as JSON, on one line or on several.
pub(super) fn json(value: &Value, indent: Option<usize>) -> String {
    let json = value.to_json();
    match indent {
        Some(_) => serde_json::to_string_pretty(&json).unwrap_or_default(),
        None => json.to_string(),
    }
}

fn parse(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::map([]));
    }
    go_json::unmarshal(text).map(|json| Value::from_json(&json))
}

fn yaml_of(json: &Json) -> String {
    let mut written = String::new();
    write_yaml(json, 0, &mut written);
    written
}

fn write_yaml(json: &Json, depth: usize, written: &mut String) {
    let indent = "  ".repeat(depth);
    match json {
        Json::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                written.push_str(&format!("{indent}{}:", yaml_text(key)));
                // The lists of a map stand at the level of its keys.
                let inner = if value.is_array() { depth } else { depth + 1 };
                write_nested(value, inner, written);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                let mut inner = String::new();
                write_yaml(item, depth + 1, &mut inner);
                written.push_str(&format!("{indent}- {}\n", inner.trim()));
            }
        }
        other => written.push_str(&format!("{indent}{}\n", yaml_scalar(other, depth))),
    }
}

fn write_nested(value: &Json, depth: usize, written: &mut String) {
    let is_block = value.as_object().is_some_and(|entries| !entries.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty());
    if is_block {
        written.push('\n');
        write_yaml(value, depth, written);
    } else {
        written.push_str(&format!(" {}\n", yaml_scalar(value, depth)));
    }
}

fn yaml_scalar(json: &Json, depth: usize) -> String {
    match json {
        Json::Object(_) => "{}".to_owned(),
        Json::Array(_) => "[]".to_owned(),
        Json::String(text) if text.contains('\n') => {
            let indent = "  ".repeat(depth.max(1));
            let mark = if text.ends_with('\n') { "|" } else { "|-" };
            let lines: Vec<String> =
                text.trim_end_matches('\n').lines().map(|line| format!("{indent}{line}")).collect();
            format!("{mark}\n{}", lines.join("\n"))
        }
        Json::String(text) => yaml_text(text),
        other => other.to_string(),
    }
}

/// A text, in quotes where YAML would take it for something else.
fn yaml_text(text: &str) -> String {
    let reserved = ["", "true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"];
    let special = text.starts_with(|c: char| "!&*-?|>@`\"'%#{}[],:".contains(c))
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with(':')
        || text.trim() != text;
    if reserved.contains(&text.to_ascii_lowercase().as_str()) || text.parse::<f64>().is_ok() {
        format!("{text:?}")
    } else if special {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        text.to_owned()
    }
}

fn toml(json: &Json) -> Result<String, String> {
    let Json::Object(_) = json else {
        return Err("toTOML: toml: top-level values must be Go maps or structs".to_owned());
    };
    let mut written = String::new();
    write_table(json, "", &mut written);
    Ok(written)
}

/// A table: its values first, then its tables.
fn write_table(json: &Json, path: &str, written: &mut String) {
    let entries = json.as_object().into_iter().flatten();
    let (tables, values): (Vec<_>, Vec<_>) = entries.partition(|(_, value)| value.is_object());
    for (key, value) in values.into_iter().filter(|(_, value)| !value.is_null()) {
        written.push_str(&format!("{key} = {}\n", toml_value(value)));
    }
    for (key, table) in tables {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        written.push_str(&format!("\n[{path}]\n"));
        let mut inner = String::new();
        write_table(table, &path, &mut inner);
        written.push_str(&inner.lines().map(|line| format!("  {line}\n")).collect::<String>());
    }
}

fn toml_value(json: &Json) -> String {
    match json {
        Json::Array(items) => format!("[{}]", items.iter().map(toml_value).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
