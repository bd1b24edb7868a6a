//! `eq`, `lt` and their kin.

use crate::Value;
use crate::printf::sprintf;

/// What Go compares values as.
#[derive(Clone, Copy, PartialEq)]
enum Basic {
    Bool,
    Integer,
    Float,
    Text,
}

fn basic(value: &Value) -> Option<Basic> {
    match value {
        Value::Bool(_) => Some(Basic::Bool),
        Value::Integer(_) => Some(Basic::Integer),
        Value::Float(_) => Some(Basic::Float),
        Value::Text(_) | Value::Number(_) => Some(Basic::Text),
        _ => None,
    }
}

/// Whether `first` equals any of the others.
pub(crate) fn equal(first: &Value, others: &[Value]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for other in others {
        let equal = match (basic(first), basic(other)) {
            (one, another) if one != another => {
                if !is_nothing(first) && !is_nothing(other) {
                    return Err(incompatible(first, other));
                }
                false
            }
            (Some(_), Some(_)) => match (first.as_text(), other.as_text()) {
                (Some(one), Some(another)) => one == another,
                _ => first == other,
            },
            _ => {
                check_comparable(first)?;
                check_comparable(other)?;
                is_nil(first) && is_nil(other) || first == other
            }
        };
        if equal {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Missing | Value::Nil)
}

fn is_nil(value: &Value) -> bool {
    matches!(value, Value::Missing | Value::Nil | Value::NilPointer(_))
}

fn check_comparable(value: &Value) -> Result<(), String> {
    match value {
        Value::List(_) | Value::Texts(_) | Value::Map(_) => {
            let shown = sprintf("%s", std::slice::from_ref(value));
            Err(format!("non-comparable type {shown}: {}", value.type_name()))
        }
        _ => Ok(()),
    }
}

fn incompatible(one: &Value, other: &Value) -> String {
    format!("incompatible types for comparison: {} and {}", one.type_name(), other.type_name())
}

/// Whether `one` is less than `other`.
pub(crate) fn less(one: &Value, other: &Value) -> Result<bool, String> {
    const INVALID: &str = "invalid type for comparison";
    let first = basic(one).ok_or(INVALID)?;
    let second = basic(other).ok_or(INVALID)?;
    if first != second {
        return Err(incompatible(one, other));
    }
    match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => Ok(one < other),
        (Value::Float(one), Value::Float(other)) => Ok(one < other),
        (one, other) => match (one.as_text(), other.as_text()) {
            (Some(one), Some(other)) => Ok(one < other),
            _ => Err(INVALID.to_owned()),
        },
    }
}

/// Whether `one` is less than or equal to `other`.
pub(crate) fn less_or_equal(one: &Value, other: &Value) -> Result<bool, String> {
    Ok(less(one, other)? || equal(one, std::slice::from_ref(other))?)
}
