//! Encodings, digests and the reading of numbers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use lab_template::{Signature, Type, Value};
use ring::{digest, hmac};

use super::text;
use crate::sprig::decoded;

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    Some(match name {
        "base64Encode" | "base64Decode" | "base64URLEncode" | "base64URLDecode" | "sha256Hex" | "md5sum"
        | "parseBool" | "parseFloat" | "parseInt" | "parseUint" => Signature::fixed(&[Type::Text]),
        "hmacSHA256Hex" => Signature::fixed(&[Type::Text, Type::Text]),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let input = arguments.first().map(text).unwrap_or_default();
    let named = |problem| format!("{name}: {problem}");
    let result = match name {
        "base64Encode" => STANDARD.encode(input),
        "base64URLEncode" => URL_SAFE.encode(input),
        "base64Decode" => decoded(&STANDARD, input).map_err(named)?,
        "base64URLDecode" => decoded(&URL_SAFE, input).map_err(named)?,
        "md5sum" => hex::encode(*md5::compute(input)),
        "sha256Hex" => hex::encode(digest::digest(&digest::SHA256, input.as_bytes())),
        "hmacSHA256Hex" => {
            let key = arguments.get(1).map(text).unwrap_or_default();
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
            hex::encode(hmac::sign(&key, input.as_bytes()))
        }
        _ => return number(name, input),
    };
    Ok(Value::from(result))
}

fn number(name: &str, input: &str) -> Result<Value, String> {
    let (function, syntax) = match name {
        "parseBool" => (
            "ParseBool",
            matches!(
                input,
                "1" | "t" | "T" | "TRUE" | "true" | "True" | "0" | "f" | "F" | "FALSE" | "false" | "False"
            ),
        ),
        "parseFloat" => ("ParseFloat", input.parse::<f64>().is_ok()),
        "parseInt" => ("ParseInt", is_whole(input.strip_prefix(['-', '+']).unwrap_or(input))),
        _ => ("ParseUint", is_whole(input)),
    };
    if input.is_empty() {
        return Ok(if name == "parseBool" { Value::Bool(false) } else { Value::Integer(0) });
    }
    let failed = |problem: &str| Err(format!("{name}: strconv.{function}: parsing {input:?}: {problem}"));
    if !syntax {
        return failed("invalid syntax");
    }
    match name {
        "parseBool" => Ok(Value::Bool(input.starts_with(['1', 't', 'T']))),
        "parseFloat" => Ok(Value::Float(input.parse().unwrap_or(0.0))),
        _ => input.parse().map(Value::Integer).or_else(|_| failed("value out of range")),
    }
}

fn is_whole(digits: &str) -> bool {
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}
