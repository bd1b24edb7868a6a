//! What stands in the first part of a token, in the words of go-jose.

use serde_json::Value;

use super::{Claims, Malformed};
use crate::go_json;

/// The fields that are texts, and what they are called.
const TEXTS: [(&str, &str); 3] = [("alg", "algorithm"), ("kid", "key ID"), ("nonce", "nonce")];

/// Reads it.
///
/// Errors: no JSON, no object, or a field of another type.
pub(super) fn read(bytes: &[u8]) -> Result<Claims, Malformed> {
    let head = match go_json::unmarshal(&String::from_utf8_lossy(bytes)).map_err(Malformed::Json)? {
        Value::Object(head) => head,
        Value::Null => return Ok(Claims::new()),
        other => {
            let told = format!(
                "json: cannot unmarshal {} into Go value of type jose.rawHeader",
                go_json::kind(&other)
            );
            return Err(Malformed::Json(told));
        }
    };
    for (field, name) in TEXTS {
        if let Some(value) = head.get(field).filter(|value| !(value.is_string() || value.is_null())) {
            return Err(unfit(name, value, "string"));
        }
    }
    match head.get("x5c").filter(|value| !(value.is_array() || value.is_null())) {
        Some(value) => Err(unfit("x5c header", value, "[]string")),
        None => Ok(head),
    }
}

fn unfit(name: &str, value: &Value, wanted: &str) -> Malformed {
    Malformed::Json(format!(
        "failed to unmarshal {name}: json: cannot unmarshal {} into Go value of type {wanted}: {:?}",
        go_json::kind(value),
        value.to_string()
    ))
}

/// Whether nothing is critical that is not understood.
pub(super) fn is_understood(head: &Claims) -> bool {
    let is_known = |name: &Value| name == "b64";
    let critical = match head.get("crit") {
        None | Some(Value::Null) => true,
        Some(Value::Array(names)) => names.iter().all(is_known),
        Some(_) => false,
    };
    critical && head.get("b64").is_none_or(|b64| *b64 != false)
}
