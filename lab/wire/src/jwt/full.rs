//! Tokens as JSON objects: RFC 7515, section 7.2.

use serde_json::Value;

use super::token::{Parts, decode};
use super::{Claims, Malformed};
use crate::go_json;

/// Takes such a token apart. One with several signatures has none that counts.
///
/// Errors: why it is none.
pub(super) fn read(text: &str) -> Result<Parts, Malformed> {
    let token = go_json::unmarshal(text).map_err(Malformed::Json)?;
    let payload = part(&token, "payload")?.ok_or(Malformed::NoPayload)?;
    let signatures = token["signatures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let signed = match signatures {
        [] => &token,
        [one] => one,
        _ => &Value::Null,
    };
    Ok(Parts {
        header: part(signed, "protected")?.unwrap_or_default(),
        unprotected: signed["header"].as_object().cloned().unwrap_or_else(Claims::new),
        claims: payload,
        signature: part(signed, "signature")?.unwrap_or_default(),
    })
}

fn part(token: &Value, name: &str) -> Result<Option<Vec<u8>>, Malformed> {
    match &token[name] {
        Value::Null => Ok(None),
        Value::String(text) => decode(text).map(Some),
        other => Err(Malformed::Json(format!(
            "json: cannot unmarshal {} into Go value of type string",
            go_json::kind(other)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use crate::jwt::Token;

    #[test]
    fn objects_are_the_same_as_three_parts() {
        let compact = Token::read("eyJhbGciOiJFUzI1NiJ9.e30.AAAA");
        assert!(compact.is_ok());
        let flat = r#"{"protected": "eyJhbGciOiJFUzI1NiJ9", "payload": "e30", "signature": "AAAA"}"#;
        assert_eq!(Token::read(flat), compact);
        let one = r#"{"payload": "e30", "signatures": [{"protected": "eyJhbGciOiJFUzI1NiJ9", "signature": "AAAA"}]}"#;
        assert_eq!(Token::read(one), compact);
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, told) in [
            ("{}", "go-jose/go-jose: missing payload in JWS message"),
            ("{", "unexpected end of JSON input"),
            ("{}x", "invalid character 'x' after top-level value"),
            ("{\"payload\":5}", "json: cannot unmarshal number into Go value of type string"),
        ] {
            assert_eq!(Token::read(text).expect_err("no token").to_string(), told);
        }
    }
}
