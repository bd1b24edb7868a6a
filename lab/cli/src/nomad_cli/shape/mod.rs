//! The shapes of what the command line decodes: an agent's answer becomes one of Nomad's client's structures, with
//! every field that it has and none beside.

mod check;
mod declared;
mod go;
mod text;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use lab_wire::go_json::Types;
use serde_json::{Map, Value as Json};

pub(super) use self::check::checked;
pub(super) use self::declared::{declared, written};
pub(super) use self::go::value;
pub(super) use self::text::sorted_keys;

/// The fields of each structure: its name, then `Field:type` in their order; `?` marks those that JSON leaves out where
/// they are empty.
const API: &str = include_str!("api.txt");

/// One field of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    /// Left out of JSON where it is empty.
    pub(super) is_optional: bool,
}

/// The fields of the structure called `name`, such as `api.Node`.
pub(super) fn fields(name: &str) -> Option<&'static [Field]> {
    static SHAPES: OnceLock<BTreeMap<&'static str, Vec<Field>>> = OnceLock::new();
    SHAPES.get_or_init(parse).get(name).map(Vec::as_slice)
}

fn parse() -> BTreeMap<&'static str, Vec<Field>> {
    let mut shapes: BTreeMap<&'static str, Vec<Field>> = BTreeMap::new();
    let mut current = "";
    for line in API.lines() {
        let mut words = line.split_whitespace();
        if !line.starts_with(' ') {
            current = words.next().unwrap_or_default();
            shapes.entry(current).or_default();
        }
        for word in words {
            let (name, kind) = word.split_once(':').unwrap_or((word, "string"));
            let (kind, is_optional) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
            shapes.entry(current).or_default().push(Field { name, kind, is_optional });
        }
    }
    shapes
}

/// What a type is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `*T`
    Pointer(&'static str),
    /// `[]T`
    List(&'static str),
    /// `map[string]T`
    Map(&'static str),
    /// A structure whose fields are known.
    Structure(&'static [Field]),
    /// Anything else.
    Plain,
}

/// What the type called `kind` is made of.
pub(super) fn kind(kind: &'static str) -> Kind {
    if let Some(inner) = kind.strip_prefix('*') {
        return Kind::Pointer(inner);
    }
    if let Some(inner) = kind.strip_prefix("[]") {
        return if inner == "uint8" { Kind::Plain } else { Kind::List(inner) };
    }
    if let Some((_, inner)) = kind.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
        return Kind::Map(inner);
    }
    fields(kind).map_or(Kind::Plain, Kind::Structure)
}

/// The types that JSON is read into.
pub(super) fn types() -> &'static Types {
    static TYPES: OnceLock<Types> = OnceLock::new();
    TYPES.get_or_init(|| Types::read(API))
}

/// JSON as a value of this type: fields that are missing are zero, and those that the type does not have are gone.
pub(super) fn fill(json: &Json, of: &'static str) -> Json {
    match (kind(of), json) {
        (Kind::Pointer(inner), json) if !json.is_null() => fill(json, inner),
        (Kind::Structure(fields), json) => {
            let mut object = Map::new();
            for field in fields {
                let value = fill(json.get(field.name).unwrap_or(&Json::Null), field.kind);
                if !(field.is_optional && is_empty(&value)) {
                    object.insert(field.name.to_owned(), value);
                }
            }
            Json::Object(object)
        }
        (Kind::List(inner), Json::Array(items)) => items.iter().map(|item| fill(item, inner)).collect(),
        (Kind::Map(inner), Json::Object(entries)) => {
            entries.iter().map(|(key, value)| (key.clone(), fill(value, inner))).collect::<Map<_, _>>().into()
        }
        (Kind::Plain, Json::Null) => zero(of),
        (Kind::Plain, Json::Number(number)) if of == "duration.Text" => {
            let duration = Duration::from_nanos(number.as_u64().unwrap_or_default());
            Json::String(lab_world::format_duration(duration))
        }
        (Kind::Plain, Json::String(text)) if of == "time.Time" && text.starts_with("0001-01-01") => {
            Json::Null
        }
        (_, json) => json.clone(),
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Object(entries) => entries.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::String(text) => text.is_empty(),
        Json::Bool(truth) => !truth,
        Json::Number(number) => number.as_f64() == Some(0.0),
    }
}

fn zero(of: &str) -> Json {
    match of {
        "string" | "duration.Text" => Json::String(String::new()),
        "bool" => Json::Bool(false),
        "time.Duration" => 0.into(),
        number if number.starts_with("int") && !number.starts_with("interface") => 0.into(),
        number if number.starts_with("uint") || number.starts_with("float") => 0.into(),
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_field_is_there_and_no_other() {
        let filled = fill(&json!({ "ID": "a", "SecretID": "x", "Port": 1 }), "api.ServiceRegistration");
        assert_eq!(
            filled,
            json!({ "ID": "a", "ServiceName": "", "Namespace": "", "NodeID": "", "Datacenter": "", "JobID": "",
                "AllocID": "", "Tags": null, "Address": "", "Port": 1, "CreateIndex": 0, "ModifyIndex": 0 })
        );
        assert_eq!(fill(&Json::Null, "*api.Job"), Json::Null);
        let stub = fill(&json!([{ "ID": "a", "Drivers": { "x": {} } }]), "[]*api.NodeListStub");
        assert_eq!(stub[0].get("Attributes"), None);
        assert_eq!(stub[0]["Drivers"]["x"]["Detected"], json!(false));
    }

    #[test]
    fn every_type_that_is_named_is_known() {
        let plain = |kind: &str| !kind.contains("api.");
        for (name, fields) in parse() {
            for field in fields {
                let inner = field.kind.rsplit(['*', ']']).next().unwrap_or_default();
                let known = plain(inner) || super::fields(inner).is_some() || UNUSED.contains(&inner);
                assert!(known, "{name}.{}: {}", field.name, field.kind);
            }
        }
    }

    /// What the lab's servers never answer with.
    const UNUSED: [&str; 3] = ["api.CSIInfo", "api.CSIPluginType", "api.SchedulerAlgorithm"];
}
