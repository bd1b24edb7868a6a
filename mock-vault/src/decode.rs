//! Values of HCL as the real server's decoder takes them where it wants one of a kind, with its complaints.

use lab_hcl::{Body, Kind, Number, Value};
use serde_json::{Map, Value as Json, json};

/// `At 1:8`, the place of an offset in a text.
pub(crate) fn place(text: &str, offset: usize) -> String {
    let before = &text[..offset.min(text.len())];
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("At {}:{column}", before.matches('\n').count() + 1)
}

/// What the decoder calls a value.
pub(crate) fn node(value: &Value) -> &'static str {
    match &value.kind {
        Kind::List(_) => "*ast.ListType",
        Kind::Object(_) => "*ast.ObjectType",
        _ => "*ast.LiteralType",
    }
}

/// The text of an attribute, which messages call `field`; whole numbers have one.
pub(crate) fn plain_text(text: &str, body: &Body, name: &str, field: &str) -> Result<Option<String>, String> {
    let Some(value) = single(text, body, name, field, " for string")? else { return Ok(None) };
    match &value.kind {
        Kind::String(text) => Ok(Some(text.clone())),
        Kind::Number(number) if is_whole(number.text()) => Ok(Some(number.text().to_owned())),
        _ => Err(wrong(text, value, field, " for string")),
    }
}

/// The whole number of an attribute, which may be written as a text.
pub(crate) fn whole_number(text: &str, body: &Body, name: &str) -> Result<Option<i64>, String> {
    let Some(value) = single(text, body, name, name, "")? else { return Ok(None) };
    match &value.kind {
        Kind::Number(number) if is_whole(number.text()) => Ok(number.integer().ok()),
        Kind::String(text) => Number::new(text.as_str()).integer().map(Some),
        _ => Err(wrong(text, value, name, "")),
    }
}

/// The truth of an attribute, which must be written as one.
pub(crate) fn truth(text: &str, body: &Body, name: &str) -> Result<Option<bool>, String> {
    let Some(value) = single(text, body, name, name, "")? else { return Ok(None) };
    match &value.kind {
        Kind::Bool(truth) => Ok(Some(*truth)),
        _ => Err(wrong(text, value, name, "")),
    }
}

fn single<'b>(
    text: &str,
    body: &'b Body,
    name: &str,
    field: &str,
    what: &str,
) -> Result<Option<&'b Value>, String> {
    if let Some(block) = body.blocks().find(|block| block.kind.eq_ignore_ascii_case(name)) {
        let first = block.body.items.first().map(|item| place(text, item.name_span().start));
        let place = first.unwrap_or_else(|| "At -".to_owned());
        return Err(format!("{place}: root.{field}: unknown type{what} *ast.ObjectList"));
    }
    let named = body.attributes().filter(|attribute| attribute.name.eq_ignore_ascii_case(name));
    Ok(named.last().map(|attribute| &attribute.value))
}

fn wrong(text: &str, value: &Value, field: &str, what: &str) -> String {
    format!("{}: root.{field}: unknown type{what} {}", place(text, value.span.start), node(value))
}

fn is_whole(number: &str) -> bool {
    !number.contains(['.', 'e', 'E']) || number.starts_with("0x")
}

/// A body where nothing is known of its fields: blocks are lists of objects, and what is said twice adds up.
pub(crate) fn to_json(body: &Body) -> Map<String, Json> {
    let mut object = Map::new();
    for item in &body.items {
        match item.as_block() {
            None => {}
            Some(block) => {
                let mut inner = to_json(&block.body);
                for label in block.labels.iter().rev() {
                    inner = [(label.text.clone(), json!([inner]))].into_iter().collect();
                }
                match object.get_mut(&block.kind) {
                    Some(Json::Array(list)) => list.push(inner.into()),
                    _ => {
                        object.insert(block.kind.clone(), json!([inner]));
                    }
                }
            }
        }
        if let Some(attribute) = item.as_attribute() {
            object.insert(attribute.name.clone(), value_to_json(&attribute.value));
        }
    }
    object
}

/// A value where nothing is known of its kind.
pub(crate) fn value_to_json(value: &Value) -> Json {
    match &value.kind {
        Kind::String(text) => text.as_str().into(),
        Kind::Bool(flag) => (*flag).into(),
        Kind::Number(number) => match number.integer() {
            Ok(integer) => integer.into(),
            Err(_) => number.text().parse::<f64>().map_or_else(|_| number.text().into(), Json::from),
        },
        Kind::List(items) => items.iter().map(value_to_json).collect(),
        Kind::Object(body) => to_json(body).into(),
        Kind::Null | Kind::Expression(_) => Json::Null,
    }
}
