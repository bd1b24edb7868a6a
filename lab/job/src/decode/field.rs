//! Attributes with their types.

use std::rc::Rc;

use lab_world::parse_duration;
use serde_json::{Map, Value as Json};

use super::{Context, Names};
use crate::diagnostic::Report;
use crate::eval::{
    Value, as_number, as_string, as_truth, evaluate, number_wanted, string_wanted, truth_wanted, whole,
};
use crate::syntax::{Attribute, Expression};

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Integer,
    Truth,
    /// Nanoseconds; written as text with units, or as a number of them.
    Duration,
    Texts,
    /// An object of texts.
    TextMap,
}

/// What stands in the job where the file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    Null,
    /// The zero value of the type.
    Zero,
}

/// An attribute of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its name in the file.
    pub(super) name: &'static str,
    /// Its name in the job.
    pub(super) json: &'static str,
    pub(super) kind: Type,
    pub(super) absent: Absent,
    pub(super) required: bool,
}

/// A field that is null where it is absent.
pub(super) const fn maybe(name: &'static str, json: &'static str, kind: Type) -> Field {
    Field { name, json, kind, absent: Absent::Null, required: false }
}

/// A field that is empty, zero or false where it is absent.
pub(super) const fn plain(name: &'static str, json: &'static str, kind: Type) -> Field {
    Field { name, json, kind, absent: Absent::Zero, required: false }
}

/// A field that must be there.
pub(super) const fn required(name: &'static str, json: &'static str, kind: Type) -> Field {
    Field { name, json, kind, absent: Absent::Zero, required: true }
}

/// The fields of a body by their names in the job. Attributes that are not among them are another's business.
pub(super) fn fields(
    fields: &[Field],
    attributes: &[Attribute],
    names: &[Rc<Names>],
    context: &mut Context<'_, '_>,
) -> Map<String, Json> {
    let mut decoded = Map::new();
    for field in fields {
        let attribute = attributes.iter().find(|attribute| attribute.name == field.name);
        let value = attribute.and_then(|attribute| {
            let value = context.within(names, |scope, report| evaluate(&attribute.value, scope, report));
            if value == Value::Null {
                refuse_null(field, &attribute.value, context.report);
            }
            convert(field.kind, &value, &attribute.value, context)
        });
        decoded.insert(field.json.to_owned(), value.unwrap_or_else(|| zero(field)));
    }
    decoded
}

/// Reports a null where the field has no place for one.
fn refuse_null(field: &Field, expression: &Expression, report: &mut Report) {
    match (field.kind, field.absent) {
        (Type::Duration, _) => {
            report.add(expression.start, "Unsuitable value", "Unsuitable duration value: nil");
        }
        (Type::Text | Type::Integer | Type::Truth, Absent::Zero) => {
            report.add(expression.start, UNSUITABLE, "Unsuitable value: null value is not allowed");
        }
        _ => {}
    }
}

/// What stands for a field that is absent.
pub(super) fn zero(field: &Field) -> Json {
    match (field.absent, field.kind) {
        (Absent::Null, _) | (_, Type::Texts | Type::TextMap) => Json::Null,
        (Absent::Zero, Type::Text) => "".into(),
        (Absent::Zero, Type::Truth) => false.into(),
        (Absent::Zero, _) => 0.into(),
    }
}

/// A value in the shape that the field wants; `None` where it was null, or was not of that shape, which is reported.
pub(super) fn convert(
    kind: Type,
    value: &Value,
    expression: &Expression,
    context: &mut Context<'_, '_>,
) -> Option<Json> {
    if *value == Value::Null {
        return None;
    }
    let deep = matches!(
        (kind, value),
        (Type::Texts, Value::List(_))
            | (Type::TextMap, Value::Object(_))
            | (Type::Texts | Type::TextMap, Value::Unknown)
    );
    let shaped = if kind != Type::Duration && *value == Value::Unknown || deep && value.has_unknown() {
        Err("Unsuitable value: value must be known".to_owned())
    } else {
        shaped(kind, value)
    };
    shaped.map_err(|why| context.report.add(expression.start, UNSUITABLE, why)).ok()
}

const UNSUITABLE: &str = "Unsuitable value type";

/// A text that must be there; what is none is reported.
pub(crate) fn text_of(value: &Value, expression: &Expression, report: &mut Report) -> Option<String> {
    let text = as_string(value);
    if text.is_none() {
        let why = match value {
            Value::Unknown => "value must be known".to_owned(),
            Value::Null => "null value is not allowed".to_owned(),
            other => string_wanted(other),
        };
        report.add(expression.start, UNSUITABLE, format!("Unsuitable value: {why}"));
    }
    text
}

