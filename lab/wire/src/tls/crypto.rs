//! The cryptography of handshakes: ring's key exchange and ciphers, and the keys and signatures of `lab_pki`.

use std::sync::{Arc, LazyLock};

use lab_pki::{KeyKind, KeyPair, PublicKey, SignatureAlgorithm, SignatureError};
use lab_world::Clock;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::sign::{Signer, SigningKey};
use rustls::time_provider::TimeProvider;
use rustls::{SignatureAlgorithm as KeyAlgorithm, SignatureScheme};

/// The one provider of all handshakes.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    Arc::clone(&PROVIDER)
}

/// The schemes that Go offers, in its order, without those with SHA-1.
pub(super) const SCHEMES: [SignatureScheme; 10] = [
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
];

fn algorithm(scheme: SignatureScheme) -> Option<SignatureAlgorithm> {
    Some(match scheme {
        SignatureScheme::RSA_PKCS1_SHA256 => SignatureAlgorithm::Sha256WithRsa,
        SignatureScheme::RSA_PKCS1_SHA384 => SignatureAlgorithm::Sha384WithRsa,
        SignatureScheme::RSA_PKCS1_SHA512 => SignatureAlgorithm::Sha512WithRsa,
        SignatureScheme::RSA_PSS_SHA256 => SignatureAlgorithm::Sha256WithRsaPss,
        SignatureScheme::RSA_PSS_SHA384 => SignatureAlgorithm::Sha384WithRsaPss,
        SignatureScheme::RSA_PSS_SHA512 => SignatureAlgorithm::Sha512WithRsaPss,
        SignatureScheme::ECDSA_NISTP256_SHA256 => SignatureAlgorithm::EcdsaWithSha256,
        SignatureScheme::ECDSA_NISTP384_SHA384 => SignatureAlgorithm::EcdsaWithSha384,
        SignatureScheme::ECDSA_NISTP521_SHA512 => SignatureAlgorithm::EcdsaWithSha512,
        SignatureScheme::ED25519 => SignatureAlgorithm::Ed25519,
        _ => return None,
    })
}

/// Checks the signature under a handshake.
pub(super) fn verify_handshake(
    scheme: SignatureScheme,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    algorithm(scheme).ok_or(SignatureError::Unsupported)?.verify(key, message, signature, false)
}

/// A key as rustls asks it to sign.
#[derive(Debug)]
pub(super) struct TlsKey(pub(super) KeyPair);

impl TlsKey {
    fn can(&self, scheme: SignatureScheme) -> bool {
        match self.0.kind() {
            KeyKind::EcP256 => scheme == SignatureScheme::ECDSA_NISTP256_SHA256,
            KeyKind::EcP384 => scheme == SignatureScheme::ECDSA_NISTP384_SHA384,
            KeyKind::EcP521 => scheme == SignatureScheme::ECDSA_NISTP521_SHA512,
            KeyKind::Ed25519 => scheme == SignatureScheme::ED25519,
            KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => {
                algorithm(scheme).is_some_and(|algorithm| algorithm.name().contains("-RSA"))
            }
        }
    }
}

impl SigningKey for TlsKey {
    /// The first of the other end's schemes that the key can do, as Go chooses.
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *offered.iter().find(|&&scheme| self.can(scheme))?;
        Some(Box::new(TlsSigner { key: self.0.clone(), scheme }))
    }

    fn algorithm(&self) -> KeyAlgorithm {
        match self.0.kind() {
            KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 => KeyAlgorithm::ECDSA,
            KeyKind::Ed25519 => KeyAlgorithm::ED25519,
            KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => KeyAlgorithm::RSA,
        }
    }
}

#[derive(Debug)]
struct TlsSigner {
    key: KeyPair,
    scheme: SignatureScheme,
}

impl Signer for TlsSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let algorithm = algorithm(self.scheme).ok_or_else(|| rustls::Error::General("scheme".into()))?;
        self.key.sign(algorithm, message).map_err(|error| rustls::Error::General(error.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// The world's clock for rustls.
#[derive(Debug)]
pub(super) struct TlsClock(pub(super) Clock);

impl TimeProvider for TlsClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.unix()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}
