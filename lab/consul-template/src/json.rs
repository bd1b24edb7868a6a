//! JSON, with complaints in the words of Go's `encoding/json`.

use serde_json::Value as Json;

/// Reads a JSON text.
pub(crate) fn parse(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| match error.is_eof() {
        true => "unexpected end of JSON input".to_owned(),
        false => explain(text, &error),
    })
}

/// serde's complaint in Go's words.
fn explain(text: &str, error: &serde_json::Error) -> String {
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let start = error.column().saturating_sub(1).min(line.len());
    let Some(found) = line.get(start..).and_then(|rest| rest.chars().next()) else {
        return error.to_string();
    };
    let message = error.to_string();
    let place = match message.split(" at line").next().unwrap_or_default() {
        "expected value" => "looking for beginning of value",
        "expected `:`" => "after object key",
        "expected `,` or `}`" => "after object key:value pair",
        "expected `,` or `]`" => "after array element",
        "key must be a string" => "looking for beginning of object key string",
        "trailing characters" => "after top-level value",
        "trailing comma" => "looking for beginning of value",
        "expected ident" => return broken_literal(line, start),
        other => return other.to_owned(),
    };
    format!("invalid character '{found}' {place}")
}

/// `invalid character 'o' in literal null (expecting 'u')`
fn broken_literal(line: &str, at: usize) -> String {
    for literal in ["null", "true", "false"] {
        for length in 1..literal.len() {
            let before = at.checked_sub(length).and_then(|start| line.get(start..at));
            if before == Some(&literal[..length])
                && let Some(found) = line[at..].chars().next()
            {
                let expected = &literal[length..=length];
                return format!("invalid character '{found}' in literal {literal} (expecting '{expected}')");
            }
        }
    }
    "invalid literal".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_gos() {
        for (text, message) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("garbage", "invalid character 'g' looking for beginning of value"),
            ("nope", "invalid character 'o' in literal null (expecting 'u')"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\": 1 2}", "invalid character '2' after object key:value pair"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{1: 2}", "invalid character '1' looking for beginning of object key string"),
            ("1 2", "invalid character '2' after top-level value"),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()), "{text}");
        }
    }
}
