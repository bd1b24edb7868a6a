//! Fields of objects, side by side.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::shape::{FLAT, Shape};

/// Fields by their names or paths, as texts.
pub(super) type Fields = BTreeMap<String, String>;

/// The fields of an object of some shape.
pub(super) fn of(value: &Json, shape: &Shape) -> Fields {
    let Some(object) = value.as_object() else { return Fields::new() };
    let mut fields: Fields =
        shape.defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let is_shown = |name: &String| {
        !shape.hidden.contains(&name.as_str()) && shape.parts.iter().all(|(part, _)| part != name)
    };
    for (name, value) in object.iter().filter(|(name, _)| is_shown(name)) {
        match value {
            Json::Object(entries) if FLAT.contains(&name.as_str()) => {
                fields.extend(entries.iter().map(|(key, value)| (format!("{name}[{key}]"), text(value))));
            }
            Json::Null | Json::Object(_) | Json::Array(_) => {}
            simple => drop(fields.insert(name.clone(), text(simple))),
        }
    }
    fields
}

/// Every value below another one, by its path.
pub(super) fn values(value: &Json) -> Fields {
    let mut fields = Fields::new();
    flatten(value, "", &mut fields);
    fields
}

fn flatten(value: &Json, path: &str, into: &mut Fields) {
    match value {
        Json::Object(entries) => {
            for (name, value) in entries {
                let path = if path.is_empty() { name.clone() } else { format!("{path}[{name}]") };
                flatten(value, &path, into);
            }
        }
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}[{at}]"), into);
            }
        }
        Json::Null if path.is_empty() => {}
        Json::Null => drop(into.insert(path.to_owned(), "nil".to_owned())),
        simple => drop(into.insert(path.to_owned(), text(simple))),
    }
}

/// Lists of texts, each as one text.
pub(super) fn joined(value: &Json) -> Fields {
    let lists = value.as_object().into_iter().flatten();
    let lists = lists.filter_map(|(name, list)| Some((name.clone(), list.as_array()?)));
    let lists = lists.filter(|(_, list)| !list.is_empty());
    lists.map(|(name, list)| (name, list.iter().map(text).collect::<Vec<_>>().join(","))).collect()
}

pub(super) fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What differs; with `all`, what is equal too.
pub(super) fn differences(old: &Fields, new: &Fields, all: bool) -> Vec<Json> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let none = String::new();
    names
        .into_iter()
        .map(|name| (name, old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none)))
        .filter(|(_, old, new)| all || old != new)
        .map(|(name, old, new)| difference(name, old, new))
        .collect()
}

/// One field, equal or not.
pub(super) fn difference(name: &str, old: &str, new: &str) -> Json {
    let kind = match (old == new, old.is_empty(), new.is_empty()) {
        (true, _, _) => "None",
        (_, true, _) => "Added",
        (_, _, true) => "Deleted",
        _ => "Edited",
    };
    json!({"Type": kind, "Name": name, "Old": old, "New": new, "Annotations": null})
}

/// What the kinds of differences come to; nothing where there is none.
pub(super) fn kind_of(fields: &[Json]) -> Option<&'static str> {
    let any = |kind: &str| fields.iter().any(|field| field["Type"] == kind);
    match (any("Edited"), any("Added"), any("Deleted")) {
        (true, _, _) | (_, true, true) => Some("Edited"),
        (_, true, _) => Some("Added"),
        (_, _, true) => Some("Deleted"),
        _ => None,
    }
}
