//! Nomad's answers as templates see them.

use std::sync::Arc;

use lab_template::{Object, Value};
use serde_json::Value as Json;

/// The items of a variable.
pub(super) fn variable(variable: &Json) -> Value {
    let items = variable["Items"].as_object();
    let item = |key: &str, value: &Json, parent: Option<&Value>| {
        let text = Value::from(value.as_str().unwrap_or_default());
        let mut methods = vec![("String", text.clone()), ("MarshalJSON", text.clone())];
        if let Some(parent) = parent {
            methods.extend([("Metadata", metadata(variable)), ("Parent", parent.clone())]);
        }
        let fields = vec![("Key", Value::from(key)), ("Value", text)];
        Value::Object(Arc::new(Object { type_name: ITEM, fields, methods }))
    };
    let items_in = |parent: Option<&Value>| {
        let items = items.into_iter().flatten();
        Value::map(items.map(|(key, value)| (key.clone(), item(key, value, parent))))
    };
    let mut fields = metadata_fields(variable);
    fields.push(("Items", items_in(None)));
    let methods = vec![("Metadata", metadata(variable))];
    let parent = Value::Object(Arc::new(Object { type_name: "*dependency.NomadVariable", fields, methods }));
    items_in(Some(&parent))
}

/// The type of a variable's items.
const ITEM: &str = "dependency.NomadVarItem";

/// What a method of the items of a variable gives; `None` for what is no such method, or no such items.
pub(crate) fn method(receiver: &Value, name: &str) -> Option<Value> {
    let Value::Map(items) = receiver else { return None };
    let first = match items.values().next()? {
        Value::Object(item) if item.type_name == ITEM => item,
        _ => return None,
    };
    let text = |item: &Value| Value::from(item.display());
    match name {
        "Keys" => Some(Value::texts(items.keys().map(String::as_str))),
        "Values" => Some(Value::texts(items.values().map(Value::display))),
        "Tuples" => Some(Value::list(items.iter().map(|(key, item)| {
            Value::object(
                "struct { K string; V string }",
                vec![("K", Value::from(key.as_str())), ("V", text(item))],
            )
        }))),
        "ItemsMap" => Some(Value::map(items.iter().map(|(key, item)| (key.clone(), text(item))))),
        "Metadata" | "Parent" => first.method(name).cloned(),
        _ => None,
    }
}

/// The texts of a variable's items, if the value is those.
pub(crate) fn secrets(value: &Value) -> Vec<String> {
    method(value, "Values").map(|values| texts(&values)).unwrap_or_default()
}

fn texts(values: &Value) -> Vec<String> {
    values.items().unwrap_or_default().iter().map(Value::display).collect()
}

/// The metadata of variables.
pub(super) fn variables(found: &Json) -> Value {
    Value::list(found.as_array().into_iter().flatten().map(metadata))
}

fn metadata(variable: &Json) -> Value {
    Value::Object(Arc::new(Object {
        type_name: "*dependency.NomadVarMeta",
        fields: metadata_fields(variable),
        methods: vec![("String", text(&variable["Path"]))],
    }))
}

fn metadata_fields(variable: &Json) -> Vec<(&'static str, Value)> {
    vec![
        ("Namespace", text(&variable["Namespace"])),
        ("Path", text(&variable["Path"])),
        ("CreateIndex", number(&variable["CreateIndex"])),
        ("ModifyIndex", number(&variable["ModifyIndex"])),
        ("CreateTime", number(&variable["CreateTime"])),
        ("ModifyTime", number(&variable["ModifyTime"])),
    ]
}

/// The instances of a service, those with a tag only where one is named.
pub(super) fn service(found: &Json, tag: &str) -> Value {
    let instances = found.as_array().into_iter().flatten();
    let has_tag = |instance: &&Json| {
        tag.is_empty() || instance["Tags"].as_array().into_iter().flatten().any(|known| known == tag)
    };
    Value::list(instances.filter(has_tag).map(|instance| {
        let fields = vec![
            ("ID", text(&instance["ID"])),
            ("Name", text(&instance["ServiceName"])),
            ("Node", text(&instance["NodeID"])),
            ("Address", text(&instance["Address"])),
            ("Port", number(&instance["Port"])),
            ("Datacenter", text(&instance["Datacenter"])),
            ("Tags", tags(&instance["Tags"])),
            ("JobID", text(&instance["JobID"])),
            ("AllocID", text(&instance["AllocID"])),
        ];
        Value::object("*dependency.NomadService", fields)
    }))
}

/// The services of the first namespace, in the order of their names.
pub(super) fn services(found: &Json) -> Value {
    let mut services: Vec<&Json> = found[0]["Services"].as_array().into_iter().flatten().collect();
    services.sort_by_key(|service| service["ServiceName"].as_str().unwrap_or_default());
    Value::list(services.into_iter().map(|service| {
        let fields = vec![("Name", text(&service["ServiceName"])), ("Tags", tags(&service["Tags"]))];
        Value::object("*dependency.NomadServicesSnippet", fields)
    }))
}

fn text(json: &Json) -> Value {
    Value::from(json.as_str().unwrap_or_default())
}

fn number(json: &Json) -> Value {
    Value::Integer(json.as_i64().unwrap_or_default())
}

fn tags(json: &Json) -> Value {
    let mut tags: Vec<&str> = json.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    tags.sort_unstable();
    Value::texts(tags)
}
