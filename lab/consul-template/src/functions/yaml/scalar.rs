//! What a word means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab_template::Value;

const TAGS: &str = "tag:yaml.org,2002:";

/// What a scalar with or without a tag means.
pub(super) fn value(text: &str, tag: Option<&str>, is_plain: bool) -> Result<Value, String> {
    let Some(tag) = tag else { return Ok(if is_plain { resolve(text) } else { Value::from(text) }) };
    let Some(kind @ ("str" | "bool" | "int" | "float" | "null" | "timestamp" | "binary")) =
        tag.strip_prefix(TAGS)
    else {
        return Ok(Value::from(text));
    };
    if kind == "binary" {
        let bytes = STANDARD.decode(text.replace(['\n', '\r'], ""));
        let bytes = bytes.map_err(|_| "!!binary value contains invalid base64 data")?;
        return Ok(Value::from(String::from_utf8_lossy(&bytes).as_ref()));
    }
    let found = if kind == "str" { Value::from(text) } else { resolve(text) };
    let found_kind = match found {
        Value::Nil => "null",
        Value::Bool(_) => "bool",
        Value::Integer(_) => "int",
        Value::Float(_) => "float",
        _ => "str",
    };
    match found {
        Value::Integer(number) if kind == "float" => Ok(Value::Float(number as f64)),
        found if kind == found_kind => Ok(found),
        _ => Err(format!("cannot decode !!{found_kind} `{text}` as a !!{kind}")),
    }
}

/// Nothing, a truth, a number, or else a text. Dates are texts.
fn resolve(text: &str) -> Value {
    let in_one_case =
        [text.to_lowercase(), text.to_uppercase(), capitalized(text)].iter().any(|form| form == text);
    if in_one_case || text.len() == 1 {
        match text.to_lowercase().as_str() {
            "" | "~" | "null" => return Value::Nil,
            "y" | "yes" | "on" | "true" => return Value::Bool(true),
            "n" | "no" | "off" | "false" => return Value::Bool(false),
            ".nan" => return Value::Float(f64::NAN),
            ".inf" | "+.inf" => return Value::Float(f64::INFINITY),
            "-.inf" => return Value::Float(f64::NEG_INFINITY),
            _ => {}
        }
    }
    number(text).unwrap_or_else(|| Value::from(text))
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect()
    })
}

fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return None;
    }
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let whole = |base, digits: &str| {
        let is_plain = digits.starts_with(|c: char| c.is_ascii_alphanumeric());
        is_plain.then(|| i64::from_str_radix(&format!("{sign}{digits}"), base).ok()).flatten()
    };
    let found = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => whole(16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => whole(2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => whole(8, &digits[2..]),
        [b'0', _, ..] => whole(8, &digits[1..]),
        _ => whole(10, digits),
    };
    if let Some(number) = found {
        return Some(Value::Integer(number));
    }
    if plain.parse::<u64>().is_ok() {
        return Some(Value::from(plain.as_str()));
    }
    let is_float = digits.contains(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    is_float.then(|| plain.parse().ok().map(Value::Float)).flatten()
}
