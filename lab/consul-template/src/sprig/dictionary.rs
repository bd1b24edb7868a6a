//! Maps.

use std::collections::BTreeMap;

use lab_template::{Signature, Type, Value};

use super::{Arguments, at, kind, text_at, unknown};

/// What a map holds.
type Entries = BTreeMap<String, Value>;

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    use Type::{Any, Map, Text};
    Some(match name {
        "dict" | "dig" => Signature::variadic(&[], Any),
        "get" | "hasKey" | "unset" => Signature::fixed(&[Map, Text]),
        "set" => Signature::fixed(&[Map, Text, Any]),
        "keys" => Signature::variadic(&[], Map),
        "values" => Signature::fixed(&[Map]),
        "pluck" => Signature::variadic(&[Text], Map),
        "pick" | "omit" => Signature::variadic(&[Map], Text),
        "merge" | "mergeOverwrite" => Signature::variadic(&[Map], Map),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    let (first, rest) = match arguments.split_first() {
        Some((first, rest)) => (entries(first), rest),
        None => (Entries::new(), arguments),
    };
    let key = || text_at(arguments, 1);
    let names = || rest.iter().filter_map(Value::as_text).map(str::to_owned);
    Ok(match name {
        "dict" => dictionary(arguments),
        "dig" => return dug(arguments),
        "get" => first.get(key()).cloned().unwrap_or_else(|| Value::from("")),
        "hasKey" => Value::Bool(first.contains_key(key())),
        "set" => Value::map(first.into_iter().chain([(key().to_owned(), at(arguments, 2).clone())])),
        "unset" => Value::map(first.into_iter().filter(|(name, _)| name != key())),
        "keys" => Value::texts(arguments.iter().flat_map(|map| entries(map).into_keys())),
        "values" => Value::list(first.into_values()),
        "pluck" => Value::list(rest.iter().filter_map(|map| entries(map).remove(text_at(arguments, 0)))),
        "pick" => Value::map(names().filter_map(|name| first.get(&name).map(|value| (name, value.clone())))),
        "omit" => Value::map(first.into_iter().filter(|(key, _)| !names().any(|name| name == *key))),
        "merge" | "mergeOverwrite" => {
            let overwrites = name == "mergeOverwrite";
            let merged = rest.iter().fold(first, |merged, map| merge(merged, entries(map), overwrites));
            Value::map(merged)
        }
        _ => return unknown(name),
    })
}

/// Puts what `from` has into `into`: what that has not or has empty, and anything else where it `overwrites`. Maps within
/// are merged in turn.
pub(crate) fn merge(mut into: Entries, from: Entries, overwrites: bool) -> Entries {
    for (key, value) in from {
        let merged = match (into.get(&key), value) {
            (Some(Value::Map(old)), Value::Map(new)) => {
                Value::map(merge((**old).clone(), (*new).clone(), overwrites))
            }
            (Some(old), _) if old.truth() && !overwrites => continue,
            (_, Value::Nil | Value::Missing) if !overwrites => continue,
            (_, value) => value,
        };
        into.insert(key, merged);
    }
    into
}

/// What a map holds; nothing for anything else.
pub(crate) fn entries(value: &Value) -> Entries {
    match value {
        Value::Map(entries) => (**entries).clone(),
        _ => Entries::new(),
    }
}

/// Keys and values in turns; a last key without a value has an empty one.
fn dictionary(arguments: Arguments<'_>) -> Value {
    Value::map(arguments.chunks(2).map(|pair| {
        let value = pair.get(1).cloned().unwrap_or_else(|| Value::from(""));
        (at(pair, 0).display(), value)
    }))
}

/// `dig KEY... DEFAULT MAP`: what lies below the keys, if it is there.
fn dug(arguments: Arguments<'_>) -> Result<Value, String> {
    let [keys @ .., default, map] = arguments else {
        return Err("dig needs at least three arguments".to_owned());
    };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".to_owned());
    }
    let not = |value: &Value, wanted: &str| {
        let held = if matches!(value, Value::Nil | Value::Missing) { "nil" } else { value.type_name() };
        format!("interface conversion: interface {{}} is {held}, not {wanted}")
    };
    if kind(map) != "map" {
        return Err(not(map, "map[string]interface {}"));
    }
    let mut held = map.clone();
    for key in keys {
        let Value::Text(name) = key else { return Err(not(key, "string")) };
        let Value::Map(entries) = &held else { return Err(not(&held, "map[string]interface {}")) };
        match entries.get(name.as_ref()) {
            Some(value) => held = value.clone(),
            None => return Ok(default.clone()),
        }
    }
    Ok(held)
}
