//! JSON as Go's encoder writes it.

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

/// Writes `value` on one line with `<`, `>`, `&` and the two line separators escaped, as `encoding/json` does.
pub(crate) fn to_go_json(value: &impl Serialize) -> Vec<u8> {
    to_go_json_of(512, value)
}

/// The same, for a value that takes about `size` bytes: long lists are not copied while they grow.
pub(crate) fn to_go_json_of(size: usize, value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, GoFormatter);
    // Values of this crate have text keys and finite numbers, and a vector takes every byte.
    value.serialize(&mut serializer).expect("a JSON value serializes into memory");
    bytes
}

struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_string_fragment<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> std::io::Result<()> {
        let bytes = fragment.as_bytes();
        // Without a way out of the loop, many bytes are looked at at once.
        let special = |found, byte: &u8| found | matches!(byte, b'<' | b'>' | b'&' | 0xe2);
        if !bytes.iter().fold(false, special) {
            return writer.write_all(bytes);
        }
        let mut written = 0;
        for (at, byte) in bytes.iter().enumerate() {
            let (escape, length): (&[u8], usize) = match byte {
                b'<' => (b"\\u003c", 1),
                b'>' => (b"\\u003e", 1),
                b'&' => (b"\\u0026", 1),
                0xe2 if bytes[at..].starts_with(&[0xe2, 0x80, 0xa8]) => (b"\\u2028", 3),
                0xe2 if bytes[at..].starts_with(&[0xe2, 0x80, 0xa9]) => (b"\\u2029", 3),
                _ => continue,
            };
            writer.write_all(&bytes[written..at])?;
            writer.write_all(escape)?;
            written = at + length;
        }
        writer.write_all(&bytes[written..])
    }

    fn write_char_escape<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> std::io::Result<()> {
        match escape {
            CharEscape::AsciiControl(byte) => write!(writer, "\\u{byte:04x}"),
            CharEscape::Quote => writer.write_all(b"\\\""),
            CharEscape::ReverseSolidus => writer.write_all(b"\\\\"),
            CharEscape::Solidus => writer.write_all(b"/"),
            CharEscape::Backspace => writer.write_all(b"\\b"),
            CharEscape::FormFeed => writer.write_all(b"\\f"),
            CharEscape::LineFeed => writer.write_all(b"\\n"),
            CharEscape::CarriageReturn => writer.write_all(b"\\r"),
            CharEscape::Tab => writer.write_all(b"\\t"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn html_and_line_separators_are_escaped() {
        let value = json!({"b": "a<b>&c", "a": "\u{2028}é\u{1}\n"});
        assert_eq!(
            String::from_utf8(to_go_json(&value)).expect("text"),
            r#"{"a":"\u2028é\u0001\n","b":"a\u003cb\u003e\u0026c"}"#
        );
    }
}
