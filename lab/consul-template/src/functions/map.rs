//! Functions on maps.

use std::collections::BTreeMap;

use lab_template::{Signature, Type, Value, quote};

use crate::sprig::{entries, merge};

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    Some(match name {
        "mergeMap" | "mergeMapWithOverride" => Signature::fixed(&[Type::Map, Type::Map]),
        "explodeMap" => Signature::fixed(&[Type::Map]),
        "byTag" | "byPort" => Signature::fixed(&[Type::Any]),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let at = |index: usize| arguments.get(index).map(entries).unwrap_or_default();
    match name {
        "explodeMap" => {
            let mut exploded = BTreeMap::new();
            for (key, value) in at(0) {
                put(&mut exploded, &key, value, &key).map_err(|problem| format!("explodeMap: {problem}"))?;
            }
            Ok(Value::map(exploded))
        }
        "byTag" | "byPort" => by_field(name, arguments.first().unwrap_or(&Value::Nil)),
        _ => Ok(Value::map(merge(at(0), at(1), name == "mergeMapWithOverride"))),
    }
}

/// Services in groups: by each of their tags, or by their ports.
fn by_field(name: &str, services: &Value) -> Result<Value, String> {
    let field = |service: &Value, name: &str| match service {
        Value::Object(service) => {
            service.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        }
        _ => None,
    };
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    match services {
        Value::Nil | Value::Missing => {}
        Value::List(items) if items.iter().all(|item| matches!(item, Value::Object(_))) => {
            for service in items.iter() {
                let keys = match field(service, if name == "byTag" { "Tags" } else { "Port" }) {
                    Some(Value::Texts(tags)) => tags.iter().map(Value::display).collect(),
                    Some(port) => vec![port.display()],
                    None => Vec::new(),
                };
                for key in keys {
                    groups.entry(key).or_default().push(service.clone());
                }
            }
        }
        other => return Err(format!("{name}: wrong argument type {}", other.type_name())),
    }
    Ok(Value::map(groups.into_iter().map(|(key, services)| (key, Value::list(services)))))
}

/// Puts a value where a key with slashes leads.
fn put(map: &mut BTreeMap<String, Value>, key: &str, value: Value, whole: &str) -> Result<(), String> {
    let Some((top, rest)) = key.split_once('/') else {
        if !key.is_empty() {
            map.insert(key.to_owned(), value);
        }
        return Ok(());
    };
    let mut within = match map.get(top) {
        None => BTreeMap::new(),
        Some(held @ Value::Map(_)) => entries(held),
        Some(other) => {
            let shown = match other {
                Value::Text(text) => quote(text),
                other => format!("%!q({}={})", other.type_name(), other.display()),
            };
            return Err(format!("not a map: {}: {} already has value {shown}", quote(whole), quote(top)));
        }
    };
    put(&mut within, rest, value, key)?;
    map.insert(top.to_owned(), Value::map(within));
    Ok(())
}
