//! Texts in quotes, as Go's `%q` writes them and `strconv.Unquote` reads them.

/// Puts a text in double quotes with Go's escapes.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if c == '"' { quoted.push_str("\\\"") } else { push_escaped(&mut quoted, c) }
    }
    quoted.push('"');
    quoted
}

/// Puts a character in single quotes.
pub(crate) fn quote_char(c: char) -> String {
    let mut quoted = String::from("'");
    if c == '\'' {
        quoted.push_str("\\'")
    } else {
        push_escaped(&mut quoted, c)
    }
    quoted.push('\'');
    quoted
}

fn push_escaped(quoted: &mut String, c: char) {
    match c {
        '\\' => quoted.push_str("\\\\"),
        '\u{7}' => quoted.push_str("\\a"),
        '\u{8}' => quoted.push_str("\\b"),
        '\u{c}' => quoted.push_str("\\f"),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        '\t' => quoted.push_str("\\t"),
        '\u{b}' => quoted.push_str("\\v"),
        c if (c as u32) < 0x20 || c == '\u{7f}' => quoted.push_str(&format!("\\x{:02x}", c as u32)),
        c if c.is_control()
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}') =>
        {
            quoted.push_str(&format!("\\u{:04x}", c as u32));
        }
        c => quoted.push(c),
    }
}

/// The text between the quotes of a Go literal: `"..."`, `'.'` or a raw one in back quotes. `None` where it is none.
pub(crate) fn unquote(literal: &str) -> Option<String> {
    let mark = literal.chars().next()?;
    let inner = literal.strip_prefix(mark)?.strip_suffix(mark)?;
    if mark == '`' {
        return Some(inner.replace('\r', ""));
    }
    let mut text = Vec::new();
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '\\' {
            rest = unescape(rest, mark, &mut text)?;
        } else if c == mark || c == '\n' {
            return None;
        } else {
            text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(String::from_utf8_lossy(&text).into_owned())
}

fn unescape<'a>(rest: &'a str, mark: char, text: &mut Vec<u8>) -> Option<&'a str> {
    let c = rest.chars().next()?;
    let simple = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '\'' | '"' if c == mark => c as u8,
        'x' => return code(&rest[1..], 2, 16, true, text),
        'u' => return code(&rest[1..], 4, 16, false, text),
        'U' => return code(&rest[1..], 8, 16, false, text),
        '0'..='7' => return code(rest, 3, 8, true, text),
        _ => return None,
    };
    text.push(simple);
    Some(&rest[1..])
}

fn code<'a>(rest: &'a str, digits: usize, radix: u32, byte: bool, text: &mut Vec<u8>) -> Option<&'a str> {
    let number = u32::from_str_radix(rest.get(..digits)?, radix).ok()?;
    if byte {
        text.push(u8::try_from(number).ok()?);
    } else {
        text.extend_from_slice(char::from_u32(number)?.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(&rest[digits..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_gos() {
        assert_eq!(quote("a\"b\\\n\u{1}é\u{feff}'"), "\"a\\\"b\\\\\\n\\x01é\\ufeff'\"");
        assert_eq!(quote_char('\''), "'\\''");
        assert_eq!(unquote(r#""a\x41\u00e9\101\n""#).as_deref(), Some("aAéA\n"));
        assert_eq!(unquote("`a\\n\"`").as_deref(), Some("a\\n\""));
        for bad in ["\"a", "\"\\q\"", "\"\\'\"", "\"\\x4\"", "\"\\400\"", "\"\\ud800\"", ""] {
            assert_eq!(unquote(bad), None, "{bad}");
        }
    }
}
