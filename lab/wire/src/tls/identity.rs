//! What an end shows: a certificate with its chain, and the key.

use std::fmt;
use std::sync::{Arc, OnceLock};

use lab_pki::{Certificate, KeyPair, PublicKey, pem};
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::crypto::TlsKey;

/// Asked at every handshake for what to show, so that new files are shown without a new listener.
pub type IdentityProvider = Arc<dyn Fn() -> Option<Identity> + Send + Sync>;

/// A certificate with its chain, and its key. Clones share what handshakes need of it.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, and those above it.
    pub chain: Vec<Certificate>,
    /// The key of the first.
    pub key: KeyPair,
    prepared: Arc<OnceLock<Arc<CertifiedKey>>>,
}

/// Why files are no identity, in the words of Go's `tls.X509KeyPair`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The certificate file has no PEM block.
    #[error("tls: failed to find any PEM data in certificate input")]
    NoCertificatePem,
    /// The certificate file holds a key.
    #[error(
        "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have \
         been switched"
    )]
    KeyAsCertificate,
    /// The certificate file holds other blocks.
    #[error(
        "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following \
         types: [{}]",
        .0.join(" ")
    )]
    NoCertificateBlock(Vec<String>),
    /// The key file has no PEM block.
    #[error("tls: failed to find any PEM data in key input")]
    NoKeyPem,
    /// The key file holds a certificate.
    #[error("tls: found a certificate rather than a key in the PEM for the private key")]
    CertificateAsKey,
    /// The key file holds other blocks.
    #[error(
        "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the \
         following types: [{}]",
        .0.join(" ")
    )]
    NoKeyBlock(Vec<String>),
    /// The certificate does not parse.
    #[error("{0}")]
    Certificate(lab_pki::Error),
    /// The key does not parse.
    #[error("tls: failed to parse private key")]
    Key,
    /// The key is of another algorithm than the certificate's.
    #[error("tls: private key type does not match public key type")]
    KeyType,
    /// The key is another one than the certificate's.
    #[error("tls: private key does not match public key")]
    Mismatch,
    /// The certificate's key cannot sign handshakes.
    #[error("tls: unknown public key algorithm")]
    PublicKey,
}

impl Identity {
    /// An identity of parts that belong together; that they do is not checked.
    pub fn new(chain: Vec<Certificate>, key: KeyPair) -> Self {
        Self { chain, key, prepared: Arc::default() }
    }

    /// Reads the texts of a certificate file and a key file as Go's `tls.X509KeyPair` does: all certificates of the
    /// first, and the first private key of the second, which must be the first certificate's.
    ///
    /// Certificates behind the first are only read here; Go reads them in the handshake. One that does not parse is
    /// an error here already.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, IdentityError> {
        let (found, others): (Vec<_>, Vec<_>) =
            pem::blocks(certificates).into_iter().partition(|block| block.label == "CERTIFICATE");
        if found.is_empty() {
            return Err(no_certificate(others.into_iter().map(|block| block.label).collect()));
        }
        let key = key_block(key)?;
        let chain: Result<Vec<_>, _> =
            found.iter().map(|block| Certificate::from_der(&block.content)).collect();
        let chain = chain.map_err(IdentityError::Certificate)?;
        let key = KeyPair::from_der(&key.content).map_err(|_| IdentityError::Key)?;
        check_pair(chain[0].public_key(), &key, chain[0].public_key_der())?;
        Ok(Self::new(chain, key))
    }

    /// An [`IdentityProvider`] that always answers this one.
    pub fn into_provider(self) -> IdentityProvider {
        Arc::new(move || Some(self.clone()))
    }

    /// The form that rustls takes, made once.
    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        let prepare = || {
            let chain = self.chain.iter().map(|one| CertificateDer::from(one.der().to_vec())).collect();
            Arc::new(CertifiedKey::new(chain, Arc::new(TlsKey(self.key.clone()))))
        };
        Arc::clone(self.prepared.get_or_init(prepare))
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        (&self.chain, &self.key) == (&other.chain, &other.key)
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("chain", &self.chain).field("key", &self.key).finish_non_exhaustive()
    }
}

