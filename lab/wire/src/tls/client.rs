//! The dialling end.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use lab_pki::{Certificate, Usage};
use lab_world::{Clock, Stream};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{CertificateDer, IpAddr, Ipv4Addr, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, PeerIncompatible, SignatureScheme};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsConnector;

use super::Version;
use super::crypto::{SCHEMES, TlsClock, provider};
use super::error::TlsError;
use super::identity::{Identity, IdentityProvider};
use super::records::Records;
use super::server::{check_key, is_ours};
use super::stream::TlsStream;
use super::verdict::{Verdict, verify_shown};
use crate::Io;

/// How a client shakes hands.
#[derive(Clone)]
pub struct ClientTls {
    /// The authorities that it trusts for servers.
    pub roots: Arc<[Certificate]>,
    /// Asked at each handshake for the certificate to show where the server wants one. It is shown whether or not the
    /// server knows its authority.
    pub identity: Option<IdentityProvider>,
    /// How it judges servers.
    pub verify: ServerVerify,
    /// The time by which certificates are judged.
    pub clock: Clock,
    /// The lowest version it speaks.
    pub min_version: Version,
    /// The highest version it speaks.
    pub max_version: Version,
}

/// How a client judges a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerVerify {
    /// In the handshake: its chain, and that it is valid for this name or address. A name is also sent to the server.
    Name(String),
    /// After the handshake: only its chain, as Nomad does without `verify_server_hostname`. No name is sent.
    ChainOnly,
    /// Not at all. No name is sent.
    None,
}

impl ClientTls {
    /// A client that trusts nobody yet, shows nothing and was told no name.
    pub fn new(clock: &Clock) -> Self {
        Self {
            roots: Arc::from([]),
            identity: None,
            verify: ServerVerify::Name(String::new()),
            clock: clock.clone(),
            min_version: Version::Tls12,
            max_version: Version::Tls13,
        }
    }

    /// Trusts these authorities.
    pub fn roots(self, roots: impl Into<Arc<[Certificate]>>) -> Self {
        Self { roots: roots.into(), ..self }
    }

    /// Judges servers this way.
    pub fn verify(self, verify: ServerVerify) -> Self {
        Self { verify, ..self }
    }

    /// Shows this certificate where a server wants one.
    pub fn identity(self, identity: Identity) -> Self {
        Self { identity: Some(identity.into_provider()), ..self }
    }

    /// Shows what this answers where a server wants a certificate.
    pub fn identity_provider(self, provider: IdentityProvider) -> Self {
        Self { identity: Some(provider), ..self }
    }

    /// Speaks no version above this one.
    pub fn max_version(self, max_version: Version) -> Self {
        Self { max_version, ..self }
    }

    /// Shakes hands on a stream. There is no limit of time here: put a [`Clock::timeout`] around it.
    ///
    /// Errors: what a Go client would say. In TLS 1.3 a server that refuses the client's certificate is noticed only
    /// when the stream is read.
    pub async fn connect(&self, stream: Stream) -> Result<TlsStream<Stream>, TlsError> {
        let (local, peer) = (stream.local(), stream.peer());
        self.connect_io(stream, local, peer).await
    }

    /// The same on anything that goes between two addresses.
    pub async fn connect_io<S: Io>(
        &self,
        io: S,
        local: SocketAddr,
        peer: SocketAddr,
    ) -> Result<TlsStream<S>, TlsError> {
        if self.verify == ServerVerify::Name(String::new()) {
            return Err(TlsError::NoName);
        }
        let verdict = Arc::new(Verdict::default());
        let (name, config) = self.config(&verdict)?;
        let connector = TlsConnector::from(Arc::new(config));
        let records = Records::new(io, local, peer);
        let stream = match connector.connect(name, records).into_fallible().await {
            Ok(stream) => TlsStream::new(stream.into(), verdict.certificates()),
            Err((error, records)) => {
                return Err(verdict.error().unwrap_or_else(|| explain(&error, &records)));
            }
        };
        self.check_after(stream).await
    }

    /// The check that comes after the handshake, where it is wanted; on refusal the connection is closed in peace.
    async fn check_after<S: Io>(&self, mut stream: TlsStream<S>) -> Result<TlsStream<S>, TlsError> {
        if self.verify != ServerVerify::ChainOnly {
            return Ok(stream);
        }
        let shown = stream.peer_certificates();
        let Err(error) = verify_shown(shown, &self.roots, self.clock.now(), Usage::Server, None) else {
            return Ok(stream);
        };
        // The server may be gone already.
        let _ = stream.shutdown().await;
        Err(TlsError::Chain(error))
    }

    /// The name to send with its form, and everything else.
    fn config(&self, verdict: &Arc<Verdict>) -> Result<(ServerName<'static>, ClientConfig), TlsError> {
        let clock = Arc::new(TlsClock(self.clock.clone()));
        let versions = Version::between(self.min_version, self.max_version);
        let verifier = ServerVerifier { client: self.clone(), verdict: Arc::clone(verdict) };
        let builder = ClientConfig::builder_with_details(provider(), clock)
            .with_protocol_versions(&versions)
            .map_err(|error| TlsError::Other(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let identity = self.identity.as_ref().and_then(|provider| provider());
        let mut config = match identity.filter(|identity| !identity.chain.is_empty()) {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                check_key(&identity, &self.clock)?;
                builder.with_client_cert_resolver(Arc::new(Shown(identity.certified_key())))
            }
        };
        config.resumption = Resumption::disabled();
        let name = self.sent_name();
        config.enable_sni = name.is_some();
        // Without a name to send one must be given all the same; an address is never sent.
        let unsent = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0, 0, 0, 0])));
        Ok((name.unwrap_or(unsent), config))
    }

    /// The name that goes to the server: no address, and without a dot at its end.
    fn sent_name(&self) -> Option<ServerName<'static>> {
        let ServerVerify::Name(name) = &self.verify else { return None };
        let name = name.strip_suffix('.').unwrap_or(name);
        let parsed = ServerName::try_from(name.to_owned()).ok()?;
        matches!(parsed, ServerName::DnsName(_)).then_some(parsed)
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("verify", &self.verify)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

/// What went wrong other than a refused certificate.
fn explain<S>(error: &std::io::Error, records: &Records<S>) -> TlsError {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig)) => {
            TlsError::UnsupportedVersion(0x303)
        }
        Some(rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13)) => {
            TlsError::UnsupportedVersion(selected_version(records.first()))
        }
        None if error.kind() == std::io::ErrorKind::UnexpectedEof && !is_ours(error) => records.end(),
        _ => TlsError::from_io(error),
    }
}

/// The version field of a ServerHello.
fn selected_version(record: &[u8]) -> u16 {
    match record {
        [_, _, _, _, _, 2, _, _, _, major, minor, ..] => u16::from(*major) << 8 | u16::from(*minor),
        _ => 0,
    }
}

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Judges the certificate of one server.
#[derive(Debug)]
struct ServerVerifier {
    client: ClientTls,
    verdict: Arc<Verdict>,
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = self.verdict.read(leaf, others, false)?;
        if let ServerVerify::Name(name) = &self.client.verify {
            let (roots, now) = (&self.client.roots, self.client.clock.now());
            // Go's clients send this one alert whatever is wrong.
            verify_shown(&shown, roots, now, Usage::Server, Some(name)).map_err(|error| {
                self.verdict.refuse(TlsError::Verify(error), CertificateError::BadEncoding)
            })?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verdict.check_signature(message, signed, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verdict.check_tls13_signature(message, signed, false)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}
