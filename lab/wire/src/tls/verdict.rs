//! Judging the other end's certificate inside a handshake.

use std::sync::{Arc, Mutex};

use lab_pki::{Certificate, PublicKey, SignatureError, Usage, VerifyError, VerifyOptions, verify};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, DigitallySignedStruct, PeerMisbehaved};

use super::crypto::verify_handshake;
use super::error::TlsError;

/// The certificates that the other end showed, and what is wrong with them. rustls has only its own words for that, so
/// this end's go past it.
#[derive(Debug, Default)]
pub(super) struct Verdict(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    certificates: Arc<[Certificate]>,
    error: Option<TlsError>,
}

impl Verdict {
    pub(super) fn certificates(&self) -> Arc<[Certificate]> {
        Arc::clone(&self.state().certificates)
    }

    pub(super) fn error(&self) -> Option<TlsError> {
        self.state().error.clone()
    }

    /// Keeps this end's words, and answers the error that makes rustls send Go's alert.
    pub(super) fn refuse(&self, error: TlsError, alert: CertificateError) -> rustls::Error {
        self.state().error = Some(error);
        rustls::Error::InvalidCertificate(alert)
    }

    /// Reads the certificates that were shown.
    pub(super) fn read(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        from_client: bool,
    ) -> Result<Arc<[Certificate]>, rustls::Error> {
        let mut certificates = Vec::with_capacity(1 + others.len());
        for der in std::iter::once(leaf).chain(others) {
            let certificate = Certificate::from_der(der).map_err(|error| {
                self.refuse(TlsError::Unreadable { from_client, error }, CertificateError::BadEncoding)
            })?;
            if matches!(certificate.public_key(), PublicKey::Rsa { bits, .. } if *bits > 8192) {
                return Err(self.refuse(TlsError::HugeKey { from_client }, CertificateError::BadEncoding));
            }
            certificates.push(certificate);
        }
        let certificates: Arc<[Certificate]> = certificates.into();
        self.state().certificates = Arc::clone(&certificates);
        Ok(certificates)
    }

    /// Checks the signature under the handshake by the leaf's key.
    pub(super) fn check_signature(
        &self,
        message: &[u8],
        signed: &DigitallySignedStruct,
        from_client: bool,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let certificates = self.certificates();
        let checked = match certificates.first() {
            Some(leaf) => verify_handshake(signed.scheme, leaf.public_key(), message, signed.signature()),
            None => Err(SignatureError::Unsupported),
        };
        checked.map(|()| HandshakeSignatureValid::assertion()).map_err(|error| {
            let error = TlsError::BadSignature { from_client, error: error.to_string() };
            self.refuse(error, CertificateError::BadSignature)
        })
    }

    /// The same in TLS 1.3, which forbids PKCS #1 there.
    pub(super) fn check_tls13_signature(
        &self,
        message: &[u8],
        signed: &DigitallySignedStruct,
        from_client: bool,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        use rustls::SignatureScheme as Scheme;
        if matches!(
            signed.scheme,
            Scheme::RSA_PKCS1_SHA256 | Scheme::RSA_PKCS1_SHA384 | Scheme::RSA_PKCS1_SHA512
        ) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        self.check_signature(message, signed, from_client)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no panic while judging")
    }
}

/// Builds the chain of what was shown; the first certificate is the leaf.
pub(super) fn verify_shown(
    shown: &[Certificate],
    roots: &[Certificate],
    at: time::OffsetDateTime,
    usage: Usage,
    name: Option<&str>,
) -> Result<(), VerifyError> {
    let Some((leaf, intermediates)) = shown.split_first() else {
        return Err(VerifyError::UnknownAuthority { hint: None });
    };
    verify(&VerifyOptions { roots, intermediates, at, usage, name }, leaf).map(drop)
}
