//! Why a handshake or a stream failed, in the words of the end that says it.

use std::io;

use lab_pki::VerifyError;
use lab_world::WireFault;
use rustls::{InvalidMessage, PeerIncompatible};

use super::alert::Alert;

/// A failure as this end's Go program prints it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The other end sent an alert.
    #[error("remote error: {0}")]
    Remote(Alert),
    /// This end found the other's messages wrong, and sent an alert.
    #[error("local error: {0}")]
    Local(Alert),
    /// The other end's certificate is not accepted.
    #[error("tls: failed to verify certificate: {0}")]
    Verify(VerifyError),
    /// The chain was checked after the handshake, and is not accepted.
    #[error("{0}")]
    Chain(VerifyError),
    /// The server's own check refused a certificate that verifies.
    #[error("{0}")]
    Check(String),
    /// A certificate of the other end does not parse.
    #[error("tls: failed to parse {}: {error}", if *.from_client { "client certificate" } else { "certificate from server" })]
    Unreadable {
        /// Whether the client sent it.
        from_client: bool,
        /// What is wrong with it.
        error: lab_pki::Error,
    },
    /// A certificate with an RSA key that is larger than any sensible one.
    #[error("tls: {} sent certificate containing RSA key larger than 8192 bits", if *.from_client { "client" } else { "server" })]
    HugeKey {
        /// Whether the client sent it.
        from_client: bool,
    },
    /// The key that signed the handshake is not the certificate's.
    #[error("tls: invalid signature by the {} certificate: {error}", if *.from_client { "client" } else { "server" })]
    BadSignature {
        /// Whether the client made it.
        from_client: bool,
        /// What is wrong with it.
        error: String,
    },
    /// A client that had to show a certificate did not.
    #[error("tls: client didn't provide a certificate")]
    NoClientCertificate,
    /// A server without a certificate to show.
    #[error("tls: no certificates configured")]
    NoCertificates,
    /// A client that was told no name to check.
    #[error("tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config")]
    NoName,
    /// A client whose versions are all too old, or too new.
    #[error("tls: client offered only unsupported versions: [{}]", versions(.0))]
    UnsupportedVersions(Vec<u16>),
    /// The server chose a version that the client does not want.
    #[error("tls: server selected unsupported protocol version {0:x}")]
    UnsupportedVersion(u16),
    /// No cipher suite that both ends have.
    #[error("tls: no cipher suite supported by both client and server")]
    NoCipherSuite,
    /// What came first is not TLS.
    #[error("tls: first record does not look like a TLS handshake")]
    NotTls {
        /// The first five bytes.
        first: [u8; 5],
    },
    /// What came first is SSL 2.
    #[error("tls: unsupported SSLv2 handshake received")]
    Sslv2,
    /// A record that is longer than any may be.
    #[error("tls: oversized record received with length {0}")]
    Oversized(usize),
    /// A key that everybody has was about to guard a connection outside a simulation.
    #[error("{0}")]
    PublicKey(lab_pki::Error),
    /// The other end closed the connection between two records.
    #[error("EOF")]
    Eof,
    /// The other end closed the connection inside a record.
    #[error("unexpected EOF")]
    UnexpectedEof,
    /// The connection failed; the text is that of Go's `net.OpError`.
    #[error("{text}")]
    Io {
        /// Its kind.
        kind: io::ErrorKind,
        /// `read tcp 10.0.0.1:50000->10.0.0.2:4647: read: connection reset by peer`
        text: String,
    },
    /// Anything else.
    #[error("tls: {0}")]
    Other(String),
}

impl TlsError {
    /// The first bytes of a connection that is not TLS: a server tells by them that somebody speaks HTTP to it.
    pub fn first_bytes(&self) -> Option<[u8; 5]> {
        match self {
            Self::NotTls { first } => Some(*first),
            _ => None,
        }
    }

    /// The fault of the connection beneath, if it is one.
    pub fn wire_fault(&self) -> Option<WireFault> {
        match self {
            Self::Io { kind, .. } => WireFault::of(&(*kind).into()),
            Self::Eof | Self::UnexpectedEof => Some(WireFault::Eof),
            _ => None,
        }
    }

    /// What an I/O error of a TLS stream stands for.
    pub(super) fn from_io(error: &io::Error) -> Self {
        let inner = error.get_ref();
        if let Some(own) = inner.and_then(|inner| inner.downcast_ref::<Self>()) {
            return own.clone();
        }
        if let Some(rustls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::from_rustls(rustls);
        }
        Self::Io { kind: error.kind(), text: error.to_string() }
    }

    fn from_rustls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::AlertReceived(alert) => Self::Remote(Alert(u8::from(*alert))),
            rustls::Error::NoCertificatesPresented => Self::NoClientCertificate,
            rustls::Error::DecryptError => Self::Local(Alert::BAD_RECORD_MAC),
            rustls::Error::PeerSentOversizedRecord
            | rustls::Error::InvalidMessage(InvalidMessage::MessageTooLarge) => {
                Self::Local(Alert::RECORD_OVERFLOW)
            }
            rustls::Error::InvalidMessage(_) => Self::Local(Alert::DECODE_ERROR),
            rustls::Error::InappropriateMessage { .. }
            | rustls::Error::InappropriateHandshakeMessage { .. } => Self::Local(Alert::UNEXPECTED_MESSAGE),
            rustls::Error::PeerMisbehaved(_) => Self::Local(Alert::ILLEGAL_PARAMETER),
            rustls::Error::PeerIncompatible(
                PeerIncompatible::NoCipherSuitesInCommon | PeerIncompatible::NoKxGroupsInCommon,
            ) => Self::NoCipherSuite,
            rustls::Error::PeerIncompatible(_) => Self::Local(Alert::HANDSHAKE_FAILURE),
            other => Self::Other(other.to_string()),
        }
    }

    /// The error to hand to a reader or writer; it displays as Go's text.
    pub(super) fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Io { kind, .. } => *kind,
            Self::Eof | Self::UnexpectedEof => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, self)
    }
}

/// What Go says for an I/O error of a [`super::TlsStream`] or of a plain stream.
pub fn go_text(error: &io::Error) -> String {
    let is_plain = error.get_ref().is_none();
    match WireFault::of(error) {
        Some(fault) if is_plain => fault.to_string(),
        _ if is_plain => error.to_string(),
        _ => TlsError::from_io(error).to_string(),
    }
}

fn versions(versions: &[u16]) -> String {
    versions.iter().map(|version| format!("{version:x}")).collect::<Vec<_>>().join(" ")
}
