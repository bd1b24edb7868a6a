//! Public keys as JSON web keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lab_pki::{KeyPair, PublicKey};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rmpv::Value;

use crate::structs::{KeyMaterial, map};

/// The public part of a key, as `Keyring.ListPublic` and the JWKS show it.
pub(crate) fn jwk(key: &KeyMaterial) -> Option<Value> {
    let id = || Value::from(key.meta.id.as_str());
    if key.rsa_key.is_empty() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&key.data_key).ok()?;
        return Some(map([
            ("KeyID", id()),
            ("PublicKey", Value::Binary(pair.public_key().as_ref().to_vec())),
            ("Algorithm", "EdDSA".into()),
            ("Use", "sig".into()),
            ("CreateTime", key.meta.create_time.into()),
        ]));
    }
    let pair = KeyPair::from_der(&key.rsa_key).ok()?;
    let PublicKey::Rsa { pkcs1, .. } = PublicKey::from_der(pair.public_key_der()).ok()? else { return None };
    Some(map([
        ("KeyID", id()),
        ("PublicKey", Value::Binary(pkcs1)),
        ("Algorithm", "RS256".into()),
        ("Use", "sig".into()),
        ("CreateTime", key.meta.create_time.into()),
    ]))
}

/// One entry of a JWKS from what [`jwk`] made.
pub(crate) fn jwks_entry(key: &Value) -> Option<serde_json::Value> {
    let body = crate::structs::Body(key);
    let public = body.get("PublicKey")?.as_slice()?;
    let id = body.string("KeyID");
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Some(match body.string("Algorithm") {
        "EdDSA" => serde_json::json!(
            {"use": "sig", "kty": "OKP", "kid": id, "crv": "Ed25519", "alg": "EdDSA", "x": text(public)}
        ),
        _ => {
            let (modulus, exponent) = rsa_numbers(public)?;
            serde_json::json!(
                {"use": "sig", "kty": "RSA", "kid": id, "alg": "RS256", "n": text(modulus), "e": text(exponent)}
            )
        }
    })
}

/// The modulus and the exponent in a PKCS #1 public key.
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (modulus, rest) = element(sequence, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    let unsigned = |bytes: &'_ [u8]| bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
    Some((&modulus[unsigned(modulus)..], &exponent[unsigned(exponent)..]))
}

/// The content of the first DER element, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f).min(4))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    rest.split_at_checked(length)
}
