//! Public keys: of key sets, and in PEM.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::Jwk;
use lab_pki::{Curve, PublicKey};
use serde_json::Value;

use super::token::decode;

/// How many bytes a number on P-521 takes.
pub(super) const P521_BYTES: usize = 66;

/// A public key, with its id where it has one; `Debug` shows no more than the id.
#[derive(Clone)]
pub struct Key {
    pub(super) id: String,
    pub(super) public: Public,
}

#[derive(Clone)]
pub(super) enum Public {
    /// Of a kind that the library for tokens knows.
    Common(DecodingKey),
    /// On the one curve that it does not.
    P521(PublicKey),
}

impl Key {
    /// A key in PEM: a public key, or that of a certificate.
    pub fn from_pem(text: &str) -> Option<Self> {
        let block = lab_pki::pem::first(text)?;
        let spki = if block.label == "CERTIFICATE" {
            lab_pki::Certificate::from_der(&block.content).ok()?.public_key_der().to_vec()
        } else {
            block.content
        };
        let public = match PublicKey::from_der(&spki).ok()? {
            PublicKey::Rsa { pkcs1, .. } => Public::Common(DecodingKey::from_rsa_der(&pkcs1)),
            key @ PublicKey::Ec { curve: Curve::P521, .. } => Public::P521(key),
            PublicKey::Ec { point, .. } => Public::Common(DecodingKey::from_ec_der(&point)),
            PublicKey::Ed25519(bytes) => Public::Common(DecodingKey::from_ed_der(&bytes)),
            _ => return None,
        };
        Some(Self { id: String::new(), public })
    }

    /// A key of a key set; `None` for one that is of no use here.
    pub fn from_jwk(value: &Value) -> Option<Self> {
        if value["crv"] == "P-521" {
            let id = value["kid"].as_str().unwrap_or("").to_owned();
            return Some(Self { id, public: Public::P521(p521_of(value)?) });
        }
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let id = jwk.common.key_id.clone().unwrap_or_default();
        Some(Self { id, public: Public::Common(DecodingKey::from_jwk(&jwk).ok()?) })
    }
}

/// The key on P-521 that two coordinates of a key set are.
fn p521_of(value: &Value) -> Option<PublicKey> {
    let mut point = vec![4];
    for name in ["x", "y"] {
        let number = decode(value[name].as_str()?).ok().filter(|number| number.len() <= P521_BYTES)?;
        point.extend(std::iter::repeat_n(0, P521_BYTES - number.len()).chain(number));
    }
    Some(PublicKey::Ec { curve: Curve::P521, point })
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?})", self.id)
    }
}
