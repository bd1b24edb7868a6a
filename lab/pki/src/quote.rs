//! Text in quotes as Go writes it.

/// `text` as Go's verb `%q` writes it: double quotes, with what cannot be printed escaped.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            ' '..='~' => quoted.push(letter),
            '\0'..='\x7f' => quoted.push_str(&format!("\\x{:02x}", letter as u32)),
            _ if is_printable(letter) => quoted.push(letter),
            '\u{80}'..='\u{ffff}' => quoted.push_str(&format!("\\u{:04x}", letter as u32)),
            _ => quoted.push_str(&format!("\\U{:08x}", letter as u32)),
        }
    }
    quoted.push('"');
    quoted
}

/// Rust's own escaping of text knows which letters can be printed.
fn is_printable(letter: char) -> bool {
    letter.escape_debug().count() == 1 && (!letter.is_whitespace() || letter == ' ')
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes as lower-case pairs of hex digits with colons between, as Vault and OpenSSL write serial numbers and key
/// identifiers.
pub fn colons(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            text.push(':');
        }
        text.extend([byte >> 4, byte & 0xf].map(|digit| char::from(DIGITS[usize::from(digit)])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn quotes_look_like_go() {
        assert_eq!(quote("a \"b\" \\ \n\x01\x7fé\u{200b}\u{a0}"), r#""a \"b\" \\ \n\x01\x7fé\u200b\u00a0""#);
    }
}
