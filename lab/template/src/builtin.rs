//! The functions that Go gives every template.

use std::sync::Arc;

use crate::Value;
use crate::compare;
use crate::format::{sprint, sprintln};
use crate::functions::{Signature, Type};
use crate::printf::sprintf;

/// Whether there is a built-in function of that name.
pub(crate) fn exists(name: &str) -> bool {
    signature(name).is_some()
}

/// What a built-in function takes.
pub(crate) fn signature(name: &str) -> Option<Signature> {
    const ANY: Type = Type::Any;
    Some(match name {
        "and" | "or" | "call" | "eq" | "index" => Signature::variadic(&[ANY], ANY),
        "slice" => Signature::variadic(&[ANY], ANY),
        "html" | "js" | "urlquery" | "print" | "println" => Signature::variadic(&[], ANY),
        "printf" => Signature::variadic(&[Type::Text], ANY),
        "not" | "len" => Signature::fixed(&[ANY]),
        "ne" | "lt" | "le" | "gt" | "ge" => Signature::fixed(&[ANY, ANY]),
        _ => return None,
    })
}

/// Calls a built-in function. `and`, `or` and `call` are the machine's, since they do not take plain values.
pub(crate) fn call(name: &str, values: &[Value]) -> Result<Value, String> {
    match (name, values) {
        ("eq", [first, rest @ ..]) => compare::equal(first, rest).map(Value::Bool),
        ("ne", [one, other]) => {
            compare::equal(one, std::slice::from_ref(other)).map(|equal| Value::Bool(!equal))
        }
        ("lt", [one, other]) => compare::less(one, other).map(Value::Bool),
        ("ge", [one, other]) => compare::less(one, other).map(|less| Value::Bool(!less)),
        ("le", [one, other]) => compare::less_or_equal(one, other).map(Value::Bool),
        ("gt", [one, other]) => compare::less_or_equal(one, other).map(|most| Value::Bool(!most)),
        ("not", [value]) => Ok(Value::Bool(!value.truth())),
        ("len", [value]) => length(value),
        ("index", [value, keys @ ..]) => keys.iter().try_fold(value.clone(), |value, key| index(&value, key)),
        ("slice", [value, bounds @ ..]) => slice(value, bounds),
        ("print", values) => Ok(Value::from(sprint(values))),
        ("println", values) => Ok(Value::from(sprintln(values))),
        ("printf", [format, rest @ ..]) => {
            Ok(Value::from(sprintf(format.as_text().unwrap_or_default(), rest)))
        }
        ("html", values) => Ok(Value::from(escape_html(&joined(values)))),
        ("js", values) => Ok(Value::from(escape_js(&joined(values)))),
        ("urlquery", values) => Ok(Value::from(escape_query(&joined(values)))),
        _ => Err(format!("{name:?} is not a defined function")),
    }
}

fn length(value: &Value) -> Result<Value, String> {
    let length = match value {
        Value::Text(text) | Value::Number(text) => text.len(),
        Value::List(items) | Value::Texts(items) => items.len(),
        Value::Map(entries) => entries.len(),
        Value::Missing | Value::Nil => {
            return Err("reflect: call of reflect.Value.Type on zero Value".to_owned());
        }
        Value::NilPointer(_) => return Err("len of nil pointer".to_owned()),
        value => return Err(format!("len of type {}", value.type_name().trim_start_matches('*'))),
    };
    Ok(Value::Integer(length as i64))
}

fn index(value: &Value, key: &Value) -> Result<Value, String> {
    let at = |length: usize| match key {
        Value::Integer(number) => usize::try_from(*number)
            .ok()
            .filter(|index| *index < length)
            .ok_or_else(|| format!("index out of range: {number}")),
        Value::Missing | Value::Nil => Err("cannot index slice/array with nil".to_owned()),
        key => Err(format!("cannot index slice/array with type {}", key.type_name())),
    };
    match value {
        Value::Missing | Value::Nil => Err("index of untyped nil".to_owned()),
        Value::NilPointer(_) => Err("index of nil pointer".to_owned()),
        Value::List(items) | Value::Texts(items) => Ok(items[at(items.len())?].clone()),
        Value::Text(text) | Value::Number(text) => {
            Ok(Value::Integer(i64::from(text.as_bytes()[at(text.len())?])))
        }
        Value::Map(entries) => match key {
            Value::Text(key) => Ok(entries.get(key.as_ref()).cloned().unwrap_or(Value::Nil)),
            Value::Missing | Value::Nil => Err("value is nil; should be of type string".to_owned()),
            key => Err(format!("value has type {}; should be string", key.type_name())),
        },
        value => Err(format!("can't index item of type {}", value.type_name().trim_start_matches('*'))),
    }
}

fn slice(value: &Value, bounds: &[Value]) -> Result<Value, String> {
    let length = match value {
        Value::Missing | Value::Nil => return Err("slice of untyped nil".to_owned()),
        Value::Text(_) | Value::Number(_) if bounds.len() == 3 => {
            return Err("cannot 3-index slice a string".to_owned());
        }
        _ if bounds.len() > 3 => return Err(format!("too many slice indexes: {}", bounds.len())),
        Value::Text(text) | Value::Number(text) => text.len(),
        Value::List(items) | Value::Texts(items) => items.len(),
        value => {
            return Err(format!("can't slice item of type {}", value.type_name().trim_start_matches('*')));
        }
    };
    let mut places = [0, length];
    for (place, bound) in places.iter_mut().zip(bounds) {
        let Value::Integer(number) = bound else {
            return Err(format!("cannot index slice/array with type {}", bound.type_name()));
        };
        *place = usize::try_from(*number)
            .ok()
            .filter(|index| *index <= length)
            .ok_or_else(|| format!("index out of range: {number}"))?;
    }
    let [start, end] = places;
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}"));
    }
    Ok(match value {
        Value::List(items) => Value::list(items[start..end].iter().cloned()),
        Value::Texts(items) => Value::Texts(Arc::new(items[start..end].to_vec())),
        value => {
            let bytes = value.as_text().unwrap_or_default().as_bytes();
            Value::from(String::from_utf8_lossy(&bytes[start..end]).into_owned())
        }
    })
}

fn joined(values: &[Value]) -> String {
    match values {
        [value] if value.as_text().is_some() => value.display(),
        values => sprint(values),
    }
}

fn escape_html(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\0' => escaped.push('\u{fffd}'),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn escape_js(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\'' => escaped.push_str("\\'"),
            '"' => escaped.push_str("\\\""),
            '<' | '>' | '&' | '=' => escaped.push_str(&format!("\\u{:04X}", c as u32)),
            c if c.is_control() => escaped.push_str(&format!("\\u{:04X}", c as u32)),
            c => escaped.push(c),
        }
    }
    escaped
}

fn escape_query(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(byte as char),
            b' ' => escaped.push('+'),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
