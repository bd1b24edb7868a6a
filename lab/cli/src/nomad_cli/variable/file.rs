//! A variable as a file.

use lab_hcl::{Body, Item, Kind, Value, hcl1};
use lab_wire::go_json;
use serde_json::{Map, Value as Json, json};

use crate::nomad_cli::json::Look;
use crate::nomad_cli::shape;
use crate::nomad_cli::weak::{self, Loose};

/// What a file may hold, in exactly this spelling.
const KEYS: [&str; 7] =
    ["namespace", "path", "create_index", "modify_index", "create_time", "modify_time", "items"];

/// The variable that a text specifies. A `path` or a `namespace` given beside it goes before its own, and makes it another
/// one, whose index is nobody's.
///
/// Errors: what the real program says of it.
pub(super) fn read(text: &str, is_json: bool, path: &str, namespace: &str) -> Result<Json, String> {
    if text.is_empty() {
        return Ok(json!({ "Path": path, "Namespace": namespace, "Items": {}, "ModifyIndex": 0 }));
    }
    let mut variable = match is_json {
        true => from_json(text).map_err(|told| format!("error unmarshaling json: {told}"))?,
        false => from_hcl(text).map_err(|told| format!("error parsing hcl: {told}"))?,
    };
    for (field, given) in [("Namespace", namespace), ("Path", path)] {
        if !given.is_empty() && variable.text(field) != given {
            variable[field] = given.into();
            variable["ModifyIndex"] = 0.into();
        }
    }
    Ok(variable)
}

fn from_json(text: &str) -> Result<Json, String> {
    let read =
        shape::checked(&go_json::unmarshal(text)?, "api.Variable", ("Variable", "")).map_err(|told| {
            told.replace(
                "Variable.Items of type map[string]string",
                "Variable.Items of type api.VariableItems",
            )
        })?;
    let of = |field: &str, usual: Json| {
        Some(read.at(field)).filter(|value| !value.is_null()).cloned().unwrap_or(usual)
    };
    let items = sorted_texts(&of("Items", json!({})));
    let mut variable = json!({
        "Namespace": of("Namespace", "".into()),
        "Path": of("Path", "".into()),
        "ModifyIndex": of("ModifyIndex", 0.into()),
        "Items": items,
    });
    if read.at("Lock").is_object() {
        variable["Lock"] = read.at("Lock").clone();
    }
    Ok(variable)
}

/// The texts of an object; what is null is an empty one.
fn sorted_texts(items: &Json) -> Json {
    let text = |(key, value): (&String, &Json)| (key.clone(), value.as_str().unwrap_or_default().into());
    Json::Object(items.as_object().into_iter().flatten().map(text).collect())
}

fn from_hcl(text: &str) -> Result<Json, String> {
    let body = hcl1::parse(text).map_err(|error| error.message)?;
    let unknown: Vec<&str> = body.items.iter().map(Item::name).filter(|name| !KEYS.contains(name)).collect();
    if !unknown.is_empty() {
        let plural = if unknown.len() == 1 { "error" } else { "errors" };
        let lines: String = unknown.iter().map(|name| format!("\t* invalid key: {name}\n")).collect();
        return Err(format!("{} {plural} occurred:\n{lines}\n", unknown.len()));
    }
    for (name, wanted) in [
        ("create_index", "must be integer; got"),
        ("modify_index", "must be integer; got"),
        ("create_time", "must be a int64; got a"),
        ("modify_time", "must be a int64; got a"),
    ] {
        let Some(item) = body.items.iter().rev().find(|item| item.name() == name) else { continue };
        let (kind, shown) = shown(item);
        if kind != "int" {
            return Err(format!("{name} {wanted} ({kind}) {shown}"));
        }
    }
    let text = |own: &str, name: &str| match weak::field(&body, own, &[]) {
        Some(loose) => loose.text(name),
        None => Ok(String::new()),
    };
    let index =
        weak::field(&body, "modify_index", &[]).map(|loose| loose.number("ModifyIndex")).transpose()?;
    Ok(json!({
        "Namespace": text("namespace", "Namespace")?,
        "Path": text("path", "Path")?,
        "ModifyIndex": index.unwrap_or_default(),
        "Items": items(&body)?,
    }))
}

fn items(body: &Body) -> Result<Map<String, Json>, String> {
    let mut items = Map::new();
    let mut at = 0;
    for item in body.items.iter().filter(|item| item.name() == "items") {
        match item {
            Item::Attribute(attribute) => {
                let kind = Loose::Value(&attribute.value).kind();
                let told =
                    format!("'Items' expected type 'api.VariableItems', got unconvertible type '{kind}'");
                return Err(weak::failed(&told));
            }
            Item::Block(block) => {
                for inner in &block.body.items {
                    let loose = match inner {
                        Item::Attribute(attribute) => Loose::Value(&attribute.value),
                        Item::Block(_) => Loose::Blocks,
                    };
                    let name = format!("Items[{at}][{}]", inner.name());
                    items.insert(inner.name().to_owned(), loose.text(&name)?.into());
                }
                at += 1;
            }
        }
    }
    Ok(items)
}

/// A value's type and itself, as Go prints them.
fn shown(item: &Item) -> (&'static str, String) {
    match item {
        Item::Attribute(attribute) => (Loose::Value(&attribute.value).kind(), printed(&attribute.value)),
        Item::Block(block) => ("[]map[string]interface {}", format!("[{}]", of_body(&block.body))),
    }
}

fn of_body(body: &Body) -> String {
    let entry = |item: &Item| format!("{}:{}", item.name(), shown(item).1);
    format!("map[{}]", body.items.iter().map(entry).collect::<Vec<_>>().join(" "))
}

fn printed(value: &Value) -> String {
    match &value.kind {
        Kind::String(text) | Kind::Expression(text) => text.clone(),
        Kind::Number(number) => number.text().to_owned(),
        Kind::Bool(truth) => truth.to_string(),
        Kind::Null => "<nil>".to_owned(),
        Kind::List(items) => format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(" ")),
        Kind::Object(body) => of_body(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_the_real_program_reads_them() {
        let read = |text: &str| read(text, false, "", "");
        let good = read("path = \"a/b\"\nitems {\n  k = true\n  n = 5\n}\nmodify_index = 3\n").expect("good");
        assert_eq!(good["Items"], json!({ "k": "1", "n": "5" }));
        assert_eq!((good["Path"].as_str(), good["ModifyIndex"].as_u64()), (Some("a/b"), Some(3)));
        for (text, told) in [
            ("lock {\n ttl = \"1s\"\n}", "error parsing hcl: 1 error occurred:\n\t* invalid key: lock\n\n"),
            (
                "create_index {\n a = \"b\"\n}",
                "error parsing hcl: create_index must be integer; got ([]map[string]interface {}) [map[a:b]]",
            ),
            (
                "items {\n l = [\"a\"]\n}",
                "error parsing hcl: decoding failed due to the following error(s):\n\n'Items[0][l]' expected type 'string', got unconvertible type '[]interface {}'",
            ),
        ] {
            assert_eq!(read(text), Err(told.to_owned()), "{text}");
        }
        let json = super::read("{\"Items\": \"x\"}", true, "", "");
        assert_eq!(
            json,
            Err("error unmarshaling json: json: cannot unmarshal string into Go struct field Variable.Items of type api.VariableItems".to_owned())
        );
        let moved = super::read("{\"Path\": \"a\", \"ModifyIndex\": 7}", true, "b", "").expect("good");
        assert_eq!((moved["Path"].as_str(), moved["ModifyIndex"].as_u64()), (Some("b"), Some(0)));
    }
}
