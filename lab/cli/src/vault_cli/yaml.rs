//! YAML as the real program's library writes it.

use std::cmp::Ordering;

use serde_json::Value;

/// A value in YAML's block form, with keys in order and a line end after the last line.
pub(super) fn yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_block(&mut out, value, 0),
        Value::Array(items) if !items.is_empty() => write_block(&mut out, value, 0),
        scalar => {
            out.push_str(&inline(scalar, 0, 0));
            out.push('\n');
        }
    }
    out
}

/// The lines of a map or list that has elements.
fn write_block(out: &mut String, value: &Value, depth: usize) {
    let indent = " ".repeat(depth);
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by(|(one, _), (other, _)| natural(one, other));
            for (key, value) in entries {
                let key = scalar(key, 0, 0);
                let column = depth + key.chars().count() + 2;
                out.push_str(&format!("{indent}{key}:"));
                write_behind(out, value, depth, column);
            }
        }
        Value::Array(items) => {
            for item in items {
                out.push_str(&format!("{indent}-"));
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        let mut lines = String::new();
                        write_block(&mut lines, item, depth + 2);
                        out.push(' ');
                        out.push_str(lines.trim_start());
                    }
                    Value::Array(inner) if !inner.is_empty() => {
                        let mut lines = String::new();
                        write_block(&mut lines, item, depth + 2);
                        out.push(' ');
                        out.push_str(lines.trim_start());
                    }
                    scalar => out.push_str(&format!(" {}\n", inline(scalar, depth + 2, depth + 2))),
                }
            }
        }
        _ => {}
    }
}

/// What stands behind a key: on its line, from this column on, or below it.
fn write_behind(out: &mut String, value: &Value, depth: usize, column: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            write_block(out, value, depth + 2);
        }
        // Lists stand no deeper than their key.
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            write_block(out, value, depth);
        }
        scalar => out.push_str(&format!(" {}\n", inline(scalar, depth + 2, column))),
    }
}

/// The order of keys: words by their letters, and numbers in them by their size.
fn natural(one: &str, other: &str) -> Ordering {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let first = one.iter().zip(&other).position(|(a, b)| a != b);
    let Some(at) = first else { return one.len().cmp(&other.len()) };
    let (a, b) = (one[at], other[at]);
    if a.is_alphabetic() && b.is_alphabetic() {
        return a.cmp(&b);
    }
    if a.is_alphabetic() || b.is_alphabetic() {
        // What is no letter comes first.
        return a.is_alphabetic().cmp(&b.is_alphabetic());
    }
    let number = |text: &[char]| {
        let digits: String = text[at..].iter().take_while(|c| c.is_ascii_digit()).collect();
        (digits.parse::<u64>().unwrap_or_default(), digits.len())
    };
    number(&one).cmp(&number(&other)).then(a.cmp(&b))
}

fn inline(value: &Value, depth: usize, column: usize) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => scalar(text, depth, column),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
    }
}

/// A string that begins in this column: plain where it cannot be taken for something else, otherwise quoted or as a block
/// of lines.
fn scalar(text: &str, depth: usize, column: usize) -> String {
    if text.contains('\n') && text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()) {
        let chomp = match text {
            text if !text.ends_with('\n') => "|-",
            text if text.ends_with("\n\n") => "|+",
            _ => "|",
        };
        let indent = " ".repeat(depth);
        let line = |line: &str| if line.is_empty() { String::new() } else { format!("{indent}{line}") };
        let lines: Vec<String> = text.strip_suffix('\n').unwrap_or(text).split('\n').map(line).collect();
        return format!("{chomp}\n{}", lines.join("\n"));
    }
    if means_something_else(text) || text.chars().any(char::is_control) {
        return Value::from(text).to_string();
    }
    let text = if needs_quotes(text) { format!("'{}'", text.replace('\'', "''")) } else { text.to_owned() };
    folded(&text, depth, column)
}

/// How wide a line may be before it goes on below.
const WIDTH: usize = 80;

/// A text in lines that end at the first single blank beyond the width.
fn folded(text: &str, depth: usize, mut column: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let chars: Vec<char> = text.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let is_single = c == ' '
            && (at == 0 || chars[at - 1] != ' ')
            && chars.get(at + 1).is_some_and(|next| *next != ' ');
        if is_single && column > WIDTH && at > 0 {
            out.push('\n');
            out.push_str(&" ".repeat(depth));
            column = depth;
        } else {
            out.push(c);
            column += 1;
        }
    }
    out
}

/// Whether YAML would read it as something that is no string.
fn means_something_else(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words = [
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", "-.inf", "+.inf",
        ".nan",
    ];
    let is_number = || {
        let digits = text.trim_start_matches(['-', '+']).replace('_', "");
        digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && (digits.parse::<f64>().is_ok()
                || digits.strip_prefix("0x").is_some_and(|hex| u64::from_str_radix(hex, 16).is_ok()))
    };
    words.contains(&lower.as_str()) || is_number() || is_time(text)
}

/// `2026-11-22`, and what goes on from there as a time.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_date = (0..4).all(digit)
        && bytes.get(4) == Some(&b'-')
        && digit(5)
        && digit(6)
        && bytes.get(7) == Some(&b'-')
        && digit(8)
        && digit(9);
    is_date && matches!(bytes.get(10), None | Some(b'T' | b't' | b' '))
}

fn needs_quotes(text: &str) -> bool {
    text.starts_with(|c: char| "-?:,[]{}#&*!|>'\"%@` ".contains(c)) && !is_plain_dash(text)
        || text.ends_with([' ', ':'])
        || text.contains(": ")
        || text.contains(" #")
}

/// `-x`, `?x` and `:x` are plain as long as no blank follows the sign.
fn is_plain_dash(text: &str) -> bool {
    let mut chars = text.chars();
    matches!(chars.next(), Some('-' | '?' | ':')) && chars.next().is_some_and(|c| c != ' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_as_the_real_program_prints_them() {
        let value = json!({
            "data": {"a": "path \"a\" {\n  x\n}\n", "b": "@x", "c": "1", "d": "true", "e": "<&>", "f": "", "n": 2},
            "list": ["x", null, true, {"a": 1, "b": []}],
            "time": "2026-11-22T07:15:32Z",
            "warnings": null,
            "n": {},
            "url": "http://a/b",
            "w": "a: b"
        });
        let wanted = r#"data:
  a: |
    path "a" {
      x
    }
  b: '@x'
  c: "1"
  d: "true"
  e: <&>
  f: ""
  "n": 2
list:
- x
- null
- true
- a: 1
  b: []
"n": {}
time: "2026-11-22T07:15:32Z"
url: http://a/b
w: 'a: b'
warnings: null
"#;
        assert_eq!(yaml(&value), wanted);
        assert_eq!(yaml(&json!("x")), "x\n");
        assert_eq!(yaml(&json!([])), "[]\n");
    }
}
