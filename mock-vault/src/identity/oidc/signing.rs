//! The keys behind a name: made when they are first needed, and replaced after a while.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lab_pki::{KeyKind, KeyPair, PublicKey as Public, SignatureAlgorithm};
use serde_json::Value;
use time::OffsetDateTime;

use crate::identity::oidc::model::{NamedKey, PublicKey};
use crate::logical::{Environment, Refusal, to_go_json};

impl NamedKey {
    /// Makes what signs and what will sign next, where they are not there yet; turns to the next where it is time.
    pub(super) fn prepare(&mut self, environment: &Environment) -> Result<(), Refusal> {
        while self.private.len() < 2 {
            self.make(environment)?;
        }
        let now = environment.now;
        if self.rotates.is_some_and(|at| at <= now) {
            return self.rotate(self.verification_ttl, environment);
        }
        self.rotates = self.rotates.or(Some(now + self.rotation_period));
        Ok(())
    }

    /// Turns to the next key. The one before is believed for `ttl`.
    pub(super) fn rotate(&mut self, ttl: Duration, environment: &Environment) -> Result<(), Refusal> {
        while self.private.len() < 2 {
            self.make(environment)?;
        }
        let (before, _) = self.private.remove(0);
        for key in self.public.iter_mut().filter(|key| key.id == before) {
            key.expires = Some(environment.now + ttl);
        }
        self.make(environment)?;
        self.rotates = Some(environment.now + self.rotation_period);
        self.forget(environment.now);
        Ok(())
    }

    /// Gives up what signs and what would sign next, for keys of another algorithm.
    pub(super) fn renew(&mut self, environment: &Environment) -> Result<(), Refusal> {
        if self.private.is_empty() {
            return Ok(());
        }
        let until = environment.now + self.verification_ttl;
        for key in self.public.iter_mut().filter(|key| key.expires.is_none()) {
            key.expires = Some(until);
        }
        self.private.clear();
        self.prepare(environment)
    }

    /// Drops public keys whose time is over.
    pub(super) fn forget(&mut self, now: OffsetDateTime) {
        self.public.retain(|key| key.expires.is_none_or(|expires| expires > now));
    }

    /// A token with these claims.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, Refusal> {
        let missing = || Refusal::Failed("no signing key".into());
        let (id, pem) = self.private.first().ok_or_else(missing)?;
        let failed = |error: lab_pki::Error| Refusal::Failed(error.to_string());
        let key = KeyPair::from_pem(pem).map_err(failed)?;
        let head = serde_json::json!({"alg": self.algorithm, "kid": id});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(to_go_json(value));
        let message = format!("{}.{}", part(&head), part(claims));
        let signature = key.sign(self.signature(), message.as_bytes()).map_err(failed)?;
        let signature = match key.kind().algorithm() {
            "ec" => plain(&signature, key.kind().bits().div_ceil(8) as usize).ok_or_else(missing)?,
            _ => signature,
        };
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn make(&mut self, environment: &Environment) -> Result<(), Refusal> {
        let kind = match self.algorithm.as_str() {
            "ES256" => KeyKind::EcP256,
            "ES384" => KeyKind::EcP384,
            "ES512" => KeyKind::EcP521,
            "EdDSA" => KeyKind::Ed25519,
            _ => KeyKind::Rsa2048,
        };
        let key = environment.keys.key(kind).map_err(|error| Refusal::Failed(error.to_string()))?;
        let id = environment.entropy.uuid();
        let jwk = jwk(&id, &self.algorithm, &key).unwrap_or_default();
        self.public.push(PublicKey { id: id.clone(), jwk, expires: None });
        self.private.push((id, key.to_pem()));
        Ok(())
    }

    fn signature(&self) -> SignatureAlgorithm {
        match self.algorithm.as_str() {
            "RS384" => SignatureAlgorithm::Sha384WithRsa,
            "RS512" => SignatureAlgorithm::Sha512WithRsa,
            "ES256" => SignatureAlgorithm::EcdsaWithSha256,
            "ES384" => SignatureAlgorithm::EcdsaWithSha384,
            "ES512" => SignatureAlgorithm::EcdsaWithSha512,
            "EdDSA" => SignatureAlgorithm::Ed25519,
            _ => SignatureAlgorithm::Sha256WithRsa,
        }
    }
}

/// A key as it stands in a key set; the order of the fields is that of the real server.
fn jwk(id: &str, algorithm: &str, key: &KeyPair) -> Option<String> {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (kind, curve, numbers) = match Public::from_der(key.public_key_der()).ok()? {
        Public::Rsa { pkcs1, .. } => {
            let [modulus, exponent] = integers(&pkcs1)?;
            ("RSA", None, vec![("n", text(&modulus)), ("e", text(&exponent))])
        }
        Public::Ec { point, .. } => {
            let (x, y) = point.get(1..)?.split_at(point.len() / 2);
            ("EC", Some(format!("P-{}", key.kind().bits())), vec![("x", text(x)), ("y", text(y))])
        }
        Public::Ed25519(bytes) => ("OKP", Some("Ed25519".to_owned()), vec![("x", text(&bytes))]),
        _ => return None,
    };
    let curve = curve.map(|curve| format!(",\"crv\":\"{curve}\"")).unwrap_or_default();
    let numbers: String = numbers.iter().map(|(name, value)| format!(",\"{name}\":\"{value}\"")).collect();
    Some(format!(
        "{{\"use\":\"sig\",\"kty\":\"{kind}\",\"kid\":\"{id}\"{curve},\"alg\":\"{algorithm}\"{numbers}}}"
    ))
}

/// The two whole numbers of a sequence, without leading zeros.
fn integers(der: &[u8]) -> Option<[Vec<u8>; 2]> {
    yasna::parse_der(der, |reader| {
        reader.read_sequence(|reader| {
            Ok([reader.next().read_bigint_bytes()?.0, reader.next().read_bigint_bytes()?.0])
        })
    })
    .ok()
    .map(|numbers| numbers.map(|number| number.into_iter().skip_while(|byte| *byte == 0).collect()))
}

/// An ECDSA signature as tokens have it: two numbers of the same length.
fn plain(der: &[u8], size: usize) -> Option<Vec<u8>> {
    let numbers = integers(der)?;
    let mut plain = Vec::with_capacity(2 * size);
    for number in numbers {
        plain.extend(std::iter::repeat_n(0, size.checked_sub(number.len())?).chain(number));
    }
    Some(plain)
}
