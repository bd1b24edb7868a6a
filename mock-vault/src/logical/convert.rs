//! Conversion of request parameters, as lenient and with the same complaints as the real server's.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::logical::parse::parse_seconds;
use crate::logical::request::Data;

/// What a parameter is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text; numbers and booleans become text.
    Text,
    /// Text in lower case.
    LowerText,
    /// A whole number.
    Number,
    /// `true` or `false` in any of Go's spellings.
    Flag,
    /// Seconds, never negative.
    Seconds,
    /// Seconds, negative ones too.
    SignedSeconds,
    /// A list; a single value becomes a list of one.
    List,
    /// A list; text is split at commas.
    CommaList,
    /// An object.
    Object,
    /// An object of texts, or a list of `key=value`.
    Pairs,
    /// Anything.
    Any,
}

impl Kind {
    /// Whether it is read as seconds.
    pub(crate) fn is_duration(self) -> bool {
        matches!(self, Self::Seconds | Self::SignedSeconds)
    }
}

/// A converted parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Converted {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<String>),
    Object(Data),
    Pairs(BTreeMap<String, String>),
    Any,
}

/// Reads `value` as `kind`. Errors: the text that follows `error converting input for field "x": `.
pub(crate) fn convert(kind: Kind, value: &Value) -> Result<Converted, String> {
    match kind {
        Kind::Text => text(value).map(Converted::Text),
        Kind::LowerText => text(value).map(|text| Converted::Text(text.to_lowercase())),
        Kind::Number => number(value).map(Converted::Number),
        Kind::Flag => flag(value).map(Converted::Flag),
        Kind::SignedSeconds => parse_seconds(value).map(Converted::Number),
        Kind::Seconds => match parse_seconds(value)? {
            seconds if seconds < 0 => Err(format!("cannot provide negative value '{seconds}'")),
            seconds => Ok(Converted::Number(seconds)),
        },
        Kind::List => list(value, false).map(Converted::List),
        Kind::CommaList => list(value, true).map(Converted::List),
        Kind::Object => object(value).map(Converted::Object),
        Kind::Pairs => pairs(value).map(Converted::Pairs),
        Kind::Any => Ok(Converted::Any),
    }
}

fn text(value: &Value) -> Result<String, String> {
    scalar(value).ok_or_else(|| unconvertible("", "string", value))
}

/// The text of a scalar, as mapstructure's weak decoding gives it.
fn scalar(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => String::from(if *flag { "1" } else { "0" }),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

fn number(value: &Value) -> Result<i64, String> {
    let text = match value {
        Value::Bool(flag) => return Ok(i64::from(*flag)),
        value => scalar(value).ok_or_else(|| unconvertible("", "int", value))?,
    };
    if text.is_empty() {
        return Ok(0);
    }
    text.parse()
        .map_err(|_| format!("cannot parse '' as int: strconv.ParseInt: parsing {text:?}: invalid syntax"))
}

/// A boolean in any of Go's spellings.
pub(crate) fn flag(value: &Value) -> Result<bool, String> {
    let text = match value {
        Value::Bool(flag) => return Ok(*flag),
        value => scalar(value).ok_or_else(|| unconvertible("", "bool", value))?,
    };
    match text.as_str() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("cannot parse '' as bool: strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

fn list(value: &Value, commas: bool) -> Result<Vec<String>, String> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::String(text) if text.is_empty() => return Ok(Vec::new()),
        Value::String(text) if commas => {
            return Ok(text.split(',').map(|item| item.trim().to_owned()).collect());
        }
        Value::Object(object) if object.is_empty() => return Ok(Vec::new()),
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut texts = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let text = scalar(item).ok_or_else(|| {
            format!("1 error(s) decoding:\n\n* {}", unconvertible(&format!("[{at}]"), "string", item))
        })?;
        texts.push(if commas { text.trim().to_owned() } else { text });
    }
    Ok(texts)
}

fn object(value: &Value) -> Result<Data, String> {
    match value {
        Value::Null => Ok(Data::new()),
        Value::Object(object) => Ok(object.clone()),
        // Several are put one over the other.
        Value::Array(items) => items.iter().enumerate().try_fold(Data::new(), |mut whole, (at, item)| {
            let Value::Object(object) = item else {
                return Err(format!("'[{at}]' expected a map, got '{}'", go_kind(item)));
            };
            whole.extend(object.clone());
            Ok(whole)
        }),
        other => Err(format!("'' expected a map, got '{}'", go_kind(other))),
    }
}

fn pairs(value: &Value) -> Result<BTreeMap<String, String>, String> {
    match value {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| scalar(value).map(|text| (key.clone(), text)))
            .collect::<Option<_>>()
            .ok_or_else(|| format!("1 error(s) decoding:\n\n* {}", unconvertible("[0]", "string", value))),
        Value::Array(items) => items.iter().map(pair).collect(),
        Value::String(text) if text.trim_start().starts_with('{') => {
            let parsed: Value = serde_json::from_str(text).map_err(|_| unpaired(text))?;
            pairs(&parsed)
        }
        single => Ok(BTreeMap::from([pair(single)?])),
    }
}

