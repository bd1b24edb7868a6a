//! Functions on texts.

use lab_template::{Signature, Type, Value};

use super::text;
use crate::sprig::{compile, replaced};

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    use Type::{Integer, Text, Texts};
    Some(match name {
        "toLower" | "toUpper" | "toTitle" | "trimSpace" => Signature::fixed(&[Text]),
        "trim" | "trimPrefix" | "trimSuffix" | "split" | "regexMatch" => Signature::fixed(&[Text, Text]),
        "replaceAll" | "splitToMap" | "regexReplaceAll" => Signature::fixed(&[Text, Text, Text]),
        "join" => Signature::fixed(&[Text, Texts]),
        "indent" => Signature::fixed(&[Integer, Text]),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let at = |index: usize| arguments.get(index).map(text).unwrap_or_default();
    let result = match name {
        "toLower" => at(0).to_lowercase(),
        "toUpper" => at(0).to_uppercase(),
        "toTitle" => title(at(0)),
        "trimSpace" => at(0).trim().to_owned(),
        "trim" => at(1).trim_matches(|c| at(0).contains(c)).to_owned(),
        "trimPrefix" => at(1).strip_prefix(at(0)).unwrap_or(at(1)).to_owned(),
        "trimSuffix" => at(1).strip_suffix(at(0)).unwrap_or(at(1)).to_owned(),
        "replaceAll" => at(2).replace(at(0), at(1)),
        "regexMatch" => return Ok(Value::Bool(compile(at(0))?.is_match(at(1)))),
        "regexReplaceAll" => replaced(&compile(at(0))?, at(2), at(1)),
        "split" => return Ok(Value::texts(split(at(0), at(1)))),
        "splitToMap" => {
            let entries = split(at(0), at(2)).into_iter().filter_map(|entry| entry.split_once(at(1)));
            return Ok(Value::map(entries.map(|(key, value)| (key.to_owned(), Value::from(value)))));
        }
        "join" => {
            let items = arguments.get(1).and_then(Value::items).unwrap_or_default();
            items.iter().map(text).collect::<Vec<_>>().join(at(0))
        }
        "indent" => match arguments.first() {
            Some(Value::Integer(blanks)) => indent(*blanks, at(1))?,
            _ => return Err("indent value must be a positive integer".to_owned()),
        },
        _ => return Err(format!("{name:?} is not a defined function")),
    };
    Ok(Value::from(result))
}

fn split<'t>(separator: &str, joined: &'t str) -> Vec<&'t str> {
    let joined = joined.trim();
    match (joined, separator) {
        ("", _) => Vec::new(),
        (_, "") => joined.split("").filter(|letter| !letter.is_empty()).collect(),
        _ => joined.split(separator).collect(),
    }
}

/// The first letter of each word as a capital.
fn title(words: &str) -> String {
    let mut inside = false;
    words
        .chars()
        .flat_map(|c| {
            let first = c.is_alphabetic() && !inside;
            inside = c.is_alphanumeric() || c == '\'' || inside && c == '_';
            let capital = first.then(|| c.to_uppercase()).into_iter().flatten();
            capital.chain((!first).then_some(c))
        })
        .collect()
}

fn indent(blanks: i64, lines: &str) -> Result<String, String> {
    let blanks = usize::try_from(blanks).map_err(|_| "indent value must be a positive integer".to_owned())?;
    let prefix = " ".repeat(blanks.min(10_000));
    let indented = lines
        .split_inclusive('\n')
        .map(|line| if line == "\n" { line.to_owned() } else { format!("{prefix}{line}") });
    Ok(indented.collect())
}
