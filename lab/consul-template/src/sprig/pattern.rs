//! Regular expressions.

use lab_template::{Signature, Type, Value};
use regex::Regex;

use super::{Arguments, integer_at, text_at, unknown};

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    use Type::{Integer, Text};
    Some(match name {
        "regexMatch" | "regexFind" => Signature::fixed(&[Text, Text]),
        "regexFindAll" | "regexSplit" => Signature::fixed(&[Text, Text, Integer]),
        "regexReplaceAll" | "regexReplaceAllLiteral" => Signature::fixed(&[Text, Text, Text]),
        "regexQuoteMeta" => Signature::fixed(&[Text]),
        _ => return None,
    })
}

/// Calls one; those whose names begin with `must` hand their errors on, and the others stop the template or match nothing.
pub(super) fn call(name: &str, arguments: Arguments<'_>, is_must: bool) -> Result<Value, String> {
    let (pattern, text) = (text_at(arguments, 0), text_at(arguments, 1));
    if name == "regexQuoteMeta" {
        return Ok(quoted(pattern).into());
    }
    let regex = match compile(pattern) {
        Ok(regex) => regex,
        Err(error) if is_must => return Err(error),
        Err(_) if name == "regexMatch" => return Ok(Value::Bool(false)),
        Err(error) => return Err(format!("regexp: Compile({}): {error}", in_backquotes(pattern))),
    };
    let most = || usize::try_from(integer_at(arguments, 2)).unwrap_or(usize::MAX);
    Ok(match name {
        "regexMatch" => Value::Bool(regex.is_match(text)),
        "regexFind" => regex.find(text).map_or("", |found| found.as_str()).into(),
        "regexFindAll" => Value::texts(regex.find_iter(text).take(most()).map(|found| found.as_str())),
        "regexReplaceAll" => replaced(&regex, text, text_at(arguments, 2)).into(),
        "regexReplaceAllLiteral" => {
            regex.replace_all(text, regex::NoExpand(text_at(arguments, 2))).into_owned().into()
        }
        "regexSplit" => Value::texts(split(&regex, text, most())),
        _ => return unknown(name),
    })
}

/// A pattern, or Go's complaint about it.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| {
        let told = error.to_string();
        let problem = told.lines().last().unwrap_or_default();
        // The marker below the pattern shows where the problem begins.
        let place =
            told.lines().find(|line| line.trim_start().starts_with('^') && line.trim_end().ends_with('^'));
        let place = place.and_then(|line| line.find('^')).map_or(0, |column| column.saturating_sub(4));
        let rest: String = pattern.chars().skip(place).collect();
        let first: String = rest.chars().take(1).collect();
        let (complaint, shown) = if problem.contains("unclosed character class") {
            ("missing closing ]", rest.as_str())
        } else if problem.contains("unclosed group") {
            ("missing closing )", pattern)
        } else if problem.contains("unopened group") {
            ("unexpected )", pattern)
        } else if problem.contains("repetition operator missing expression") {
            ("missing argument to repetition operator", first.as_str())
        } else {
            ("invalid pattern", pattern)
        };
        format!("error parsing regexp: {complaint}: `{shown}`")
    })
}

/// Replaces what matches by a text with `$1` and `${name}` in it.
pub(crate) fn replaced(regex: &Regex, text: &str, by: &str) -> String {
    regex.replace_all(text, by).into_owned()
}

fn in_backquotes(pattern: &str) -> String {
    match pattern.contains('`') {
        true => lab_template::quote(pattern),
        false => format!("`{pattern}`"),
    }
}

/// As Go splits: an empty match at the start makes no part.
fn split(regex: &Regex, text: &str, most: usize) -> Vec<String> {
    if most == 0 {
        return Vec::new();
    }
    if text.is_empty() && !regex.as_str().is_empty() {
        return vec![String::new()];
    }
    let (mut parts, mut start, mut end) = (Vec::new(), 0, 0);
    for found in regex.find_iter(text) {
        if parts.len() + 1 == most {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(text[start..end].to_owned());
        }
        start = found.end();
    }
    if end != text.len() {
        parts.push(text[start..].to_owned());
    }
    parts
}

fn quoted(text: &str) -> String {
    let escaped = |c: char| if r"\.+*?()|[]{}^$".contains(c) { format!("\\{c}") } else { c.to_string() };
    text.chars().map(escaped).collect()
}
