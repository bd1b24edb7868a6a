//! Tokens taken apart, and whether a key made the signature.

use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::{Engine, alphabet};
use jsonwebtoken::Algorithm;
use lab_pki::{PublicKey, SignatureAlgorithm};
use serde_json::Value;

use super::expected::standard;
use super::key::{Key, P521_BYTES, Public};
use super::{Claims, full, header};

/// The algorithms that tokens may be signed with.
pub const ALGORITHMS: [&str; 10] =
    ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"];

/// Why a text is no token, in go-jose's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not three parts.
    #[error("go-jose/go-jose: compact JWS format must have three parts")]
    Parts,
    /// A part that is not base64.
    #[error("illegal base64 data at input byte {0}")]
    Base64(usize),
    /// An object without what is signed.
    #[error("go-jose/go-jose: missing payload in JWS message")]
    NoPayload,
    /// A part that is not JSON, or one with something of the wrong type.
    #[error("{0}")]
    Json(String),
}

/// A token taken apart; nothing in it is checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What its head says that it is signed with.
    pub algorithm: String,
    /// The id of the key; empty where the head names none.
    pub key_id: String,
    /// What it says; empty where that is no object.
    pub claims: Claims,
    /// Whether it says something that can be read, and wants nothing to be understood that is not.
    acceptable: bool,
    message: String,
    signature: String,
}

impl Token {
    /// Takes a token apart: three parts between dots, or the same as a JSON object.
    ///
    /// Errors: why it is none.
    pub fn read(text: &str) -> Result<Self, Malformed> {
        // White space means nothing, wherever it is.
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if text.starts_with('{') {
            return Self::from_parts(full::read(&text)?);
        }
        let [header, claims, signature] = text.split('.').collect::<Vec<_>>()[..] else {
            return Err(Malformed::Parts);
        };
        Self::from_parts(Parts {
            header: decode(header)?,
            unprotected: Claims::new(),
            claims: decode(claims)?,
            signature: decode(signature)?,
        })
    }

    fn from_parts(parts: Parts) -> Result<Self, Malformed> {
        let mut head = if parts.header.is_empty() { Claims::new() } else { header::read(&parts.header)? };
        for (name, value) in parts.unprotected {
            head.entry(name).or_insert(value);
        }
        let text = |name: &str| head.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let claims: Option<Option<Claims>> = serde_json::from_slice(&parts.claims).ok();
        Ok(Self {
            algorithm: text("alg"),
            key_id: text("kid"),
            acceptable: claims.is_some() && header::is_understood(&head),
            claims: claims.flatten().unwrap_or_default(),
            message: format!("{}.{}", encode(&parts.header), encode(&parts.claims)),
            signature: encode(&parts.signature),
        })
    }

    /// Whether it is for one of these.
    pub fn is_for_one_of(&self, audiences: &[String]) -> bool {
        let own: &[Value] = match standard(&self.claims, "aud") {
            Some(Value::Array(names)) => names,
            Some(name) => std::slice::from_ref(name),
            None => &[],
        };
        own.iter().filter_map(Value::as_str).any(|own| audiences.iter().any(|name| name == own))
    }

    /// Whether a key of a set made the signature. A token without a key's id may be any key's.
    pub fn is_signed_by_any(&self, keys: &[Key]) -> bool {
        keys.iter().any(|key| (self.key_id.is_empty() || self.key_id == key.id) && self.is_signed_by(key))
    }

    /// Whether `key` made the signature, whatever its id.
    pub fn is_signed_by(&self, key: &Key) -> bool {
        if !self.acceptable {
            return false;
        }
        let key = match &key.public {
            Public::Common(key) => key,
            Public::P521(key) => return self.algorithm == "ES512" && self.is_signed_by_p521(key),
        };
        let Ok(algorithm) = self.algorithm.parse::<Algorithm>() else { return false };
        if !ALGORITHMS.contains(&self.algorithm.as_str()) || algorithm.family() != key.family() {
            return false;
        }
        jsonwebtoken::crypto::verify(&self.signature, self.message.as_bytes(), key, algorithm)
            .unwrap_or(false)
    }

    /// The signature is two numbers of 66 bytes here, and a sequence of both in DER everywhere else.
    fn is_signed_by_p521(&self, key: &PublicKey) -> bool {
        let Some(signature) = decode(&self.signature).ok().filter(|bytes| bytes.len() == 2 * P521_BYTES)
        else {
            return false;
        };
        let der = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                let numbers = signature.chunks(P521_BYTES);
                numbers.for_each(|number| writer.next().write_bigint_bytes(number, true));
            });
        });
        SignatureAlgorithm::EcdsaWithSha512.verify(key, self.message.as_bytes(), &der, false).is_ok()
    }
}

/// Refuses a token whose algorithm is none of those known to `expected`.
///
/// Errors: what go-jose says of it.
pub fn check_algorithm(token: &Token, expected: &[impl AsRef<str>]) -> Result<(), String> {
    let algorithm = &token.algorithm;
    if expected.iter().any(|name| name.as_ref() == algorithm) {
        return Ok(());
    }
    let known: Vec<String> = expected.iter().map(|name| format!("{:?}", name.as_ref())).collect();
    Err(format!("unexpected signature algorithm {algorithm:?}; expected [{}]", known.join(" ")))
}

/// What a token is made of, decoded.
pub(super) struct Parts {
    pub(super) header: Vec<u8>,
    /// Header fields that nobody signed.
    pub(super) unprotected: Claims,
    pub(super) claims: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Without padding, and what is left over in the last character does not matter to Go.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

fn encode(bytes: &[u8]) -> String {
    LENIENT.encode(bytes)
}

pub(super) fn decode(part: &str) -> Result<Vec<u8>, Malformed> {
    let part = part.trim_end_matches('=');
    let illegal = |c: u8| !(c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
    if let Some(at) = part.bytes().position(illegal) {
        return Err(Malformed::Base64(at));
    }
    LENIENT.decode(part).map_err(|_| Malformed::Base64(part.len().saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_says_why() {
        for (text, message) in [
            ("garbage", "go-jose/go-jose: compact JWS format must have three parts"),
            ("a.b.c", "illegal base64 data at input byte 0"),
            ("eyJh*.e30.AAAA", "illegal base64 data at input byte 4"),
        ] {
            assert_eq!(Token::read(text).expect_err(text).to_string(), message);
        }
        let token = Token::read("eyJhbGciOiJIUzI1NiIsImtpZCI6ImEifQ.e30.AAAA").expect("three parts");
        assert_eq!((token.algorithm.as_str(), token.key_id.as_str()), ("HS256", "a"));
    }

    #[test]
    fn padding_and_left_over_bits_mean_nothing() {
        let plain = Token::read("eyJhbGciOiJIUzI1NiJ9.e30.AAAA").expect("three parts");
        assert_eq!(Token::read("eyJhbGciOiJIUzI1NiJ9.e31=.\u{a0}AAAA=="), Ok(plain));
    }
}
