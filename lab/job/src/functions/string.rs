//! Functions on text.

use regex::Regex;

use super::{Failure, Function, Outcome, fail, integer, outside, plain, text};
use crate::eval::{Value, as_string, string_wanted};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("upper", &["str"], |given| Ok(Value::String(text(given, 0)?.to_uppercase()))),
    plain("lower", &["str"], |given| Ok(Value::String(text(given, 0)?.to_lowercase()))),
    plain("title", &["str"], title),
    plain("chomp", &["str"], |given| {
        Ok(Value::String(text(given, 0)?.trim_end_matches(['\n', '\r']).to_owned()))
    }),
    plain("trimspace", &["str"], |given| Ok(Value::String(text(given, 0)?.trim().to_owned()))),
    plain("trim", &["str", "cutset"], |given| {
        let cutset = text(given, 1)?;
        Ok(Value::String(text(given, 0)?.trim_matches(|c| cutset.contains(c)).to_owned()))
    }),
    plain("trimprefix", &["str", "prefix"], |given| {
        let (text, prefix) = (text(given, 0)?, text(given, 1)?);
        Ok(Value::String(text.strip_prefix(prefix.as_str()).unwrap_or(&text).to_owned()))
    }),
    plain("trimsuffix", &["str", "suffix"], |given| {
        let (text, suffix) = (text(given, 0)?, text(given, 1)?);
        Ok(Value::String(text.strip_suffix(suffix.as_str()).unwrap_or(&text).to_owned()))
    }),
    plain("replace", &["str", "substr", "replace"], replace),
    plain("regex_replace", &["str", "pattern", "replace"], |given| {
        let pattern = pattern(given, 1)?;
        Ok(Value::String(pattern.replace_all(&text(given, 0)?, text(given, 2)?.as_str()).into_owned()))
    }),
    plain("split", &["separator", "str"], split),
    Function { variadic: true, ..plain("join", &["separator", "lists"], join) },
    plain("substr", &["str", "offset", "length"], substr),
    plain("strlen", &["str"], |given| Ok(Value::Number(text(given, 0)?.chars().count() as f64))),
    plain("strrev", &["str"], |given| Ok(Value::String(text(given, 0)?.chars().rev().collect()))),
    plain("reverse", &["str"], |given| Ok(Value::String(text(given, 0)?.chars().rev().collect()))),
    plain("indent", &["spaces", "str"], |given| {
        let spaces = usize::try_from(integer(given, 0)?.clamp(0, 1000)).unwrap_or(0);
        Ok(Value::String(text(given, 1)?.replace('\n', &format!("\n{}", " ".repeat(spaces)))))
    }),
    outside("uuidv4", &[], |_, outside| Ok(Value::String(outside.uuid()))),
];

fn title(given: &[Value]) -> Outcome {
    let mut start = true;
    let capital = text(given, 0)?
        .chars()
        .map(|c| {
            let first = std::mem::replace(&mut start, !c.is_alphanumeric() && c != '_' && c != '\'');
            if first { c.to_uppercase().next().unwrap_or(c) } else { c }
        })
        .collect();
    Ok(Value::String(capital))
}

/// A text between slashes is a pattern.
fn replace(given: &[Value]) -> Outcome {
    let (source, wanted, with) = (text(given, 0)?, text(given, 1)?, text(given, 2)?);
    let inner =
        wanted.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|rest| !rest.is_empty());
    let replaced = match inner {
        Some(inner) => {
            let pattern = Regex::new(inner).map_err(|error| fail(error.to_string()))?;
            pattern.replace_all(&source, with.as_str()).into_owned()
        }
        None => source.replace(&wanted, &with),
    };
    Ok(Value::String(replaced))
}

fn pattern(given: &[Value], at: usize) -> Result<Regex, Failure> {
    Regex::new(&text(given, at)?).map_err(|error| Failure::Argument(at, error.to_string()))
}

fn split(given: &[Value]) -> Outcome {
    let (separator, source) = (text(given, 0)?, text(given, 1)?);
    let parts: Vec<Value> = match (separator.as_str(), source.as_str()) {
        (_, "") => vec![Value::String(String::new())],
        ("", source) => source.chars().map(|c| Value::String(c.to_string())).collect(),
        (separator, source) => source.split(separator).map(|part| Value::String(part.to_owned())).collect(),
    };
    Ok(Value::List(parts))
}

fn join(given: &[Value]) -> Outcome {
    let separator = text(given, 0)?;
    let mut parts = Vec::new();
    for (at, value) in given.iter().enumerate().skip(1) {
        let refuse = |why: String| Failure::Argument(at, why);
        let Value::List(items) = value else {
            let have = match value {
                Value::Null => "argument must not be null".to_owned(),
                Value::Object(_) => "list of string required".to_owned(),
                other => format!("list of string required, but have {}", other.kind_name()),
            };
            return Err(refuse(have));
        };
        for (place, item) in items.iter().enumerate() {
            parts.push(match item {
                Value::Null => {
                    return Err(refuse(format!("element {place} is null; cannot concatenate null values")));
                }
                item => as_string(item)
                    .ok_or_else(|| refuse(format!("element {place}: {}", string_wanted(item))))?,
            });
        }
    }
    Ok(Value::String(parts.join(&separator)))
}

fn substr(given: &[Value]) -> Outcome {
    let characters: Vec<char> = text(given, 0)?.chars().collect();
    let (offset, length) = (integer(given, 1)?, integer(given, 2)?);
    let count = characters.len() as i64;
    let start = if offset < 0 { (count + offset).max(0) } else { offset.min(count) };
    let end = if length < 0 { count } else { start.saturating_add(length).min(count) };
    let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
    Ok(Value::String(characters[range].iter().collect()))
}
