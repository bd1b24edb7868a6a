//! Signed tokens: their parts, and whether a key made the signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use lab_pki::PublicKey;
use serde_json::Value;

use crate::logical::Data;

/// The algorithms that tokens may be signed with.
pub(super) const ALGORITHMS: [&str; 10] =
    ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"];

/// Why a text is no token, in go-jose's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// Not three parts.
    #[error("go-jose/go-jose: compact JWS format must have three parts")]
    Parts,
    /// A part that is not base64.
    #[error("illegal base64 data at input byte {0}")]
    Base64(usize),
    /// A part that is not JSON.
    #[error("go-jose/go-jose: unmarshal error: {0}")]
    Json(String),
}

/// A token taken apart; nothing in it is checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) algorithm: String,
    pub(super) key_id: String,
    pub(super) claims: Data,
    message: String,
    signature: String,
}

impl Token {
    /// Takes a token apart.
    pub(super) fn read(text: &str) -> Result<Self, Malformed> {
        let [header, claims, signature] = text.split('.').collect::<Vec<_>>()[..] else {
            return Err(Malformed::Parts);
        };
        let parse = |part: &str| -> Result<Data, Malformed> {
            serde_json::from_slice(&decode(part)?).map_err(|error| Malformed::Json(error.to_string()))
        };
        let head = parse(header)?;
        decode(claims)?;
        decode(signature)?;
        let text = |name: &str| head.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        Ok(Self {
            algorithm: text("alg"),
            key_id: text("kid"),
            claims: parse(claims)?,
            message: format!("{header}.{claims}"),
            signature: signature.to_owned(),
        })
    }

    /// Whether `key` made the signature.
    pub(super) fn is_signed_by(&self, key: &Key) -> bool {
        let Ok(algorithm) = self.algorithm.parse::<Algorithm>() else { return false };
        if !ALGORITHMS.contains(&self.algorithm.as_str()) || algorithm.family() != key.key.family() {
            return false;
        }
        jsonwebtoken::crypto::verify(&self.signature, self.message.as_bytes(), &key.key, algorithm)
            .unwrap_or(false)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Malformed> {
    let illegal = |c: u8| !(c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
    if let Some(at) = part.bytes().position(illegal) {
        return Err(Malformed::Base64(at));
    }
    if part.len() % 4 == 1 {
        return Err(Malformed::Base64(part.len() - 1));
    }
    // What is left over in the last character does not matter to Go.
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        base64::engine::general_purpose::NO_PAD.with_decode_allow_trailing_bits(true),
    );
    lenient.decode(part).or_else(|_| URL_SAFE_NO_PAD.decode(part)).map_err(|_| Malformed::Base64(part.len()))
}

/// A public key, with its id where it has one.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: String,
    key: DecodingKey,
}

impl Key {
    /// A key in PEM: a public key, or that of a certificate.
    pub(super) fn from_pem(text: &str) -> Option<Self> {
        let block = lab_pki::pem::first(text)?;
        let spki = if block.label == "CERTIFICATE" {
            lab_pki::Certificate::from_der(&block.content).ok()?.public_key_der().to_vec()
        } else {
            block.content
        };
        let key = match PublicKey::from_der(&spki).ok()? {
            PublicKey::Rsa { pkcs1, .. } => DecodingKey::from_rsa_der(&pkcs1),
            PublicKey::Ec { point, .. } => DecodingKey::from_ec_der(&point),
            PublicKey::Ed25519(bytes) => DecodingKey::from_ed_der(&bytes),
            _ => return None,
        };
        Some(Self { id: String::new(), key })
    }

    /// A key of a key set; `None` for one that is of no use here.
    pub(super) fn from_jwk(value: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let id = jwk.common.key_id.clone().unwrap_or_default();
        Some(Self { id, key: DecodingKey::from_jwk(&jwk).ok()? })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?})", self.id)
    }
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
}
