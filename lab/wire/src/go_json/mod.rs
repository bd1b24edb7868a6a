//! JSON as Go's `encoding/json` complains of it.

mod types;

use serde_json::Value;

pub use self::types::Types;

/// What Go's decoder says where a text ends too early.
pub const TOO_SHORT: &str = "unexpected EOF";

/// What Go's decoder says of a text whose first value cannot be read; `None` where it can. What stands behind that value
/// is not looked at.
pub fn complaint(text: &[u8]) -> Option<String> {
    Checker { body: text, at: 0 }.value(0).err()
}

/// The same where nothing but space may stand behind the first value.
pub fn complaint_of_all(text: &[u8]) -> Option<String> {
    let mut checker = Checker { body: text, at: 0 };
    checker.value(0).err().or_else(|| {
        checker.space();
        (checker.at < text.len()).then(|| checker.invalid("after top-level value"))
    })
}

/// Reads a text as Go's `json.Unmarshal` does: nothing but space may stand behind its value.
///
/// Errors: what Go says of it.
pub fn unmarshal(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| match complaint_of_all(text.as_bytes()) {
        Some(told) if told == TOO_SHORT => "unexpected end of JSON input".to_owned(),
        Some(told) => told,
        None => error.to_string(),
    })
}

/// What Go's decoder calls the type of a value, as in `json: cannot unmarshal array into ...`.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
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
            None => Err(TOO_SHORT.into()),
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
                None => return Err(TOO_SHORT.into()),
                Some(b'}') if is_first => break,
                Some(b'"') => self.string()?,
                Some(_) => return Err(self.invalid("looking for beginning of object key string")),
            }
            is_first = false;
            self.space();
            match self.body.get(self.at) {
                None => return Err(TOO_SHORT.into()),
                Some(b':') => self.at += 1,
                Some(_) => return Err(self.invalid("after object key")),
            }
            self.value(depth)?;
            self.space();
            match self.body.get(self.at) {
                None => return Err(TOO_SHORT.into()),
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
                None => return Err(TOO_SHORT.into()),
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
                None => return Err(TOO_SHORT.into()),
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.body.get(self.at) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') => {}
                        None => return Err(TOO_SHORT.into()),
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
                None => return Err(TOO_SHORT.into()),
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
            None => Err(TOO_SHORT.into()),
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
            b'\\' => "'\\\\'".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_in_gos_words() {
        for (text, told) in [
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{\"a\":tru}", "invalid character '}' in literal true (expecting 'e')"),
            ("{\"a\":n\\}", "invalid character '\\\\' in literal null (expecting 'u')"),
            ("{\"a\":01}", "invalid character '1' after object key:value pair"),
            ("{\"a\":\"x\n", "invalid character '\\n' in string literal"),
            ("{", TOO_SHORT),
        ] {
            assert_eq!(complaint(text.as_bytes()).as_deref(), Some(told), "{text}");
        }
        assert_eq!(complaint(b"{\"a\":1} x"), None);
    }

    #[test]
    fn a_whole_text_is_read_as_go_does() {
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
            assert_eq!(unmarshal(text), Err(message.to_owned()), "{text}");
        }
    }
}
