//! JSON as what a template computes with.

use std::sync::Arc;

use lab_template::{Object, Value};
use serde_json::Value as Json;

use super::{Field, Kind, kind};

/// JSON as a value of this type, whose fields a template can name.
pub(in crate::nomad_cli) fn value(json: &Json, of: &'static str) -> Value {
    match (kind(of), json) {
        (Kind::Pointer(_), Json::Null) => Value::NilPointer(of),
        (Kind::Pointer(inner), json) => match kind(inner) {
            Kind::Structure(_) => structure(json, inner, of),
            _ => value(json, inner),
        },
        (Kind::Structure(_), json) => structure(json, of, of),
        (Kind::List(inner), json) => {
            let items = json.as_array().into_iter().flatten().map(|item| value(item, inner));
            if inner == "string" { Value::Texts(Arc::new(items.collect())) } else { Value::list(items) }
        }
        (Kind::Map(inner), json) => {
            let entries = json.as_object().into_iter().flatten();
            Value::map(entries.map(|(key, entry)| (key.clone(), value(entry, inner))))
        }
        (Kind::Plain, json) => plain(json, of),
    }
}

fn structure(json: &Json, of: &'static str, type_name: &'static str) -> Value {
    let Kind::Structure(fields) = kind(of) else { return plain(json, of) };
    let null = Json::Null;
    // What JSON leaves out can be named, and is no field of what becomes JSON again.
    let (left_out, fields): (Vec<&Field>, Vec<&Field>) =
        fields.iter().partition(|f| f.is_optional && json.get(f.name).is_none());
    let field = |name: &str| json.get(name).unwrap_or(&null);
    Value::Object(Arc::new(Object {
        type_name,
        fields: fields.iter().map(|f| (f.name, value(field(f.name), f.kind))).collect(),
        methods: left_out.iter().map(|f| (f.name, value(&null, f.kind))).collect(),
    }))
}

fn plain(json: &Json, of: &str) -> Value {
    match json {
        Json::Number(number) if !of.starts_with("float") => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::from_json(json),
        },
        Json::Null if of == "string" || of == "time.Time" => Value::from(""),
        Json::Null if of == "bool" => Value::Bool(false),
        json => Value::from_json(json),
    }
}
