//! Jobs that come as JSON, with every field that the API's job has: the tables say which.

use serde_json::{Map, Value as Json};

use super::block::{Appears, Table};
use super::field::zero;

/// An object with the table's fields, and those of the blocks in it.
pub(super) fn object(table: &Table, given: &Json) -> Map<String, Json> {
    let mut complete = Map::new();
    if let Some(name) = table.label {
        complete.insert(name.to_owned(), present(given, name).unwrap_or_else(|| "".into()));
    }
    for field in table.fields {
        complete.insert(field.json.to_owned(), present(given, field.json).unwrap_or_else(|| zero(field)));
    }
    for inner in table.blocks {
        let value = match inner.appears {
            Appears::Elsewhere => continue,
            Appears::Object => {
                present(given, inner.json).map(|value| Json::Object(object(inner.table, &value)))
            }
            Appears::List => list(given, inner.json, |value| Json::Object(object(inner.table, value))),
            Appears::TextMap | Appears::TextsMap => present(given, inner.json),
        };
        complete.insert(inner.json.to_owned(), value.unwrap_or(Json::Null));
    }
    complete
}

/// A field that is there and not null.
pub(super) fn present(given: &Json, name: &str) -> Option<Json> {
    given.get(name).filter(|value| !value.is_null()).cloned()
}

/// A list with each of its elements completed.
pub(super) fn list(given: &Json, name: &str, each: impl Fn(&Json) -> Json) -> Option<Json> {
    match given.get(name)? {
        Json::Array(items) => Some(items.iter().map(each).collect()),
        Json::Null => None,
        other => Some(other.clone()),
    }
}

/// Adds fields that no table has: as given, or else the default.
pub(super) fn add(complete: &mut Map<String, Json>, given: &Json, fields: Json) {
    if let Json::Object(fields) = fields {
        for (name, default) in fields {
            let value = present(given, &name).unwrap_or(default);
            complete.insert(name, value);
        }
    }
}

/// The fields of constraints and affinities.
pub(super) fn rules(complete: &mut Map<String, Json>, given: &Json) {
    let text = |value: &Json, name: &str| present(value, name).unwrap_or_else(|| "".into());
    let constraint = |value: &Json| {
        let rule = ["LTarget", "RTarget", "Operand"].map(|name| (name.to_owned(), text(value, name)));
        Json::Object(rule.into_iter().collect())
    };
    let affinity = |value: &Json| {
        let mut rule = constraint(value);
        rule["Weight"] = value.get("Weight").cloned().unwrap_or(Json::Null);
        rule
    };
    let constraints = list(given, "Constraints", constraint).unwrap_or(Json::Null);
    let affinities = list(given, "Affinities", affinity).unwrap_or(Json::Null);
    complete.insert("Constraints".to_owned(), constraints);
    complete.insert("Affinities".to_owned(), affinities);
}
