//! Encodings and digests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab_template::{Signature, Type, Value};
use ring::digest;

use super::{Arguments, text_at, unknown};

/// The digits of base 32.
const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What each takes.
pub(super) fn signature(name: &str) -> Option<Signature> {
    matches!(
        name,
        "b64enc" | "b64dec" | "b32enc" | "b32dec" | "sha1sum" | "sha256sum" | "sha512sum" | "adler32sum"
    )
    .then_some(Signature::fixed(&[Type::Text]))
}

pub(super) fn call(name: &str, arguments: Arguments<'_>) -> Result<Value, String> {
    let text = text_at(arguments, 0);
    let digest = |algorithm| hex::encode(digest::digest(algorithm, text.as_bytes()));
    Ok(Value::from(match name {
        "b64enc" => STANDARD.encode(text),
        // What is wrong is the text.
        "b64dec" => decoded(&STANDARD, text).unwrap_or_else(|error| error),
        "b32enc" => base32(text.as_bytes()),
        "b32dec" => from_base32(text),
        "sha1sum" => digest(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        "sha256sum" => digest(&digest::SHA256),
        "sha512sum" => digest(&digest::SHA512),
        "adler32sum" => adler32(text.as_bytes()).to_string(),
        _ => return unknown(name),
    }))
}

/// Base 64 as Go reads it, which passes over line breaks.
pub(crate) fn decoded(engine: &impl base64::Engine, text: &str) -> Result<String, String> {
    let letters: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    match engine.decode(&letters) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => {
            let offset = match error {
                base64::DecodeError::InvalidByte(offset, _)
                | base64::DecodeError::InvalidLastSymbol(offset, _) => offset,
                _ => letters.len() / 4 * 4,
            };
            Err(format!("illegal base64 data at input byte {offset}"))
        }
    }
}

fn base32(bytes: &[u8]) -> String {
    let mut written = String::new();
    for group in bytes.chunks(5) {
        let mut padded = [0; 8];
        padded[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(padded);
        let letters = (group.len() * 8).div_ceil(5);
        for place in 0..8 {
            let digit = DIGITS[(bits >> (35 - 5 * place) & 31) as usize];
            written.push(if place < letters { char::from(digit) } else { '=' });
        }
    }
    written
}

fn from_base32(text: &str) -> String {
    let letters: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let wrong = |place: usize| format!("illegal base32 data at input byte {place}");
    let end = letters.iter().position(|byte| *byte == b'=').unwrap_or(letters.len());
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u64, 0);
    for (place, letter) in letters[..end].iter().enumerate() {
        let Some(digit) = DIGITS.iter().position(|digit| digit == letter) else { return wrong(place) };
        bits = (bits << 5 | digit as u64) & 0xffff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    if !letters.len().is_multiple_of(8)
        || matches!(end % 8, 1 | 3 | 6)
        || letters[end..].iter().any(|byte| *byte != b'=')
    {
        return wrong(if letters.len().is_multiple_of(8) { end } else { letters.len() });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    high << 16 | low
}
