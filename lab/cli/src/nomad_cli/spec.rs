//! Small specification files: those of namespaces, node pools and variables, in HCL or JSON.

use lab_hcl::{Body, Item, Kind, Value, hcl1};
use lab_wire::go_json;
use serde_json::{Map, Value as Json, json};

use super::command::{Fault, fail};
use crate::stand_in::file_error;

/// What a file says.
///
/// Errors: what is wrong with it.
pub(super) fn read(text: &str, is_json: bool) -> Result<Json, String> {
    if is_json || text.trim_start().starts_with('{') {
        return go_json::unmarshal(text);
    }
    hcl1::parse(text).map(|body| object(&body)).map_err(|error| error.to_string())
}

/// Writes an example to a file that there must not be yet.
pub(super) fn write_example(name: &str, text: &str) -> Result<(), Fault> {
    if std::fs::exists(name).unwrap_or_default() {
        return fail(format!("File {name:?} already exists"));
    }
    std::fs::write(name, text).map_err(|error| {
        Fault::Told(format!("Failed to write {name:?}: {}", file_error("open", name.as_ref(), &error)))
    })
}

/// A body as an object: blocks are objects below their kinds and labels.
fn object(body: &Body) -> Json {
    let mut object = Map::new();
    for item in &body.items {
        match item {
            Item::Attribute(attribute) => {
                object.insert(attribute.name.clone(), plain(&attribute.value));
            }
            Item::Block(block) => {
                let inner = self::object(&block.body);
                let nested = block
                    .labels
                    .iter()
                    .rev()
                    .fold(inner, |inner, label| json!({ label.text.as_str(): inner }));
                object.insert(block.kind.clone(), nested);
            }
        }
    }
    Json::Object(object)
}

fn plain(value: &Value) -> Json {
    match &value.kind {
        Kind::String(text) | Kind::Expression(text) => text.as_str().into(),
        Kind::Number(number) => match (number.integer(), number.float()) {
            (Ok(number), _) => number.into(),
            (Err(_), Some(number)) => number.into(),
            _ => number.text().into(),
        },
        Kind::Bool(truth) => (*truth).into(),
        Kind::Null => Json::Null,
        Kind::List(items) => items.iter().map(plain).collect(),
        Kind::Object(body) => object(body),
    }
}

/// A namespace as the API has it.
pub(super) fn namespace(read: &Json) -> Json {
    let field = |own: &str, usual: &str| read.get(own).or_else(|| read.get(usual)).cloned();
    let mut namespace = Map::new();
    for (own, usual) in
        [("name", "Name"), ("description", "Description"), ("quota", "Quota"), ("meta", "Meta")]
    {
        if let Some(value) = field(own, usual) {
            namespace.insert(usual.to_owned(), value);
        }
    }
    if let Some(own) = field("capabilities", "Capabilities") {
        let list = |name: &str| own.get(name).cloned().unwrap_or(Json::Null);
        namespace.insert(
            "Capabilities".to_owned(),
            json!({
                "EnabledTaskDrivers": list("enabled_task_drivers"),
                "DisabledTaskDrivers": list("disabled_task_drivers"),
                "EnabledNetworkModes": list("enabled_network_modes"),
                "DisabledNetworkModes": list("disabled_network_modes"),
            }),
        );
    }
    Json::Object(namespace)
}