fn no_certificate(skipped: Vec<String>) -> IdentityError {
    match skipped.as_slice() {
        [] => IdentityError::NoCertificatePem,
        [only] if only.ends_with("PRIVATE KEY") => IdentityError::KeyAsCertificate,
        _ => IdentityError::NoCertificateBlock(skipped),
    }
}

fn key_block(text: &str) -> Result<pem::Block, IdentityError> {
    let mut skipped = Vec::new();
    for block in pem::blocks(text) {
        if block.label == "PRIVATE KEY" || block.label.ends_with(" PRIVATE KEY") {
            return Ok(block);
        }
        skipped.push(block.label);
    }
    Err(match skipped.as_slice() {
        [] => IdentityError::NoKeyPem,
        [only] if only == "CERTIFICATE" => IdentityError::CertificateAsKey,
        _ => IdentityError::NoKeyBlock(skipped),
    })
}

fn check_pair(public: &PublicKey, key: &KeyPair, public_der: &[u8]) -> Result<(), IdentityError> {
    if !matches!(public, PublicKey::Rsa { .. } | PublicKey::Ec { .. } | PublicKey::Ed25519(_)) {
        return Err(IdentityError::PublicKey);
    }
    if public.algorithm() != key.kind().algorithm() {
        return Err(IdentityError::KeyType);
    }
    if public_der == key.public_key_der() { Ok(()) } else { Err(IdentityError::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_pki::{CertificateBuilder, KeyKind, KeySource, Name};
    use lab_world::DEFAULT_EPOCH;

    fn pair(kind: KeyKind) -> (String, String) {
        let key = KeySource::generated().key(kind).expect("a key");
        let builder = CertificateBuilder::new(Name::common("x"), DEFAULT_EPOCH, DEFAULT_EPOCH);
        (builder.self_sign(&key).expect("a certificate").to_pem(), key.to_pem())
    }

    #[test]
    fn a_pair_is_read() {
        let (certificate, key) = pair(KeyKind::EcP256);
        let identity = Identity::from_pem(&format!("{certificate}\n{key}"), &key).expect("a pair");
        assert_eq!(identity.chain.len(), 1);
        assert!(format!("{identity:?}").contains("KeyPair(EcP256)"), "nothing of the secret is shown");
    }

    #[test]
    fn what_is_no_pair_is_said_in_go_words() {
        let (certificate, key) = pair(KeyKind::EcP256);
        let (_, other) = pair(KeyKind::EcP256);
        let (_, edwards) = pair(KeyKind::Ed25519);
        let broken = pem::encode("PRIVATE KEY", b"nonsense");
        let broken_certificate = pem::encode("CERTIFICATE", b"nonsense");
        let parameters = pem::encode("EC PARAMETERS", b"x");
        for (certificate, key, text) in [
            ("", key.as_str(), "tls: failed to find any PEM data in certificate input"),
            (
                &key,
                &certificate,
                "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
            ),
            (
                &parameters,
                &key,
                "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [EC PARAMETERS]",
            ),
            (&certificate, "rubbish", "tls: failed to find any PEM data in key input"),
            (
                &certificate,
                &certificate,
                "tls: found a certificate rather than a key in the PEM for the private key",
            ),
            (
                &certificate,
                &parameters,
                "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [EC PARAMETERS]",
            ),
            (&certificate, &broken, "tls: failed to parse private key"),
            (&broken_certificate, &key, "x509: malformed certificate"),
            (&certificate, &edwards, "tls: private key type does not match public key type"),
            (&certificate, &other, "tls: private key does not match public key"),
        ] {
            assert_eq!(Identity::from_pem(certificate, key).expect_err(text).to_string(), text);
        }
    }
}
