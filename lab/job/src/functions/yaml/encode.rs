//! A value as YAML: blocks, texts in double quotes, and those of several lines as they are.

use crate::eval::{Value, as_string};

/// The longest key that stands before a colon; others have a question mark.
const MOST_KEY: usize = 128;

/// A value as a document.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::List(items) if !items.is_empty() => list(items, 0, &mut out),
        Value::Object(entries) if !entries.is_empty() => {
            map(entries.iter(), 0, &mut out);
        }
        other => {
            scalar(other, 2, &mut out);
            end_line(&mut out);
            // A word that stands alone could go on.
            if !matches!(other, Value::String(_) | Value::List(_) | Value::Object(_)) {
                out.push_str("...\n");
            }
        }
    }
    out
}

/// Items below each other at `indent`; the first stands where the text is.
fn list(items: &[Value], indent: usize, out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str("- ");
        nested(item, indent + 2, out);
    }
}

/// What stands behind a dash or a question mark.
fn nested(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::List(items) if !items.is_empty() => list(items, indent, out),
        Value::Object(entries) if !entries.is_empty() => map(entries.iter(), indent, out),
        other => {
            scalar(other, indent, out);
            end_line(out);
        }
    }
}

fn map<'a>(entries: impl Iterator<Item = (&'a String, &'a Value)>, indent: usize, out: &mut String) {
    for (at, (key, value)) in entries.enumerate() {
        if at > 0 {
            out.push_str(&" ".repeat(indent));
        }
        let key_value = Value::String(key.clone());
        if key.len() > MOST_KEY || key.contains(is_break) {
            out.push_str("? ");
            nested(&key_value, indent + 2, out);
            out.push_str(&" ".repeat(indent));
            out.push_str(": ");
            nested(value, indent + 2, out);
            continue;
        }
        quoted(key, None, out);
        out.push(':');
        match value {
            Value::List(items) if !items.is_empty() => {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                list(items, indent, out);
            }
            Value::Object(entries) if !entries.is_empty() => {
                out.push('\n');
                out.push_str(&" ".repeat(indent + 2));
                map(entries.iter(), indent + 2, out);
            }
            other => {
                out.push(' ');
                scalar(other, indent + 2, out);
                end_line(out);
            }
        }
    }
}

fn end_line(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

fn scalar(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::String(text) if text.contains('\n') && is_literal(text) => literal(text, indent, out),
        Value::String(text) => quoted(text, Some(indent), out),
        Value::List(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        other => out.push_str(&as_string(other).unwrap_or_else(|| "null".to_owned())),
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Whether a text of several lines can stand as it is.
fn is_literal(text: &str) -> bool {
    let mut before = ' ';
    let mut has_space_at_end = false;
    for (at, c) in text.chars().enumerate() {
        has_space_at_end |= at > 0 && before == ' ' && is_break(c);
        before = c;
    }
    !has_space_at_end && !text.ends_with(' ') && text.chars().all(is_printable)
}

fn literal(text: &str, indent: usize, out: &mut String) {
    out.push('|');
    if text.starts_with(|c| c == ' ' || is_break(c)) {
        out.push('2');
    }
    let mut backwards = text.chars().rev();
    match (backwards.next().is_some_and(is_break), backwards.next().is_none_or(is_break)) {
        (false, _) => out.push('-'),
        (true, true) => out.push('+'),
        (true, false) => {}
    }
    out.push('\n');
    let mut begins = true;
    for c in text.chars() {
        if begins && !is_break(c) {
            out.push_str(&" ".repeat(indent));
        }
        begins = is_break(c);
        out.push(c);
    }
}

/// A text in double quotes, which goes on in another line at a space behind the 80th column where it has an `indent`.
fn quoted(text: &str, indent: Option<usize>, out: &mut String) {
    out.push('"');
    let mut column = out.chars().rev().take_while(|c| *c != '\n').count();
    let mut spaces = false;
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let was_space = std::mem::replace(&mut spaces, c == ' ');
        let before = out.len();
        match c {
            ' ' if !was_space && column > 80 && at > 0 && !rest.is_empty() && indent.is_some() => {
                out.push('\n');
                out.push_str(&" ".repeat(indent.unwrap_or(0)));
                column = indent.unwrap_or(0);
                if rest.starts_with(' ') {
                    out.push('\\');
                    column += 1;
                }
                continue;
            }
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xff => out.push_str(&format!("\\x{:02X}", u32::from(c))),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
        column += out[before..].chars().count();
    }
    out.push('"');
}
