//! Values as JSON with the fields of structures in the order they are declared in.

use lab_template::Value;
use serde_json::Value as Json;

use super::{Kind, kind};

/// JSON of a type as Go's `encoding/json` writes it, with four spaces a level below `depth`: what is empty is not nothing.
pub(in crate::nomad_cli) fn written(json: &Json, of: &'static str, depth: usize) -> String {
    let block = |open: char, parts: Vec<String>, close: char| {
        if parts.is_empty() {
            return format!("{open}{close}");
        }
        let inner = format!("\n{}", "    ".repeat(depth + 1));
        let outer = format!("\n{}", "    ".repeat(depth));
        format!("{open}{inner}{}{outer}{close}", parts.join(&format!(",{inner}")))
    };
    let entry = |name: &str, value: &Json, of: &'static str| {
        format!("{}: {}", quoted(name), written(value, of, depth + 1))
    };
    match (kind(of), json) {
        (Kind::Pointer(inner), json) => written(json, inner, depth),
        (Kind::Structure(fields), Json::Object(object)) => {
            let known = fields.iter().filter_map(|field| Some((field, object.get(field.name)?)));
            block('{', known.map(|(field, value)| entry(field.name, value, field.kind)).collect(), '}')
        }
        (Kind::List(of), Json::Array(items)) => {
            block('[', items.iter().map(|item| written(item, of, depth + 1)).collect(), ']')
        }
        (_, Json::Array(items)) => {
            block('[', items.iter().map(|item| written(item, ANY, depth + 1)).collect(), ']')
        }
        (kind, Json::Object(entries)) => {
            let of = if let Kind::Map(inner) = kind { inner } else { ANY };
            block('{', entries.iter().map(|(name, value)| entry(name, value, of)).collect(), '}')
        }
        (_, Json::String(text)) => quoted(text),
        (_, Json::Number(number)) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => float.to_string(),
            _ => number.to_string(),
        },
        (_, plain) => plain.to_string(),
    }
}

const ANY: &str = "interface{}";

/// A text with the signs of HTML escaped.
fn quoted(text: &str) -> String {
    let quoted = Json::from(text).to_string();
    let escaped = quoted.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    escaped.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A value as Go's `encoding/json` writes it: fields in their order, the keys of maps sorted; on one line, or with
/// `indent` spaces a level below `depth`.
pub(in crate::nomad_cli) fn declared(value: &Value, indent: Option<usize>, depth: usize) -> String {
    let block = |open: char, parts: Vec<String>, close: char| {
        let Some(indent) = indent.filter(|_| !parts.is_empty()) else {
            return format!("{open}{}{close}", parts.join(","));
        };
        let inner = format!("\n{}", " ".repeat(indent * (depth + 1)));
        let outer = format!("\n{}", " ".repeat(indent * depth));
        format!("{open}{inner}{}{outer}{close}", parts.join(&format!(",{inner}")))
    };
    let colon = if indent.is_some() { ": " } else { ":" };
    let entry = |key: &str, value: &Value| {
        format!("{}{colon}{}", serde_json::Value::from(key), declared(value, indent, depth + 1))
    };
    match value {
        Value::List(items) | Value::Texts(items) if items.is_empty() => "null".to_owned(),
        Value::List(items) | Value::Texts(items) => {
            block('[', items.iter().map(|item| declared(item, indent, depth + 1)).collect(), ']')
        }
        Value::Map(entries) if entries.is_empty() => "null".to_owned(),
        Value::Map(entries) => {
            block('{', entries.iter().map(|(key, value)| entry(key, value)).collect(), '}')
        }
        Value::Object(object) => {
            block('{', object.fields.iter().map(|(name, value)| entry(name, value)).collect(), '}')
        }
        plain => plain.to_json().to_string(),
    }
}
