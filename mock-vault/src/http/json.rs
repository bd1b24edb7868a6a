//! Request bodies: JSON, and the complaints of Go's decoder about what is none.

use serde_json::Value;

use crate::logical::Data;

/// A body that cannot be read: a status and the text of `errors`.
type Refused = (u16, Option<String>);

/// Reads a body that begins with a brace or a bracket: its limits are checked first, and what breaks them, malformed
/// JSON too, is an internal error.
pub(super) fn parse_checked(body: &[u8]) -> Result<Data, Refused> {
    super::limits::check(body).map_err(|text| (500, Some(text)))?;
    parse(body)
}

/// Reads any other body.
pub(super) fn parse(body: &[u8]) -> Result<Data, Refused> {
    let refuse =
        |text: String| (400, Some(format!("error parsing JSON: failed to parse JSON input: {text}")));
    match serde_json::from_slice(body) {
        Ok(Value::Object(data)) => Ok(data),
        Ok(Value::Null) => Ok(Data::new()),
        Ok(other) => {
            let kind = match other {
                Value::Array(_) => "array",
                Value::String(_) => "string",
                Value::Number(_) => "number",
                _ => "bool",
            };
            Err(refuse(format!(
                "json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
            )))
        }
        Err(_) => {
            let text = Checker { body, at: 0 }.value(0).err().unwrap_or_else(|| "unexpected EOF".into());
            Err(refuse(text))
        }
    }
}

/// How deep Go's decoder follows.
const MAX_DEPTH: usize = 10_000;

/// Finds what is wrong with a text that is no JSON, as Go's scanner does.
struct Checker<'a> {
    body: &'a [u8],
    at: usize,
}

impl Checker<'_> {
    fn value(&mut self, depth: usize) -> Result<(), String> {
        self.space();
        if depth > MAX_DEPTH {
            return Err("exceeded max depth".into());
        }
        match self.body.get(self.at) {
            None => Err(end()),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.invalid("looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), String> {
        self.at += 1;
        let mut is_first = true;
        loop {
            self.space();
            match self.body.get(self.at) {
                None => return Err(end()),
                Some(b'}') if is_first => break,
                Some(b'"') => self.string()?,
                Some(_) => return Err(self.invalid("looking for beginning of object key string")),
            }
            is_first = false;
            self.space();
            match self.body.get(self.at) {
                None => return Err(end()),
                Some(b':') => self.at += 1,
                Some(_) => return Err(self.invalid("after object key")),
            }
            self.value(depth)?;
            self.space();
            match self.body.get(self.at) {
                None => return Err(end()),
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                Some(_) => return Err(self.invalid("after object key:value pair")),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), String> {
        self.at += 1;
        self.space();
        if self.body.get(self.at) == Some(&b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            self.space();
            match self.body.get(self.at) {
                None => return Err(end()),
                Some(b',') => self.at += 1,
                Some(b']') => break,
                Some(_) => return Err(self.invalid("after array element")),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(), String> {
        self.at += 1;
        loop {
            match self.body.get(self.at) {
                None => return Err(end()),
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.body.get(self.at) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') => {}
                        None => return Err(end()),
                        Some(_) => return Err(self.invalid("in string escape code")),
                    }
                }
                Some(0..=0x1f) => return Err(self.invalid("in string literal")),
                Some(_) => {}
            }
            self.at += 1;
        }
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        for wanted in word.chars() {
            match self.body.get(self.at) {
                Some(&byte) if char::from(byte) == wanted => self.at += 1,
                None => return Err(end()),
                Some(_) => return Err(self.invalid(&format!("in literal {word} (expecting '{wanted}')"))),
            }
        }
        Ok(())
    }

    /// Digits, a fraction, an exponent; each wants at least one digit.
    fn number(&mut self) -> Result<(), String> {
        if self.body.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.body.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.body.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.body.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.body.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self, context: &str) -> Result<(), String> {
        let start = self.at;
        while self.body.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        match self.body.get(self.at) {
            _ if self.at > start => Ok(()),
            None => Err(end()),
            Some(_) => Err(self.invalid(context)),
        }
    }

    fn space(&mut self) {
        while self.body.get(self.at).is_some_and(|byte| b" \t\r\n".contains(byte)) {
            self.at += 1;
        }
    }

    fn invalid(&self, context: &str) -> String {
        let byte = self.body.get(self.at).copied().unwrap_or(b' ');
        let shown = match byte {
            b'\'' => "'\\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            b'\n' => "'\\n'".to_owned(),
            b'\t' => "'\\t'".to_owned(),
            b'\r' => "'\\r'".to_owned(),
            byte if byte < 0x20 || byte == 0x7f => format!("'\\x{byte:02x}'"),
            byte => format!("'{}'", char::from(byte)),
        };
        format!("invalid character {shown} {context}")
    }
}

/// What Go's decoder says where the text ends too early.
fn end() -> String {
    "unexpected EOF".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_those_of_the_real_server() {
        for (body, status, text) in [
            ("{not json", 500, "invalid character 'j' looking for beginning of value"),
            ("{\"a\":1,\"a\":2}", 500, "duplicate key 'a' in object"),
            ("{\"a\":1", 500, "malformed JSON, unclosed containers"),
        ] {
            assert_eq!(parse_checked(body.as_bytes()), Err((status, Some(text.to_owned()))), "{body}");
        }
        for (body, text) in [
            ("{not:1}", "invalid character 'n' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 \"b\":2}", "invalid character '\"' after object key:value pair"),
            ("{\"a\":nul}", "invalid character '}' in literal null (expecting 'l')"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{\"a\":1.}", "invalid character '}' after decimal point in numeric literal"),
            ("{\"a\"::1}", "invalid character ':' looking for beginning of value"),
            ("{\"a\":\"b\nc\"}", "invalid character '\\n' in string literal"),
        ] {
            let told = format!("error parsing JSON: failed to parse JSON input: {text}");
            assert_eq!(parse_checked(body.as_bytes()), Err((400, Some(told))), "{body}");
        }
        assert_eq!(
            parse_checked(b"[1,2]"),
            Err((400, Some("error parsing JSON: failed to parse JSON input: json: cannot unmarshal array into Go value of type map[string]interface {}".into())))
        );
        assert_eq!(
            parse(b"foo"),
            Err((400, Some("error parsing JSON: failed to parse JSON input: invalid character 'o' in literal false (expecting 'a')".into())))
        );
        assert_eq!(parse(b"null"), Ok(Data::new()));
    }
}
