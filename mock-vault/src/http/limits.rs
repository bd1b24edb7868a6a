//! The limits that a request's JSON is held to before it is read.
//!
//! The real server walks over the tokens with a reader of its own, which is more lenient than JSON: colons mean nothing to
//! it, a word that begins like `true`, `false` or `null` passes as one, and anything may stand where a key is wanted. What it
//! lets through is left to the decoder to complain about. So the two complain in different words, with different statuses.

use std::collections::BTreeSet;

const MAX_DEPTH: usize = 300;
const MAX_STRING: usize = 1 << 20;
const MAX_ENTRIES: usize = 10_000;
const MAX_TOKENS: usize = 500_000;

/// Walks over JSON. Errors: the text of an internal error.
pub(super) fn check(body: &[u8]) -> Result<(), String> {
    Walker { body, at: 0, tokens: 0, open: Vec::new() }.walk()
}

struct Walker<'a> {
    body: &'a [u8],
    at: usize,
    tokens: usize,
    open: Vec<Container>,
}

/// An object or an array that is not closed yet.
#[derive(Default)]
struct Container {
    is_object: bool,
    /// The keys of an object.
    names: BTreeSet<String>,
    /// The elements of an array.
    elements: usize,
    /// Whether a key waits for its value.
    key: bool,
    /// Whether the last token was a comma.
    comma: bool,
}

