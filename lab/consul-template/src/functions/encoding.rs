//! Encodings, digests and the reading of numbers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use lab_template::{Signature, Type, Value};
use ring::{digest, hmac};

use super::text;

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    Some(match name {
        "base64Encode" | "base64Decode" | "base64URLEncode" | "base64URLDecode" | "sha256Hex"
        | "parseBool" | "parseFloat" | "parseInt" | "parseUint" => Signature::fixed(&[Type::Text]),
        "hmacSHA256Hex" => Signature::fixed(&[Type::Text, Type::Text]),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let input = arguments.first().map(text).unwrap_or_default();
    let result = match name {
        "base64Encode" => STANDARD.encode(input),
        "base64URLEncode" => URL_SAFE.encode(input),
        "base64Decode" => decode(name, &STANDARD, input)?,
        "base64URLDecode" => decode(name, &URL_SAFE, input)?,
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

fn decode(name: &str, engine: &impl base64::Engine, input: &str) -> Result<String, String> {
    // Go passes over line breaks.
    let letters: String = input.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    match engine.decode(&letters) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => {
            let offset = match error {
                base64::DecodeError::InvalidByte(offset, _)
                | base64::DecodeError::InvalidLastSymbol(offset, _) => offset,
                _ => letters.len() / 4 * 4,
            };
            Err(format!("{name}: illegal base64 data at input byte {offset}"))
        }
    }
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