fn pair(item: &Value) -> Result<(String, String), String> {
    let text = scalar(item).unwrap_or_default();
    let (key, value) = text.split_once('=').ok_or_else(|| unpaired(&text))?;
    Ok((key.to_owned(), value.to_owned()))
}

fn unpaired(text: &str) -> String {
    format!("invalid key pair {text:?}")
}

fn unconvertible(name: &str, wanted: &str, value: &Value) -> String {
    let go = go_type(value);
    format!("'{name}' expected type '{wanted}', got unconvertible type '{go}', value: '{}'", go_print(value))
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(_) | Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(_) => "json.Number",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as Go's `%v` prints it.
pub(crate) fn go_print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_print).collect::<Vec<_>>().join(" ")),
        Value::Object(object) => {
            let items: BTreeMap<_, _> = object.iter().collect();
            let items: Vec<String> =
                items.iter().map(|(key, value)| format!("{key}:{}", go_print(value))).collect();
            format!("map[{}]", items.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_convert_weakly() {
        assert_eq!(convert(Kind::Text, &json!(true)), Ok(Converted::Text("1".into())));
        assert_eq!(convert(Kind::Flag, &json!("true")), Ok(Converted::Flag(true)));
        assert_eq!(convert(Kind::Number, &json!("12")), Ok(Converted::Number(12)));
        assert_eq!(
            convert(Kind::CommaList, &json!("a, b")),
            Ok(Converted::List(vec!["a".into(), "b".into()]))
        );
        assert_eq!(convert(Kind::List, &json!("a, b")), Ok(Converted::List(vec!["a, b".into()])));
        assert_eq!(
            convert(Kind::Pairs, &json!(["a=b=c"])),
            Ok(Converted::Pairs([("a".to_owned(), "b=c".to_owned())].into()))
        );
    }

    #[test]
    fn complaints_are_those_of_the_real_server() {
        for (kind, value, text) in [
            (
                Kind::Flag,
                json!("maybe"),
                "cannot parse '' as bool: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (
                Kind::Flag,
                json!([]),
                "'' expected type 'bool', got unconvertible type '[]interface {}', value: '[]'",
            ),
            (
                Kind::Number,
                json!(1.5),
                "cannot parse '' as int: strconv.ParseInt: parsing \"1.5\": invalid syntax",
            ),
            (Kind::Seconds, json!(-1), "cannot provide negative value '-1'"),
            (
                Kind::Text,
                json!({"a": 1}),
                "'' expected type 'string', got unconvertible type 'map[string]interface {}', value: 'map[a:1]'",
            ),
            (Kind::Object, json!("x"), "'' expected a map, got 'string'"),
            (
                Kind::CommaList,
                json!([1, {"a": 2}]),
                "1 error(s) decoding:\n\n* '[1]' expected type 'string', got unconvertible type 'map[string]interface {}', value: 'map[a:2]'",
            ),
        ] {
            assert_eq!(convert(kind, &value), Err(text.to_owned()));
        }
    }
}
