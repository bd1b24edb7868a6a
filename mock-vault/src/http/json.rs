//! Request bodies: JSON, and the complaints of Go's decoder about what is none.

use lab_wire::go_json::{self, TOO_SHORT, complaint, complaint_of_all};
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
    fields(body, "map[string]interface {}")
        .map_err(|text| (400, Some(format!("error parsing JSON: failed to parse JSON input: {text}"))))
}

/// Reads a body that goes into the type of Go's that is called `wanted`.
///
/// Errors: a status and a text; limits are checked as for every body.
pub(crate) fn parse_as(body: &[u8], wanted: &str) -> Result<Data, Refused> {
    if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        super::limits::check(body).map_err(|text| (500, Some(text)))?;
    }
    fields(body, wanted).map_err(|text| (400, Some(format!("failed to parse JSON input: {text}"))))
}

fn fields(body: &[u8], wanted: &str) -> Result<Data, String> {
    match crate::storage::deep(body) {
        Ok(Value::Object(data)) => Ok(data),
        Ok(Value::Null) => Ok(Data::new()),
        Ok(other) => {
            let kind = go_json::kind(&other);
            Err(format!("json: cannot unmarshal {kind} into Go value of type {wanted}"))
        }
        Err(_) => Err(complaint(body).unwrap_or_else(|| TOO_SHORT.to_owned())),
    }
}

/// The same where Go's decoder has the whole text before it, and says otherwise that it is too short.
pub(crate) fn whole_complaint(body: &[u8]) -> String {
    let told = complaint_of_all(body).unwrap_or_else(|| TOO_SHORT.to_owned());
    if told == TOO_SHORT { "unexpected end of JSON input".into() } else { told }
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
