//! Values as JSON with the fields of structures in the order they are declared in.

use lab_template::Value;

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
