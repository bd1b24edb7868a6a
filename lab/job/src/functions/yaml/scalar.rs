//! What a word of YAML means.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use saphyr_parser::ScalarStyle;

use crate::eval::Value;

const TAGS: &str = "tag:yaml.org,2002:";

/// What a scalar with or without a tag means.
pub(super) fn value(tag: &str, text: &str, style: ScalarStyle) -> Result<Value, String> {
    let kind = match (tag, tag.strip_prefix(TAGS)) {
        ("", _) => "",
        (_, Some(kind @ ("str" | "bool" | "int" | "float" | "null" | "timestamp" | "binary"))) => kind,
        _ => return Err(format!("unsupported tag {tag:?}")),
    };
    let refuse = || format!("cannot parse {text:?} as {tag}");
    let first = text.chars().next();
    let hinted = first.is_none_or(|c| c.is_ascii_digit() || "+-.yYnNtTfFoO~".contains(c));
    if hinted && !matches!(kind, "str" | "binary") {
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            return Ok(Value::String(text.to_owned()));
        }
        if let Some(word) = word(text) {
            return Ok(word);
        }
        if kind.is_empty() && matches!(text, ".nan" | ".NaN" | ".NAN") {
            return Err("floating point NaN is not supported".to_owned());
        }
        let moment = if matches!(kind, "" | "timestamp") { moment(text) } else { None };
        if let Some(moment) = moment {
            return Ok(Value::String(moment));
        }
        if matches!(first, Some('0'..='9' | '+' | '-' | '.')) && looks_like_number(text) {
            return number(text).ok_or_else(refuse);
        }
    }
    match kind {
        "" | "str" => Ok(Value::String(text.to_owned())),
        "binary" => match STANDARD.decode(text) {
            Ok(_) => Ok(Value::String(text.to_owned())),
            Err(_) => Err(format!("{}: not valid base64", refuse())),
        },
        "int" | "float" => number(text).ok_or_else(refuse),
        "null" => Ok(Value::Null),
        _ => Err(refuse()),
    }
}

fn word(text: &str) -> Option<Value> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Number(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Number(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn looks_like_number(text: &str) -> bool {
    static NUMBER: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern =
        r"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)$";
    let number = NUMBER.get_or_init(|| Regex::new(pattern).ok());
    number.as_ref().is_some_and(|number| number.is_match(text))
}

fn number(text: &str) -> Option<Value> {
    let plain = text.replace('_', "");
    let whole = |digits: &str, base| i64::from_str_radix(digits, base).ok().map(|number| number as f64);
    let found = plain.parse().ok().filter(|number: &f64| number.is_finite());
    let found = found
        .or_else(|| whole(plain.strip_prefix("0x")?, 16))
        .or_else(|| whole(plain.strip_prefix("0o")?, 8))
        .or_else(|| whole(plain.strip_prefix("0b")?, 2));
    found.map(Value::Number)
}

/// A day or a moment as RFC 3339 has it, without fractions.
fn moment(text: &str) -> Option<String> {
    static MOMENT: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?(Z|[-+]\d\d:\d\d))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?))?$";
    let found = MOMENT.get_or_init(|| Regex::new(pattern).ok()).as_ref()?.captures(text)?;
    let part = |at: usize| found.get(at).map(|part| part.as_str());
    let number = |at: usize, other: usize| -> Option<u16> {
        part(at).or_else(|| part(other)).map_or(Some(0), |text| text.parse().ok())
    };
    let (year, month, day) =
        (number(1, 1)?, u8::try_from(number(2, 2)?).ok()?, u8::try_from(number(3, 3)?).ok()?);
    let month = ::time::Month::try_from(month).ok()?;
    let date = ::time::Date::from_calendar_date(year.into(), month, day).ok()?;
    let (hour, minute, second) = (number(4, 8)?, number(5, 9)?, number(6, 10)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let zone = part(7).unwrap_or("Z");
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{zone}"))
}