fn shaped(kind: Type, value: &Value) -> Result<Json, String> {
    let unsuitable = |why: String| format!("Unsuitable value: {why}");
    match kind {
        Type::Text => text(value).map(Json::from).map_err(unsuitable),
        Type::Integer => {
            let number = as_number(value).ok_or_else(|| unsuitable(number_wanted(value)))?;
            whole(number).map(Json::from).ok_or_else(|| unsuitable(not_whole()))
        }
        Type::Truth => as_truth(value).map(Json::from).ok_or_else(|| unsuitable(truth_wanted(value))),
        Type::Duration => duration(value),
        Type::Texts => texts(value).map_err(unsuitable),
        Type::TextMap => text_map(value).map_err(unsuitable),
    }
}

fn text(value: &Value) -> Result<String, String> {
    as_string(value).ok_or_else(|| string_wanted(value))
}

fn texts(value: &Value) -> Result<Json, String> {
    let Value::List(items) = value else {
        return Err(format!("list of string required, but have {}", value.kind_name()));
    };
    let item = |(at, item): (usize, &Value)| match item {
        Value::Null => Err("null value is not allowed".to_owned()),
        item => text(item).map_err(|why| format!("element {at}: {why}")),
    };
    items.iter().enumerate().map(item).collect::<Result<Vec<_>, _>>().map(Json::from)
}

fn text_map(value: &Value) -> Result<Json, String> {
    let Value::Object(entries) = value else {
        return Err(format!("map of string required, but have {}", value.kind_name()));
    };
    let entry = |(key, value): (&String, &Value)| match text(value) {
        Ok(text) => Ok((key.clone(), Json::from(text))),
        Err(why) => Err(format!("element \"{key}\": {why}")),
    };
    entries.iter().map(entry).collect::<Result<Map<_, _>, _>>().map(Json::Object)
}

fn duration(value: &Value) -> Result<Json, String> {
    if let Value::Number(number) = value {
        let nanos = whole(*number);
        return nanos.map(Json::from).ok_or_else(|| format!("Unsuitable value: {}", not_whole()));
    }
    let Value::String(text) = value else {
        return Err(format!("Unsuitable value: expected a string but found {}", go_type(value)));
    };
    let (sign, rest) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    match parse_duration(rest) {
        Ok(duration) => Ok((sign * i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)).into()),
        Err(_) => Err(format!("Unsuitable duration value: {}", go_duration_fault(text))),
    }
}

fn not_whole() -> String {
    format!("value must be a whole number, between {} and {}", i64::MIN, i64::MAX)
}

/// A value's type as Go prints its inside.
fn go_type(value: &Value) -> String {
    match value {
        Value::Unknown | Value::Null => "{{{}}}".to_owned(),
        Value::Bool(_) => "{{{} %!s(cty.primitiveTypeKind=66)}}".to_owned(),
        Value::Number(_) => "{{{} %!s(cty.primitiveTypeKind=78)}}".to_owned(),
        Value::String(_) => "{{{} %!s(cty.primitiveTypeKind=83)}}".to_owned(),
        Value::List(items) => {
            let types: Vec<String> = items.iter().map(go_type).collect();
            format!("{{{{{{}} [{}]}}}}", types.join(" "))
        }
        Value::Object(entries) => {
            let types: Vec<String> =
                entries.iter().map(|(name, value)| format!("{name}:{}", go_type(value))).collect();
            format!("{{{{{{}} map[{}] map[]}}}}", types.join(" "))
        }
    }
}

/// Why Go does not read a duration.
fn go_duration_fault(text: &str) -> String {
    let quoted = quote(text);
    let rest = text.trim_start_matches(['+', '-']);
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if digits.len() == rest.len() {
        return format!("time: invalid duration {quoted}");
    }
    let unit: String = digits.chars().take_while(|c| !c.is_ascii_digit() && *c != '.').collect();
    match unit.as_str() {
        "" => format!("time: missing unit in duration {quoted}"),
        "ns" | "us" | "µs" | "ms" | "s" | "m" | "h" => format!("time: invalid duration {quoted}"),
        unit => format!("time: unknown unit {} in duration {quoted}", quote(unit)),
    }
}

/// A text as Go's package for times quotes it: everything beyond printable ASCII by its bytes.
fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=0x7f => quoted.push(char::from(byte)),
            byte => quoted += &format!("\\x{byte:02x}"),
        }
    }
    quoted.push('"');
    quoted
}
