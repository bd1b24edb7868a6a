//! JSON web tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lab_pki::{KeyPair, PublicKey, SignatureAlgorithm, quote};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Map, Value, json};

use crate::structs::KeyMaterial;

/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 60;

/// Why a token is not taken, in the words of the real program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error("failed to parse signed token: go-jose/go-jose: {0}")]
    Malformed(String),
    #[error("no such key {0} in keyring")]
    UnknownKey(String),
    #[error("invalid signature: go-jose/go-jose: error in cryptographic primitive")]
    Signature,
    #[error("invalid claims: go-jose/go-jose/jwt: validation failed, {0}")]
    Claims(&'static str),
}

/// Signs claims.
pub(crate) fn sign(key: &KeyMaterial, claims: &Map<String, Value>) -> Option<String> {
    let algorithm = if key.rsa_key.is_empty() { "EdDSA" } else { "RS256" };
    let header = json!({"alg": algorithm, "kid": key.meta.id, "typ": "JWT"});
    let part = |value: &[u8]| URL_SAFE_NO_PAD.encode(value);
    let claims = serde_json::to_vec(claims).ok()?;
    let signed = format!("{}.{}", part(header.to_string().as_bytes()), part(&claims));
    let signature = match key.rsa_key.is_empty() {
        true => {
            let pair = Ed25519KeyPair::from_seed_unchecked(&key.data_key).ok()?;
            pair.sign(signed.as_bytes()).as_ref().to_vec()
        }
        false => {
            let pair = KeyPair::from_der(&key.rsa_key).ok()?;
            pair.sign(SignatureAlgorithm::Sha256WithRsa, signed.as_bytes()).ok()?
        }
    };
    Some(format!("{signed}.{}", part(&signature)))
}

/// A token that was read and not yet believed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unverified {
    algorithm: String,
    /// The id of the key that it says it is signed with.
    pub(crate) key_id: String,
    signed: String,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

impl Unverified {
    /// Takes a token apart.
    pub(crate) fn parse(token: &str) -> Result<Self, VerifyError> {
        let malformed = |text: &str| VerifyError::Malformed(text.to_owned());
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err(malformed("compact JWS format must have three parts"));
        };
        let bytes = |part: &str| {
            URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed("illegal base64 data at input byte 0"))
        };
        let object = |part: &str| {
            let bytes = bytes(part)?;
            serde_json::from_slice::<Map<String, Value>>(&bytes)
                .map_err(|_| malformed("invalid character in JSON"))
        };
        let header_fields = object(header)?;
        let text =
            |name: &str| header_fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let algorithm = text("alg");
        if !matches!(algorithm.as_str(), "RS256" | "EdDSA") {
            return Err(malformed(&format!(
                "unexpected signature algorithm {}; expected [\"RS256\" \"EdDSA\"]",
                quote(&algorithm)
            )));
        }
        Ok(Self {
            algorithm,
            key_id: text("kid"),
            signed: format!("{header}.{claims}"),
            signature: bytes(signature)?,
            claims: object(claims)?,
        })
    }

    /// What it says, believed or not.
    pub(crate) fn into_claims(self) -> Map<String, Value> {
        self.claims
    }

    /// Believes it, where the key's owner made it and it is of this time. Its claims. `now` is in seconds since 1970.
    pub(crate) fn verify(self, key: &KeyMaterial, now: i64) -> Result<Map<String, Value>, VerifyError> {
        let is_rsa = !key.rsa_key.is_empty();
        if is_rsa != (self.algorithm == "RS256") || !self.is_signed_by(key).unwrap_or(false) {
            return Err(VerifyError::Signature);
        }
        let time = |name: &str| self.claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64);
        if time("nbf").is_some_and(|from| now < from - LEEWAY) {
            return Err(VerifyError::Claims("token not valid yet (nbf)"));
        }
        if time("exp").is_some_and(|until| now > until + LEEWAY) {
            return Err(VerifyError::Claims("token is expired (exp)"));
        }
        if time("iat").is_some_and(|at| now < at - LEEWAY) {
            return Err(VerifyError::Claims("token issued in the future (iat)"));
        }
        Ok(self.claims)
    }

    fn is_signed_by(&self, key: &KeyMaterial) -> Option<bool> {
        let message = self.signed.as_bytes();
        if key.rsa_key.is_empty() {
            let pair = Ed25519KeyPair::from_seed_unchecked(&key.data_key).ok()?;
            let public = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref().to_vec());
            return Some(public.verify(message, &self.signature).is_ok());
        }
        let pair = KeyPair::from_der(&key.rsa_key).ok()?;
        let PublicKey::Rsa { pkcs1, .. } = PublicKey::from_der(pair.public_key_der()).ok()? else {
            return None;
        };
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1);
        Some(public.verify(message, &self.signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{SIGNING, jwk, jwks_entry, new_key, open, seal};
    use lab_pki::KeySource;
    use lab_world::Entropy;

    fn key(rsa: bool) -> KeyMaterial {
        let entropy = Entropy::seeded(1);
        let pair = KeySource::simulated(&entropy).key(SIGNING).expect("a key");
        let key = new_key(&entropy, &pair, "active", 0, 0);
        if rsa { key } else { KeyMaterial { rsa_key: Vec::new(), ..key } }
    }

    fn claims() -> Map<String, Value> {
        let Value::Object(claims) = json!({"sub": "x", "nbf": 1000, "iat": 1000, "exp": 2000}) else {
            unreachable!()
        };
        claims
    }

    #[test]
    fn what_is_signed_is_believed_for_its_time() {
        for rsa in [true, false] {
            let key = key(rsa);
            let token = sign(&key, &claims()).expect("signed");
            let read = || Unverified::parse(&token).expect("a token");
            assert_eq!(read().key_id, key.meta.id);
            assert_eq!(read().verify(&key, 1500), Ok(claims()));
            assert_eq!(read().verify(&key, 2061), Err(VerifyError::Claims("token is expired (exp)")));
            assert_eq!(read().verify(&key, 939), Err(VerifyError::Claims("token not valid yet (nbf)")));
            let entry = jwks_entry(&jwk(&key).expect("public")).expect("an entry");
            assert_eq!(entry["kty"], if rsa { "RSA" } else { "OKP" });
            assert!(!rsa || entry["e"] == "AQAB");
        }
    }

    #[test]
    fn what_is_forged_is_not() {
        let key = key(true);
        let token = sign(&key, &claims()).expect("signed");
        let (rest, signature) = token.rsplit_once('.').expect("three parts");
        let forged = format!("{rest}.{}", signature.chars().rev().collect::<String>());
        let verdict = Unverified::parse(&forged).and_then(|token| token.verify(&key, 1500));
        assert!(verdict.is_err());
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let none = format!("{}.{}.", part(r#"{"alg":"none"}"#), part("{}"));
        assert!(Unverified::parse(&none).is_err());
        assert_eq!(
            Unverified::parse("abc").map_err(|error| error.to_string()),
            Err("failed to parse signed token: go-jose/go-jose: compact JWS format must have three parts"
                .to_owned())
        );
    }

    #[test]
    fn what_is_sealed_can_be_opened_with_the_same_key_only() {
        let (key, entropy) = (key(true), Entropy::seeded(2));
        let sealed = seal(&key, &entropy, b"secret").expect("sealed");
        assert_eq!(open(&key, &sealed).as_deref(), Some(&b"secret"[..]));
        let other = KeyMaterial { data_key: vec![7; 32], ..key };
        assert_eq!(open(&other, &sealed), None);
        assert_eq!(open(&other, b"short"), None);
    }
}
