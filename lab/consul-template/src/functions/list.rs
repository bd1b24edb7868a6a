//! Functions on lists.

use lab_template::{Signature, Type, Value};

/// How many rounds `loop` gives at most.
const MOST: i64 = 1_000_000;

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    matches!(name, "in" | "contains" | "containsAll" | "containsAny" | "containsNone" | "containsNotAll")
        .then_some(Signature::fixed(&[Type::Any, Type::Any]))
}

pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let [first, second] = arguments else { return Err(format!("{name:?} is not a defined function")) };
    let wanted = || first.items().unwrap_or_default().iter();
    Ok(Value::Bool(match name {
        "in" => holds(first, second),
        "contains" => holds(second, first),
        "containsAll" => wanted().all(|value| holds(second, value)),
        "containsAny" => wanted().any(|value| holds(second, value)),
        "containsNone" => !wanted().any(|value| holds(second, value)),
        _ => !wanted().all(|value| holds(second, value)),
    }))
}

/// Whether a list holds a value, or a text another.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Text(whole), Value::Text(part)) => whole.contains(part.as_ref()),
        (whole, part) => whole.items().unwrap_or_default().iter().any(|item| item == part),
    }
}

/// `loop 3` and `loop 1 3`: the numbers from 0, or from the first, up to and without the last.
pub(super) fn counted(arguments: &[Value]) -> Result<Value, String> {
    let number = |value: &Value| match value {
        Value::Integer(number) => Ok(*number),
        Value::Text(text) => {
            text.parse().map_err(|_| format!("parseInt: strconv.ParseInt: parsing {text:?}: invalid syntax"))
        }
        other => Err(format!("loop: bad argument type: {}", other.type_name())),
    };
    let (start, end) = match arguments {
        [end] => (0, number(end)?),
        [start, end] => (number(start)?, number(end)?),
        other => {
            let given = other.len();
            return Err(format!("loop: wrong number of arguments, expected 1 or 2, but got {given}"));
        }
    };
    let end = end.min(start.saturating_add(MOST));
    Ok(Value::list((start..end).map(Value::Integer)))
}
