//! Names and the steps into their values.

use super::convert::{number_wanted, string_wanted};
use super::{Scope, Strangers, Value, as_number, as_string, whole};
use crate::diagnostic::{Position, Range, Report};
use crate::syntax::Step;

/// A name and steps, which stand at `range`.
pub(super) fn absolute(
    root: &str,
    steps: &[(Step, Range)],
    range: Range,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Value {
    if let Some(value) = scope.get(root) {
        return follow(value.clone(), steps, report);
    }
    let (summary, detail) = match scope.strangers {
        // Left for the client to fill in: it is the text of the interpolation.
        Strangers::ForTheClient => {
            let steps: String = steps.iter().map(|(step, _)| source(step)).collect();
            return Value::String(format!("${{{root}{steps}}}"));
        }
        Strangers::Refused if scope.has_names() => {
            let hint = crate::decode::suggestion(root, scope.all_names().into_iter());
            ("Unknown variable", format!("There is no variable named \"{root}\".{hint}"))
        }
        _ => ("Variables not allowed", "Variables may not be used here.".to_owned()),
    };
    let (column, byte) = (range.start.column + root.chars().count(), range.start.byte + root.len());
    let end = Position { column, byte, ..range.start };
    report.add(Range { end, ..range }, summary, detail);
    Value::Unknown
}

fn source(step: &Step) -> String {
    match step {
        Step::Attribute(name) => format!(".{name}"),
        Step::Index(Value::String(key)) => format!("[{key:?}]"),
        Step::Index(key) => format!("[{}]", as_string(key).unwrap_or_default()),
    }
}

/// The value that steps lead to.
pub(super) fn follow(value: Value, steps: &[(Step, Range)], report: &mut Report) -> Value {
    steps.iter().fold(value, |value, (step, range)| match step {
        Step::Attribute(name) => attribute(&value, name, *range, report),
        Step::Index(key) => index(&value, key, *range, report),
    })
}

fn attribute(value: &Value, name: &str, range: Range, report: &mut Report) -> Value {
    let detail = match value {
        Value::Unknown => return Value::Unknown,
        Value::Object(entries) => match entries.get(name) {
            Some(found) => return found.clone(),
            None => format!("This object does not have an attribute named \"{name}\"."),
        },
        Value::Null => {
            let detail = "This value is null, so it does not have any attributes.";
            report.add(range, "Attempt to get attribute from null value", detail);
            return Value::Unknown;
        }
        Value::List(_) => "This value does not have any attributes.".to_owned(),
        primitive => {
            format!("Can't access attributes on a primitive-typed value ({}).", primitive.kind_name())
        }
    };
    report.add(range, "Unsupported attribute", detail);
    Value::Unknown
}

/// `value[key]`
pub(super) fn index(value: &Value, key: &Value, range: Range, report: &mut Report) -> Value {
    match found(value, key) {
        Ok(found) => found,
        Err((summary, detail)) => {
            report.add(range, summary, detail);
            Value::Unknown
        }
    }
}

/// What the key leads to; an error is a summary and its detail.
fn found(value: &Value, key: &Value) -> Result<Value, (&'static str, String)> {
    const NOT_THERE: &str = "The given key does not identify an element in this collection value";
    let invalid = |detail: String| Err(("Invalid index", detail));
    match (value, key) {
        (Value::Null, _) => {
            let detail = "This value is null, so it does not have any indices.";
            Err(("Attempt to index null value", detail.to_owned()))
        }
        (_, Value::Null) => invalid("Can't use a null value as an indexing key.".to_owned()),
        (Value::Unknown, _) | (_, Value::Unknown) => Ok(Value::Unknown),
        (Value::List(items), key) => {
            let Some(at) = as_number(key) else {
                return invalid(format!("{NOT_THERE}: {}.", number_wanted(key)));
            };
            let item = whole(at).and_then(|at| usize::try_from(at).ok()).and_then(|at| items.get(at));
            item.cloned().map_or_else(|| invalid(format!("{NOT_THERE}{}.", why_no_item(items, at))), Ok)
        }
        (Value::Object(entries), key) => {
            let Some(name) = as_string(key) else {
                return invalid(format!("{NOT_THERE}: {}.", string_wanted(key)));
            };
            let hint = match key {
                Value::Number(_) => {
                    " An object only supports looking up attributes by name, not by numeric index."
                }
                _ => "",
            };
            entries.get(&name).cloned().map_or_else(|| invalid(format!("{NOT_THERE}.{hint}")), Ok)
        }
        _ => invalid("This value does not have any indices.".to_owned()),
    }
}

/// The real program gives a reason only up to one beyond the end.
fn why_no_item(items: &[Value], at: f64) -> &'static str {
    if at.fract() != 0.0 {
        ": indexing a sequence requires a whole number, but the given index has a fractional part"
    } else if at < 0.0 {
        ": a negative number is not a valid index for a sequence"
    } else if at > items.len() as f64 {
        ""
    } else if items.is_empty() {
        ": the collection has no elements"
    } else {
        ": the given index is greater than or equal to the length of the collection"
    }
}
