//! Defaults, conditions, types, and values from JSON.

use lab_template::{Signature, Type, Value};
use lab_wire::go_json;

use super::{Arguments, at, kind, text_at, unknown};

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    use Type::{Any, Bool, Text};
    Some(match name {
        "default" => Signature::variadic(&[Any], Any),
        "coalesce" | "all" | "any" => Signature::variadic(&[], Any),
        "empty" | "deepCopy" | "typeOf" | "kindOf" | "toJson" | "toRawJson" | "toPrettyJson" => {
            Signature::fixed(&[Any])
        }
        "ternary" => Signature::fixed(&[Any, Any, Bool]),
        "fromJson" | "fail" => Signature::fixed(&[Text]),
        "typeIs" | "typeIsLike" | "kindIs" => Signature::fixed(&[Text, Any]),
        "deepEqual" => Signature::fixed(&[Any, Any]),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    let first = at(arguments, 0);
    Ok(match (name, arguments) {
        ("default", [default, given, ..]) => if given.truth() { given } else { default }.clone(),
        ("default", _) => first.clone(),
        ("coalesce", given) => given.iter().find(|value| value.truth()).cloned().unwrap_or(Value::Nil),
        ("all", given) => Value::Bool(given.iter().all(Value::truth)),
        ("any", given) => Value::Bool(given.iter().any(Value::truth)),
        ("empty", _) => Value::Bool(!first.truth()),
        ("deepCopy", _) => copied(first),
        ("ternary", [yes, no, Value::Bool(test)]) => if *test { yes } else { no }.clone(),
        ("fromJson", _) => Value::from_json(&go_json::unmarshal(text_at(arguments, 0))?),
        ("fail", _) => return Err(text_at(arguments, 0).to_owned()),
        ("typeOf", _) => Value::from(type_of(first)),
        ("kindOf", _) => Value::from(kind(first)),
        ("typeIs", [wanted, value]) => Value::Bool(wanted.as_text() == Some(type_of(value))),
        ("typeIsLike", [wanted, value]) => {
            let (wanted, held) = (wanted.as_text().unwrap_or_default(), type_of(value));
            Value::Bool(wanted == held || held.strip_prefix('*') == Some(wanted))
        }
        ("kindIs", [wanted, value]) => Value::Bool(wanted.as_text() == Some(kind(value))),
        ("deepEqual", [one, other]) => Value::Bool(one == other),
        _ => return unknown(name),
    })
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Missing | Value::Nil => "<nil>",
        value => value.type_name(),
    }
}

/// A value that shares no map with its original.
fn copied(value: &Value) -> Value {
    match value {
        Value::Map(entries) => Value::map(entries.iter().map(|(key, value)| (key.clone(), copied(value)))),
        Value::List(items) => Value::list(items.iter().map(copied)),
        other => other.clone(),
    }
}
