//! Lists.

use lab_template::{Signature, Type, Value};

use super::number::integer;
use super::{Arguments, at, integer_at, kind, unknown};

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    use Type::{Any, Integer};
    Some(match name {
        "list" | "tuple" | "concat" => Signature::variadic(&[], Any),
        "first" | "last" | "rest" | "initial" | "reverse" | "uniq" | "compact" => Signature::fixed(&[Any]),
        "append" | "push" | "prepend" | "has" => Signature::fixed(&[Any, Any]),
        "without" | "slice" => Signature::variadic(&[Any], Any),
        "chunk" => Signature::fixed(&[Integer, Any]),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    match name {
        "list" | "tuple" => return Ok(Value::list(arguments.iter().cloned())),
        "concat" => return concatenated(arguments),
        "has" if matches!(at(arguments, 1), Value::Nil | Value::Missing) => return Ok(Value::Bool(false)),
        _ => {}
    }
    let given = at(arguments, usize::from(matches!(name, "has" | "chunk")));
    let items = match (given.items(), given) {
        (Some(items), _) => items,
        (None, Value::Missing | Value::Nil) => {
            return Err("runtime error: invalid memory address or nil pointer dereference".to_owned());
        }
        (None, other) => return Err(refusal(name, kind(other))),
    };
    let (most, other) = (items.len().saturating_sub(1), at(arguments, 1));
    Ok(match name {
        "first" => items.first().cloned().unwrap_or(Value::Nil),
        "last" => items.last().cloned().unwrap_or(Value::Nil),
        "rest" => Value::list(items.iter().skip(1).cloned()),
        "initial" => Value::list(items.iter().take(most).cloned()),
        "reverse" => Value::list(items.iter().rev().cloned()),
        "uniq" => {
            let mut seen: Vec<Value> = Vec::new();
            for item in items.iter().filter(|item| !matches!(item, Value::Missing)) {
                if !seen.contains(item) {
                    seen.push(item.clone());
                }
            }
            Value::list(seen)
        }
        "compact" => Value::list(items.iter().filter(|item| item.truth()).cloned()),
        "append" | "push" => Value::list(items.iter().chain([other]).cloned()),
        "prepend" => Value::list([other].into_iter().chain(items).cloned()),
        "has" => Value::Bool(items.contains(at(arguments, 0))),
        "without" => {
            let omitted = arguments.get(1..).unwrap_or_default();
            Value::list(items.iter().filter(|item| !omitted.contains(item)).cloned())
        }
        "slice" => sliced(given, items, arguments.get(1..).unwrap_or_default())?,
        "chunk" => chunked(integer_at(arguments, 0), items)?,
        _ => return unknown(name),
    })
}

fn refusal(name: &str, kind: &str) -> String {
    match name {
        "slice" => format!("list should be type of slice or array but {kind}"),
        "append" | "push" => format!("Cannot push on type {kind}"),
        "prepend" => format!("Cannot prepend on type {kind}"),
        "chunk" => format!("Cannot chunk type {kind}"),
        "compact" => format!("Cannot compact on type {kind}"),
        _ => format!("Cannot find {name} on type {kind}"),
    }
}

fn concatenated(lists: &[Value]) -> Result<Value, String> {
    let mut all = Vec::new();
    for list in lists {
        let items = list.items().ok_or_else(|| format!("Cannot concat type {} as list", kind(list)))?;
        all.extend(items.iter().cloned());
    }
    Ok(Value::list(all))
}

fn sliced(given: &Value, items: &[Value], bounds: &[Value]) -> Result<Value, String> {
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let place = |bound: Option<&Value>, usual: usize| bound.map_or(usual as i64, integer);
    let (start, end) = (place(bounds.first(), 0), place(bounds.get(1), items.len()));
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let part = range.and_then(|(start, end)| items.get(start..end));
    let part = part.ok_or("reflect.Value.Slice: slice index out of bounds")?.iter().cloned();
    Ok(match given {
        Value::Texts(_) => Value::Texts(part.collect::<Vec<_>>().into()),
        _ => Value::list(part),
    })
}

fn chunked(size: i64, items: &[Value]) -> Result<Value, String> {
    match usize::try_from(size) {
        Ok(size) if size > 0 => {
            Ok(Value::list(items.chunks(size).map(|chunk| Value::list(chunk.iter().cloned()))))
        }
        _ => Err("runtime error: makeslice: len out of range".to_owned()),
    }
}
