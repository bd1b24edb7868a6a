//! Whether an expression is true of a value.

use std::collections::BTreeMap;

use lab_pki::quote;
use regex::Regex;
use serde_json::Value;

use super::expression::{Expression, Operator};

/// Names that `any` and `all` give to what they look at.
type Names = BTreeMap<String, Value>;

pub(super) fn matches(expression: &Expression, value: &Value) -> Result<bool, String> {
    holds(expression, value, &Names::new())
}

fn holds(expression: &Expression, value: &Value, names: &Names) -> Result<bool, String> {
    match expression {
        Expression::Or(one, other) => Ok(holds(one, value, names)? || holds(other, value, names)?),
        Expression::And(one, other) => Ok(holds(one, value, names)? && holds(other, value, names)?),
        Expression::Not(inner) => Ok(!holds(inner, value, names)?),
        Expression::Each { all, selector, names: given, inner } => {
            each(*all, &find(selector, value, names)?, given, inner, value, names)
        }
        Expression::Match { selector, operator, value: wanted } => {
            compare(selector, *operator, wanted, value, names)
        }
    }
}

fn each(
    all: bool,
    found: &Found,
    given: &[String],
    inner: &Expression,
    value: &Value,
    names: &Names,
) -> Result<bool, String> {
    let pairs: Vec<(Value, Value)> = match found {
        Found::Value(Value::Array(items)) => {
            items.iter().enumerate().map(|(index, item)| (index.into(), item.clone())).collect()
        }
        Found::Value(Value::Object(fields)) => {
            fields.iter().map(|(name, value)| (name.as_str().into(), value.clone())).collect()
        }
        _ => Vec::new(),
    };
    let is_map = matches!(found, Found::Value(Value::Object(_)));
    for (key, item) in pairs {
        let mut names = names.clone();
        match given {
            [key_name, value_name] => {
                names.insert(key_name.clone(), key);
                names.insert(value_name.clone(), item);
            }
            [name, ..] => drop(names.insert(name.clone(), if is_map { key } else { item })),
            [] => {}
        }
        if holds(inner, value, &names)? != all {
            return Ok(!all);
        }
    }
    Ok(all)
}

/// What a selector leads to.
enum Found {
    Value(Value),
    /// A key that a map does not have.
    Absent,
}

fn find(path: &[String], value: &Value, names: &Names) -> Result<Found, String> {
    let (mut place, first) = match path.first().and_then(|name| names.get(name)) {
        Some(named) => (named, 1),
        None => (value, 0),
    };
    for (index, name) in path.iter().enumerate().skip(first) {
        let fault = |text: String| {
            Err(format!("error finding value in datum: /{} at part {index}: {text}", path.join("/")))
        };
        place = match place {
            Value::Object(fields) => match fields.get(name) {
                Some(found) => found,
                // Only objects of the API have fields that start with a capital; anything else is a map of the user's.
                None if index == first && first == 0 && is_object(fields) => {
                    return fault(format!("couldn't find key: struct field with name {}", quote(name)));
                }
                None => return Ok(Found::Absent),
            },
            Value::Array(items) => match name.parse::<usize>() {
                Ok(number) => match items.get(number) {
                    Some(found) => found,
                    None => {
                        return fault(format!("index {number} is out of range (length = {})", items.len()));
                    }
                },
                Err(_) => return fault(format!("couldn't convert value {} to type int", quote(name))),
            },
            Value::Null => return Ok(Found::Absent),
            other => return fault(format!("invalid value kind: {}", kind(other))),
        };
    }
    Ok(Found::Value(place.clone()))
}

fn is_object(fields: &serde_json::Map<String, Value>) -> bool {
    fields.keys().all(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
}

fn compare(
    path: &[String],
    operator: Operator,
    wanted: &str,
    value: &Value,
    names: &Names,
) -> Result<bool, String> {
    use Operator::{
        Contains, Equal, IsEmpty, IsNil, IsNotEmpty, IsNotNil, Matches, NotContains, NotEqual, NotMatches,
    };
    let negated = matches!(operator, NotEqual | NotContains | NotMatches | IsNotEmpty | IsNotNil);
    let Found::Value(found) = find(path, value, names)? else {
        return Ok(negated != matches!(operator, IsEmpty | IsNotEmpty));
    };
    let refuse = |operation: &str| {
        Err(format!(
            "cannot perform {operation} operations on type {} for selector: {}",
            kind(&found),
            quote(&path.join("."))
        ))
    };
    let holds = match operator {
        Equal | NotEqual => match &found {
            Value::Array(_) | Value::Object(_) | Value::Null => return refuse("equality"),
            scalar => equals(scalar, wanted)?,
        },
        Contains | NotContains => match &found {
            Value::String(text) => text.contains(wanted),
            Value::Array(items) => {
                let mut any = false;
                for item in items {
                    any |= equals(item, wanted)?;
                }
                any
            }
            Value::Object(fields) => fields.contains_key(wanted),
            Value::Null => false,
            _ => return refuse("in/contains"),
        },
        Matches | NotMatches => match &found {
            Value::String(text) => pattern(wanted)?.is_match(text),
            _ => return refuse("matches"),
        },
        IsEmpty | IsNotEmpty => match &found {
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => return refuse("is-empty"),
        },
        IsNil | IsNotNil => match &found {
            Value::Null => true,
            Value::Array(_) | Value::Object(_) => false,
            _ => return refuse("is-nil"),
        },
    };
    Ok(holds != negated)
}

fn equals(value: &Value, wanted: &str) -> Result<bool, String> {
    let unreadable = |what: &str| {
        format!(
            "error getting match value in expression: strconv.{what}: parsing {}: invalid syntax",
            quote(wanted)
        )
    };
    match value {
        Value::String(text) => Ok(text == wanted),
        Value::Bool(flag) => match wanted {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(*flag),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(!*flag),
            _ => Err(unreadable("ParseBool")),
        },
        Value::Number(number) if number.is_f64() => {
            let wanted: f64 = wanted.parse().map_err(|_| unreadable("ParseFloat"))?;
            Ok(number.as_f64() == Some(wanted))
        }
        Value::Number(number) => {
            let wanted: i128 = wanted.parse().map_err(|_| unreadable("ParseInt"))?;
            Ok(number.as_i128() == Some(wanted))
        }
        _ => Ok(false),
    }
}

fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        let shown = error.to_string();
        let reason = if shown.contains("unclosed character class") {
            format!("missing closing ]: `{}`", &text[text.rfind('[').unwrap_or(0)..])
        } else if shown.contains("unclosed group") {
            format!("missing closing ): `{text}`")
        } else if shown.contains("repetition operator missing") {
            format!("missing argument to repetition operator: `{}`", text.get(..1).unwrap_or_default())
        } else {
            format!("invalid escape sequence: `{text}`")
        };
        format!("failed to compile regular expression {}: error parsing regexp: {reason}", quote(text))
    })
}

/// What Go calls the kind of such a value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}
