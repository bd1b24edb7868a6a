//! Request bodies, with errors in the words of Go's `encoding/json`.

use std::time::Duration;

use lab_wire::go_json;
use lab_world::{ParseDurationError, parse_duration};
use rmpv::Value;
use serde_json::Value as Json;

use super::{ApiError, ApiRequest, shape};

impl ApiRequest {
    /// The body as JSON: 400 with the reason where it is none.
    pub(super) fn json(&self) -> Result<Json, ApiError> {
        if self.body.is_empty() {
            return Err(ApiError::new(400, "Request body is empty"));
        }
        let mut values = serde_json::Deserializer::from_slice(&self.body).into_iter::<Json>();
        match values.next() {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(ApiError::new(400, go_words(&self.body, &error))),
            None => Err(ApiError::new(400, "EOF")),
        }
    }

    /// The body as JSON; where it is an object, its fields are of the right kinds.
    pub(super) fn fitting(&self, kind: &str) -> Result<Json, ApiError> {
        let mut body = self.json()?;
        shape::fit(&mut body, kind)?;
        Ok(body)
    }

    /// The body as a JSON object, or null; `kind` is Go's name for what it is read into. The fields that it has are of
    /// the right kinds.
    pub(super) fn object(&self, kind: &str) -> Result<Json, ApiError> {
        let body = self.fitting(kind)?;
        if body.is_object() || body.is_null() {
            return Ok(body);
        }
        let found = go_json::kind(&body);
        Err(ApiError::new(400, format!("json: cannot unmarshal {found} into Go value of type {kind}")))
    }
}

/// A JSON value as an RPC has it; what is null is left out, as Go leaves the field at its default.
pub(super) fn fields(value: &Json) -> Value {
    match value {
        Json::Null => Value::Nil,
        Json::Bool(flag) => (*flag).into(),
        Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), ..) => number.into(),
            (_, Some(number), _) => number.into(),
            (.., number) => number.unwrap_or_default().into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => Value::Array(items.iter().map(fields).collect()),
        Json::Object(members) => Value::Map(
            members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.as_str().into(), fields(value)))
                .collect(),
        ),
    }
}

/// A length of time; one below nothing is none.
pub(super) fn duration(text: &str) -> Result<Duration, ParseDurationError> {
    match text.strip_prefix('-') {
        Some(size) => parse_duration(size).map(|_| Duration::ZERO),
        None => parse_duration(text),
    }
}

/// What Go says where serde says something else.
pub(super) fn go_words(body: &[u8], error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected EOF".to_owned();
    }
    let text = error.to_string();
    let place = match text.as_str() {
        text if text.starts_with("key must be a string") => "looking for beginning of object key string",
        text if text.starts_with("expected value") || text.starts_with("expected ident") => {
            "looking for beginning of value"
        }
        text if text.starts_with("expected `:`") => "after object key",
        text if text.starts_with("expected `,` or `}`") => "after object key:value pair",
        text if text.starts_with("expected `,` or `]`") => "after array element",
        text if text.starts_with("trailing comma") => "looking for beginning of value",
        _ => return text,
    };
    match character(body, error) {
        Some(found) => format!("invalid character {} {place}", quote(found)),
        None => text,
    }
}

/// The character that the error points to.
fn character(body: &[u8], error: &serde_json::Error) -> Option<char> {
    let line = body.split(|byte| *byte == b'\n').nth(error.line().checked_sub(1)?)?;
    let rest = line.get(error.column().checked_sub(1)?..)?;
    String::from_utf8_lossy(rest).chars().next()
}

/// A character in single quotes, as Go writes it.
fn quote(character: char) -> String {
    match character {
        '\'' => r"'\''".to_owned(),
        '"' => "'\"'".to_owned(),
        other => format!("'{}'", other.escape_default()),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn refused(body: &'static str) -> String {
        let request = ApiRequest {
            method: http::Method::PUT,
            path: String::new(),
            query: Vec::new(),
            token: None,
            websocket_key: None,
            body: body.into(),
        };
        request.json().expect_err(body).message
    }

    #[test]
    fn faults_are_named_as_go_does() {
        assert_eq!(refused("{bad"), "invalid character 'b' looking for beginning of object key string");
        assert_eq!(refused("nonsense"), "invalid character 'o' looking for beginning of value");
        assert_eq!(refused(r#"{"a" 1}"#), "invalid character '1' after object key");
        assert_eq!(refused(r#"{"a": 1 "b"}"#), "invalid character '\"' after object key:value pair");
        assert_eq!(refused("[1 2]"), "invalid character '2' after array element");
        assert_eq!(refused(r#"{"a":"#), "unexpected EOF");
        assert_eq!(refused(""), "Request body is empty");
    }
}
