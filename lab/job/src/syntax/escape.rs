//! Escapes in text.

use super::cursor::Cursor;
use super::token::Token;
use crate::diagnostic::{Position, Range};

/// A text with its escapes resolved: `$${`, and in quotes those with a backslash.
pub(super) fn unescape(cursor: &mut Cursor<'_>, token: &Token, quoted: bool) -> String {
    let source = cursor.word(token);
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("$${").or_else(|| rest.strip_prefix("%%{")) {
            text.push_str(&rest[1..3]);
            rest = after;
        } else if quoted && first == '\\' {
            let (character, length) = escape(cursor, token, source.len() - rest.len(), rest);
            text.extend(character);
            rest = &rest[length..];
        } else {
            text.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    text
}

/// The character that an escape at the beginning of `rest` stands for, and its length.
fn escape(cursor: &mut Cursor<'_>, token: &Token, offset: usize, rest: &str) -> (Option<char>, usize) {
    let selector = rest.chars().nth(1);
    let wanted = match selector {
        Some('n') => return (Some('\n'), 2),
        Some('r') => return (Some('\r'), 2),
        Some('t') => return (Some('\t'), 2),
        Some('"' | '\\') => return (selector, 2),
        Some('u') => 4,
        Some('U') => 8,
        _ => 0,
    };
    let digits = rest.get(2..).unwrap_or_default();
    let digits = &digits[..digits.bytes().take(wanted).take_while(u8::is_ascii_hexdigit).count()];
    let code = u32::from_str_radix(digits, 16).unwrap_or_default();
    let whole = wanted > 0 && digits.len() == wanted;
    if let Some(character) = char::from_u32(code).filter(|_| whole) {
        return (Some(character), 2 + wanted);
    }
    let detail = match selector {
        None => "Backslash must be followed by an escape sequence selector character.".to_owned(),
        Some(_) if whole => format!("Cannot encode character U+{code:04x} in UTF-8."),
        Some('u') => "The \\u escape sequence must be followed by four hexadecimal digits.".to_owned(),
        Some('U') => "The \\U escape sequence must be followed by eight hexadecimal digits.".to_owned(),
        Some(other) => format!("The symbol \"{other}\" is not a valid escape sequence selector."),
    };
    let length = 1 + selector.map_or(0, char::len_utf8) + digits.len();
    let column = token.range.start.column + cursor.word(token)[..offset].chars().count();
    let start = Position { column, byte: token.range.start.byte + offset, ..token.range.start };
    let column = column + rest[..length].chars().count();
    let end = Position { column, byte: start.byte + length, ..start };
    cursor.report.add(Range { start, end }, "Invalid escape sequence", detail);
    (None, length)
}
