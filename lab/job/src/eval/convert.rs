//! Values of one kind where another is wanted.

use super::Value;
use super::whole;

/// As a string: numbers and truths have one.
pub(crate) fn as_string(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) if number.is_infinite() => {
            Some(if *number > 0.0 { "+Inf" } else { "-Inf" }.to_owned())
        }
        Value::Number(number) if *number == 0.0 && number.is_sign_negative() => Some("-0".to_owned()),
        Value::Number(number) => {
            Some(whole(*number).map_or_else(|| number.to_string(), |whole| whole.to_string()))
        }
        _ => None,
    }
}

/// As a number: strings that are one have it.
pub(crate) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// As a truth.
pub(crate) fn as_truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Why a value is no string.
pub(crate) fn string_wanted(value: &Value) -> String {
    format!("string required, but have {}", value.kind_name())
}

/// Why a value is no number.
pub(crate) fn number_wanted(value: &Value) -> String {
    match value {
        Value::String(_) => "a number is required".to_owned(),
        other => format!("number required, but have {}", other.kind_name()),
    }
}

/// Why a value is no truth.
pub(crate) fn truth_wanted(value: &Value) -> String {
    match value {
        Value::String(_) => "a bool is required".to_owned(),
        other => format!("bool required, but have {}", other.kind_name()),
    }
}
