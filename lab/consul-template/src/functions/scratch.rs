//! `scratch`: what a template puts aside while it is evaluated.

use std::collections::BTreeMap;

use lab_template::{Signature, Type, Value, quote};

use super::text;

/// The type of what `scratch` gives, which has the methods.
const TYPE: &str = "*template.Scratch";

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    use Type::{Any, Text};
    Some(match method(name) {
        None if name == "scratch" => Signature::fixed(&[]),
        Some("Key" | "Get" | "MapValues") => Signature::fixed(&[Text]),
        Some("Set" | "SetX") => Signature::fixed(&[Text, Any]),
        Some("MapSet" | "MapSetX") => Signature::fixed(&[Text, Text, Any]),
        _ => return None,
    })
}

pub(super) fn call(
    held: &mut BTreeMap<String, Value>,
    name: &str,
    arguments: &[Value],
) -> Result<Value, String> {
    let key = arguments.first().map(text).unwrap_or_default();
    let value = arguments.last().cloned().unwrap_or(Value::Nil);
    match method(name).unwrap_or_default() {
        "Key" => return Ok(Value::Bool(held.contains_key(key))),
        "Get" => return Ok(held.get(key).cloned().unwrap_or(Value::Nil)),
        "MapValues" => {
            let Some(Value::Map(entries)) = held.get(key) else { return Ok(Value::list([])) };
            return Ok(Value::list(entries.values().cloned()));
        }
        "Set" => {
            held.insert(key.to_owned(), value);
        }
        "SetX" => {
            held.entry(key.to_owned()).or_insert(value);
        }
        "MapSet" | "MapSetX" => {
            let within = arguments.get(1).map(text).unwrap_or_default();
            let overwrites = name.ends_with("MapSet");
            let Value::Map(entries) = held.entry(key.to_owned()).or_insert_with(|| Value::map([])) else {
                return Err(format!("{} is not a map", quote(key)));
            };
            let mut entries = (**entries).clone();
            if overwrites || !entries.contains_key(within) {
                entries.insert(within.to_owned(), value);
            }
            held.insert(key.to_owned(), Value::map(entries));
        }
        _ => return Ok(Value::object(TYPE, vec![])),
    }
    Ok(Value::from(""))
}

fn method(name: &str) -> Option<&str> {
    name.strip_prefix(TYPE)?.strip_prefix('.')
}
