//! The types of values, in the words of the decoder that Nomad uses.

use lab_hcl::{Block, Body, Item, Kind, Number, Value};

use super::table::{Field, Table, Type};

/// Checks the values in a block that messages call `path`, in the order of the table.
///
/// Errors: what the decoder says of the first value that it cannot take.
pub(super) fn check(text: &str, table: &Table, path: &str, body: &Body) -> Result<(), String> {
    for field in &table.fields {
        let path = format!("{path}.{}", field.name);
        for item in body.items.iter().filter(|item| field.is(item.name())) {
            match item {
                Item::Attribute(attribute) => value(text, &field.kind, &path, &attribute.value)?,
                Item::Block(block) => self::block(text, field, &path, block)?,
            }
        }
    }
    Ok(())
}

/// The last text of a name; a number is its own.
pub(super) fn last_text<'a>(body: &'a Body, name: &str) -> Option<&'a str> {
    let attributes = body.attributes().filter(|attribute| attribute.name.eq_ignore_ascii_case(name));
    match &attributes.last()?.value.kind {
        Kind::Number(number) => Some(number.text()),
        Kind::String(text) => Some(text),
        _ => None,
    }
}

fn value(text: &str, kind: &Type, path: &str, value: &Value) -> Result<(), String> {
    if matches!(value.kind, Kind::Null) {
        return Ok(());
    }
    let node = node_of(&value.kind);
    let refuse = |why: String| Err(format!("{}: {why}", place(text, value.span.start)));
    let number = |text: &str| Number::new(text).integer().map(drop);
    match (kind, &value.kind) {
        (Type::Any, _) => Ok(()),
        (Type::Text, Kind::String(_) | Kind::Number(_) | Kind::Bool(_)) => Ok(()),
        (Type::Text, _) => refuse(format!("{path}: unknown type for string {node}")),
        (Type::Flag, Kind::Bool(_)) => Ok(()),
        (Type::Flag, Kind::Number(number)) if !is_float(number.text()) => flag(number.text()),
        (Type::Flag, Kind::String(_)) => match text.get(value.span.start..value.span.end) {
            Some(heredoc) if heredoc.starts_with("<<") => refuse(format!("{path}: unknown type {node}")),
            written => flag(written.unwrap_or_default()),
        },
        (Type::Integer, Kind::Number(written)) if !is_float(written.text()) => number(written.text()),
        (Type::Integer, Kind::String(written)) => number(written),
        (Type::Float, Kind::Number(_)) => Ok(()),
        (Type::Flag | Type::Integer | Type::Float, _) => refuse(format!("{path}: unknown type {node}")),
        (Type::Texts, Kind::List(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, item)| self::value(text, &Type::Text, &format!("{path}[{at}]"), item)),
        (Type::Texts, _) => refuse(format!("unknown slice type: {node}")),
        (Type::Blocks(table), Kind::List(items)) => {
            items.iter().enumerate().try_for_each(|(at, item)| match &item.kind {
                Kind::Object(body) => check(text, table, &format!("{path}[{at}]"), body),
                _ => Ok(()),
            })
        }
        (Type::Blocks(_), _) => refuse(format!("unknown slice type: {node}")),
        (Type::Map, _) => refuse(format!("{path}: not an object type for map ({node})")),
        (Type::Block(_), _) => refuse(format!("{path}: not an object type for struct ({node})")),
    }
}

/// A block, or an object after an equals sign.
fn block(text: &str, field: &Field, path: &str, block: &Block) -> Result<(), String> {
    let label = block.labels.first().map(|label| label.span.start);
    let first = label.or_else(|| block.body.items.first().map(|item| item.name_span().start));
    let first = first.map_or_else(|| "At -".to_owned(), |first| place(text, first));
    let refuse = |why: &str| Err(format!("{first}: {path}: {why} *ast.ObjectList"));
    match &field.kind {
        Type::Block(table) if block.labels.is_empty() => check(text, table, path, &block.body),
        Type::Blocks(table) if !block.labels.is_empty() => {
            check(text, table, &format!("{path}[0]"), &block.body)
        }
        Type::Map if block.labels.is_empty() => block.body.attributes().try_for_each(|attribute| {
            value(text, &Type::Text, &format!("{path}.{}", attribute.name), &attribute.value)
        }),
        Type::Text => refuse("unknown type for string"),
        Type::Flag | Type::Integer | Type::Float => refuse("unknown type"),
        _ => Ok(()),
    }
}

/// A truth as it is written, quotes included.
fn flag(written: &str) -> Result<(), String> {
    match written.replace('"', "").to_lowercase().as_str() {
        "1" | "true" | "0" | "false" => Ok(()),
        _ => Err(format!("decodeBool: Unknown value for boolean: {written}")),
    }
}

fn is_float(number: &str) -> bool {
    !number.starts_with("0x") && !number.starts_with("0X") && number.contains(['.', 'e', 'E'])
}

fn node_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::List(_) => "*ast.ListType",
        Kind::Object(_) => "*ast.ObjectList",
        _ => "*ast.LiteralType",
    }
}

/// `At 3:10`, from a place in bytes.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("At {line}:{column}")
}