impl Walker<'_> {
    fn walk(&mut self) -> Result<(), String> {
        loop {
            self.space();
            let Some(&byte) = self.body.get(self.at) else { break };
            if self.tokens > 0 && self.open.is_empty() {
                return Err(self.invalid("after top-level value"));
            }
            self.token(byte)?;
        }
        if self.open.is_empty() { Ok(()) } else { Err("malformed JSON, unclosed containers".into()) }
    }

    fn token(&mut self, byte: u8) -> Result<(), String> {
        match byte {
            b':' => {
                self.at += 1;
                return Ok(());
            }
            b',' => {
                self.at += 1;
                if let Some(container) = self.open.last_mut() {
                    (container.comma, container.key) = (true, false);
                }
                return Ok(());
            }
            b'}' | b']' => return self.close(byte),
            _ => {}
        }
        self.tokens += 1;
        if self.tokens > MAX_TOKENS {
            return Err("JSON payload exceeds allowed token count".into());
        }
        match byte {
            b'"' => {
                let text = self.string()?;
                return if self.wants_key() { self.name(text) } else { self.value() };
            }
            b'{' | b'[' => {
                self.value()?;
                self.at += 1;
                self.open.push(Container { is_object: byte == b'{', ..Container::default() });
                if self.open.len() > MAX_DEPTH {
                    return Err("JSON input exceeds allowed nesting depth".into());
                }
                return Ok(());
            }
            b't' | b'f' | b'n' => self.run(|byte| byte.is_ascii_lowercase()),
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(self.invalid("looking for beginning of value")),
        }
        self.value()
    }

    /// Whether the next string is a key.
    fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|container| container.is_object && !container.key)
    }

    fn name(&mut self, name: String) -> Result<(), String> {
        let Some(container) = self.open.last_mut() else { return Ok(()) };
        if container.names.contains(&name) {
            return Err(format!("duplicate key '{name}' in object"));
        }
        container.names.insert(name);
        (container.key, container.comma) = (true, false);
        if container.names.len() > MAX_ENTRIES {
            return Err("JSON object exceeds allowed entry count".into());
        }
        Ok(())
    }

    fn value(&mut self) -> Result<(), String> {
        let Some(container) = self.open.last_mut() else { return Ok(()) };
        (container.key, container.comma) = (false, false);
        container.elements += 1;
        if !container.is_object && container.elements > MAX_ENTRIES {
            return Err("JSON array exceeds allowed element count".into());
        }
        Ok(())
    }

    fn close(&mut self, byte: u8) -> Result<(), String> {
        let Some(container) = self.open.last() else {
            return Err(self.invalid("looking for beginning of value"));
        };
        let is_object = byte == b'}';
        if container.is_object != is_object {
            return Err(format!("malformed JSON: mismatched closing delimiter '{}'", byte as char));
        }
        match (container.comma, container.key) {
            (true, _) if is_object => return Err(self.invalid("after object key-value pair")),
            (true, _) => return Err(self.invalid("after array element")),
            (_, true) => return Err(self.invalid("after object key")),
            _ => {}
        }
        self.at += 1;
        self.open.pop();
        Ok(())
    }

    /// The text between quotes, unescaped.
    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.body.get(self.at) {
                None => return Err("malformed JSON, unclosed string".into()),
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let text = &self.body[start..self.at];
        if text.len() - 2 > MAX_STRING {
            return Err("JSON string value exceeds allowed length".into());
        }
        // What is no string the decoder refuses; as a key it is told apart by its bytes.
        Ok(serde_json::from_slice(text).unwrap_or_else(|_| String::from_utf8_lossy(text).into_owned()))
    }

    fn escape(&mut self) -> Result<(), String> {
        self.at += 1;
        match self.body.get(self.at) {
            None => return Err("malformed JSON, unterminated escape sequence in string".into()),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
            Some(b'u') => {
                for _ in 0..4 {
                    self.at += 1;
                    match self.body.get(self.at) {
                        None => return Err("malformed JSON, unterminated escape sequence in string".into()),
                        Some(byte) if byte.is_ascii_hexdigit() => {}
                        Some(_) => return Err(self.invalid("in string escape code")),
                    }
                }
            }
            Some(_) => return Err(self.invalid("in string escape code")),
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        let start = self.at;
        self.run(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let text = &self.body[start..self.at];
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        if let [b'0', second, ..] = digits
            && second.is_ascii_digit()
        {
            self.at = start + text.len() - digits.len() + 1;
            return Err(self.invalid("after top-level value"));
        }
        let text = String::from_utf8_lossy(text);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(()),
            _ => Err(format!("malformed JSON, invalid number syntax for '{text}'")),
        }
    }

    fn run(&mut self, belongs: impl Fn(u8) -> bool) {
        while self.body.get(self.at).is_some_and(|&byte| belongs(byte)) {
            self.at += 1;
        }
    }

    fn space(&mut self) {
        self.run(|byte| b" \t\r\n".contains(&byte));
    }

    fn invalid(&self, context: &str) -> String {
        let byte = self.body.get(self.at).copied().unwrap_or(b' ');
        format!("invalid character '{}' {context}", char::from(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_those_of_the_real_server() {
        for (body, told) in [
            ("{not json", "invalid character 'j' looking for beginning of value"),
            ("{n", "malformed JSON, unclosed containers"),
            ("{a b", "invalid character 'a' looking for beginning of value"),
            ("{\"a\":}", "invalid character '}' after object key"),
            ("{\"a\"}", "invalid character '}' after object key"),
            ("{\"a\":1,}", "invalid character '}' after object key-value pair"),
            ("{,}", "invalid character '}' after object key-value pair"),
            ("{\"a\",}", "invalid character '}' after object key-value pair"),
            ("[1,]", "invalid character ']' after array element"),
            ("{\"a\":1}}", "invalid character '}' after top-level value"),
            ("{\"a\":1}{", "invalid character '{' after top-level value"),
            ("[1,2", "malformed JSON, unclosed containers"),
            ("[}", "malformed JSON: mismatched closing delimiter '}'"),
            ("{]", "malformed JSON: mismatched closing delimiter ']'"),
            ("{\"a\":\"b", "malformed JSON, unclosed string"),
            ("{\"a\":\"b\\", "malformed JSON, unterminated escape sequence in string"),
            ("{\"a\":\"b\\u12\"}", "invalid character '\"' in string escape code"),
            ("{\"a\":\"\\x\"}", "invalid character 'x' in string escape code"),
            ("{\"a\":01}", "invalid character '1' after top-level value"),
            ("{\"a\":1e400}", "malformed JSON, invalid number syntax for '1e400'"),
            ("{\"a\":-}", "malformed JSON, invalid number syntax for '-'"),
            ("{\"a\":1.2.3}", "malformed JSON, invalid number syntax for '1.2.3'"),
            ("{'a':1}", "invalid character ''' looking for beginning of value"),
            ("{\"a\":1,\"a\":2}", "duplicate key 'a' in object"),
        ] {
            assert_eq!(check(body.as_bytes()), Err(told.to_owned()), "{body}");
        }
    }

    #[test]
    fn much_that_is_no_json_is_left_to_the_decoder() {
        for body in [
            "{not:1}",
            "{1:2}",
            "{true:1}",
            "{\"a\" 1}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":nul}",
            "[1 2]",
            "{\"a\":1.}",
            "{{}:1}",
            "{:1}",
            "[:]",
            "{\"a\"::1}",
            "[,1]",
            "{\"a\":1,,\"b\":2}",
            "{\"a\":\"b\nc\"}",
        ] {
            assert_eq!(check(body.as_bytes()), Ok(()), "{body}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let told = |body: String| check(body.as_bytes()).expect_err("too much");
        assert_eq!(told("[".repeat(301) + &"]".repeat(301)), "JSON input exceeds allowed nesting depth");
        assert_eq!(told(format!("[{}1]", "1,".repeat(10_000))), "JSON array exceeds allowed element count");
        let entries: Vec<String> = (0..=10_000).map(|name| format!("\"{name}\":1")).collect();
        assert_eq!(told(format!("{{{}}}", entries.join(","))), "JSON object exceeds allowed entry count");
        assert_eq!(
            told(format!("[\"{}\"]", "x".repeat((1 << 20) + 1))),
            "JSON string value exceeds allowed length"
        );
        let row = format!("[{}1]", "1,".repeat(9_999));
        assert_eq!(
            told(format!("[{}{row}]", format!("{row},").repeat(59))),
            "JSON payload exceeds allowed token count"
        );
    }
}
