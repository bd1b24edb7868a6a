//! What can go wrong with keys, certificates and requests.

use std::borrow::Cow;

/// Bad input, or a wish that cannot be met. What the real programs also say is said in their words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate, a request or a public key that does not parse, in the words of Go's `crypto/x509`.
    #[error("x509: {0}")]
    Malformed(Cow<'static, str>),
    /// A public key that is no point of its curve, in the words of Go's `crypto/ecdsa`.
    #[error("{0}")]
    Point(Cow<'static, str>),
    /// A request that does not parse, in the words of Go's `encoding/asn1`.
    #[error("asn1: {0}")]
    Asn1(Cow<'static, str>),
    /// A PEM text without a certificate in it.
    #[error("failed to find any PEM data in certificate input")]
    NoCertificate,
    /// A PEM text without a signing request in it; Vault's words for a `csr` that is not PEM.
    #[error("csr contains no data")]
    NoRequest,
    /// A PEM text without a private key in it.
    #[error("failed to find any PEM data in key input")]
    NoPrivateKey,
    /// A private key in none of the forms PKCS #1, PKCS #8 and SEC 1, or of a kind that is not supported.
    #[error("failed to parse private key")]
    MalformedPrivateKey,
    /// The system could not make a key.
    #[error("failed to generate a key")]
    KeyGeneration,
    /// A key cannot sign with the algorithm that was asked for.
    #[error("x509: requested SignatureAlgorithm does not match private key type")]
    WrongKeyForSignature,
    /// A name, an address or another value that has no encoding.
    #[error("x509: {0}")]
    NotEncodable(Cow<'static, str>),
    /// A key of the embedded pool was about to guard a socket that others can reach.
    #[error("the keys of the simulator's pool are public and must not be used outside a simulated network")]
    PublicKeyOutsideSimulation,
}

impl Error {
    pub(crate) fn malformed(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(what.into())
    }
}
