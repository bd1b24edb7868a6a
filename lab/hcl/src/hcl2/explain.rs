//! Says more about a syntax error than the grammar does.

use crate::{Diagnostic, Span};

/// The problem at `offset`, which the grammar calls `message`. Where the text shows one of the usual slips (a string or
/// bracket that is not closed, a value that is missing) it is reported instead, at its own place.
pub(super) fn explain(text: &str, offset: usize, message: &str) -> Diagnostic {
    let offset = offset.min(text.len());
    missing_value(text, offset).or_else(|| unclosed(text)).unwrap_or_else(|| {
        let end = text[offset..].chars().next().map_or(offset, |c| offset + c.len_utf8());
        Diagnostic::new(message, Span::new(offset, end))
    })
}

fn missing_value(text: &str, offset: usize) -> Option<Diagnostic> {
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next()?;
    let before = line.trim_end().strip_suffix('=')?;
    let named =
        before.trim_end().ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '"');
    let equals = start + before.len();
    named.then(|| {
        Diagnostic::new("a value is missing", Span::new(equals, equals + 1)).with_label("after this")
    })
}

/// The first string that its line does not close, or the last bracket that nothing closes.
fn unclosed(text: &str) -> Option<Diagnostic> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((index, c)) = characters.next() {
        match c {
            '"' if !close_string(&mut characters) => return Some(unclosed_string(index)),
            '#' => skip_line(&mut characters),
            '/' if characters.peek().is_some_and(|(_, c)| *c == '/') => skip_line(&mut characters),
            '<' if characters.peek().is_some_and(|(_, c)| *c == '<') => {
                let end = heredoc_end(text, index)?;
                characters.find(|(index, _)| *index + 1 >= end);
            }
            '{' | '[' | '(' => open.push((index, c)),
            '}' | ']' | ')' => {
                open.pop();
            }
            _ => {}
        }
    }
    let (index, bracket) = open.pop()?;
    let message = format!("`{bracket}` is not closed");
    Some(Diagnostic::new(message, Span::new(index, index + 1)).with_label("it begins here"))
}

/// The problem of a string that begins at `index` and does not end on its line.
pub(super) fn unclosed_string(index: usize) -> Diagnostic {
    Diagnostic::new("a string is not closed", Span::new(index, index + 1))
        .with_label("it begins here")
        .with_help("end it with a quote on the same line")
}

/// Where the heredoc that begins at `start` ends; `None` where nothing ends it.
fn heredoc_end(text: &str, start: usize) -> Option<usize> {
    let (mark, _) = text[start..].split_once('\n')?;
    let anchor = mark.trim_start_matches(['<', '-']).trim();
    let mut offset = start + mark.len() + 1;
    for line in text[offset..].split_inclusive('\n') {
        offset += line.len();
        if line.trim() == anchor {
            return Some(offset);
        }
    }
    None
}

fn close_string(characters: &mut impl Iterator<Item = (usize, char)>) -> bool {
    let (mut escaped, mut braces, mut dollar) = (false, 0_usize, false);
    for (_, c) in characters {
        let was_dollar = std::mem::replace(&mut dollar, matches!(c, '$' | '%'));
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' if was_dollar || braces > 0 => braces += 1,
            '}' if braces > 0 => braces -= 1,
            '"' if braces == 0 => return true,
            '\n' => return false,
            _ => {}
        }
    }
    false
}

fn skip_line(characters: &mut impl Iterator<Item = (usize, char)>) {
    characters.find(|(_, c)| *c == '\n');
}
