//! The accepting end.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use lab_pki::{Certificate, Usage, VerifyError};
use lab_world::{Clock, Stream};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, PeerIncompatible, ServerConfig,
    SignatureScheme,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::Version;
use super::alert::Alert;
use super::crypto::{SCHEMES, TlsClock, provider};
use super::error::TlsError;
use super::hello::offered_versions;
use super::identity::{Identity, IdentityProvider};
use super::records::{Records, plain_alert};
use super::stream::TlsStream;
use super::verdict::{Verdict, verify_shown};
use crate::Io;

/// A check of the client's certificate after its chain: Nomad's name and region validator. The error is what the server
/// says; the client learns `bad certificate`.
pub type Check = Arc<dyn Fn(&Certificate) -> Result<(), String> + Send + Sync>;

/// How a server shakes hands.
#[derive(Clone)]
pub struct ServerTls {
    /// Asked at each handshake for the certificate to show.
    pub identity: IdentityProvider,
    /// What it wants of clients.
    pub client_auth: ClientAuth,
    /// A further check of the client's certificate.
    pub check: Option<Check>,
    /// The lowest version it speaks.
    pub min_version: Version,
    /// The time by which certificates are judged.
    pub clock: Clock,
}

/// What a server wants of its clients.
#[derive(Clone, Debug, Default)]
pub enum ClientAuth {
    /// Nothing: it does not ask for a certificate.
    #[default]
    None,
    /// A certificate if the client has one, whichever: Go's `RequestClientCert`, Vault's way.
    Request,
    /// A certificate that leads to one of these.
    Require {
        /// The authorities that it trusts for clients.
        roots: Arc<[Certificate]>,
    },
}

impl ServerTls {
    /// A server that shows what `identity` answers, and wants no certificate of clients.
    pub fn new(clock: &Clock, identity: IdentityProvider) -> Self {
        Self {
            identity,
            client_auth: ClientAuth::None,
            check: None,
            min_version: Version::Tls12,
            clock: clock.clone(),
        }
    }

    /// Shakes hands on a stream. There is no limit of time here: put a [`Clock::timeout`] around it.
    ///
    /// Errors: what a Go server would log, such as `tls: client didn't provide a certificate`; the alert was sent.
    pub async fn accept(&self, stream: Stream) -> Result<TlsStream<Stream>, TlsError> {
        let (local, peer) = (stream.local(), stream.peer());
        self.accept_io(stream, local, peer).await
    }

    /// The same on anything that goes between two addresses.
    pub async fn accept_io<S: Io>(
        &self,
        io: S,
        local: SocketAddr,
        peer: SocketAddr,
    ) -> Result<TlsStream<S>, TlsError> {
        let mut records = Records::new(io, local, peer);
        let Some(identity) = (self.identity)().filter(|identity| !identity.chain.is_empty()) else {
            return Err(refuse_without_certificate(&mut records).await);
        };
        check_key(&identity, &self.clock)?;
        let verdict = Arc::new(Verdict::default());
        let config = self.config(&identity, &verdict)?;
        match TlsAcceptor::from(Arc::new(config)).accept(records).into_fallible().await {
            Ok(stream) => Ok(TlsStream::new(stream.into(), verdict.certificates())),
            Err((error, records)) => Err(verdict.error().unwrap_or_else(|| explain(&error, &records))),
        }
    }

    fn config(&self, identity: &Identity, verdict: &Arc<Verdict>) -> Result<ServerConfig, TlsError> {
        let clock = Arc::new(TlsClock(self.clock.clone()));
        let versions = Version::between(self.min_version, Version::Tls13);
        let builder = ServerConfig::builder_with_details(provider(), clock)
            .with_protocol_versions(&versions)
            .map_err(|error| TlsError::Other(error.to_string()))?;
        let builder = match &self.client_auth {
            ClientAuth::None => builder.with_no_client_auth(),
            asks => builder.with_client_cert_verifier(Arc::new(ClientVerifier::new(self, asks, verdict))),
        };
        let mut config = builder.with_cert_resolver(Arc::new(Shown(identity.certified_key())));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (auth, version) = (&self.client_auth, self.min_version);
        f.debug_struct("ServerTls")
            .field("client_auth", auth)
            .field("min_version", &version)
            .finish_non_exhaustive()
    }
}

/// A key that everybody has protects nothing, so it may only be shown inside a simulation.
pub(super) fn check_key(identity: &Identity, clock: &Clock) -> Result<(), TlsError> {
    if !clock.is_simulated() && identity.key.is_public_knowledge() {
        return Err(TlsError::PublicKey(lab_pki::Error::PublicKeyOutsideSimulation));
    }
    Ok(())
}

/// Reads the client's first record and answers it with an alert, as Go does when it has nothing to show.
async fn refuse_without_certificate<S: Io>(records: &mut Records<S>) -> TlsError {
    let mut buffer = [0; 1024];
    while !records.has_first() {
        match records.read(&mut buffer).await {
            Ok(0) => return records.end(),
            Ok(_) => {}
            Err(error) => return TlsError::from_io(&error),
        }
    }
    // Whoever does not take the alert is gone anyway.
    let _ = records.write_all(&plain_alert(Alert::INTERNAL_ERROR)).await;
    TlsError::NoCertificates
}

/// What went wrong other than a refused certificate.
fn explain<S>(error: &std::io::Error, records: &Records<S>) -> TlsError {
    use PeerIncompatible as Peer;
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::PeerIncompatible(
            Peer::SupportedVersionsExtensionRequired | Peer::Tls12NotOffered | Peer::Tls12NotOfferedOrEnabled,
        )) => TlsError::UnsupportedVersions(offered_versions(records.first())),
        None if error.kind() == std::io::ErrorKind::UnexpectedEof && !is_ours(error) => records.end(),
        _ => TlsError::from_io(error),
    }
}

/// Whether an error came from [`Records`] rather than from rustls or tokio.
pub(super) fn is_ours(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<TlsError>())
}

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Judges the certificate of one client.
struct ClientVerifier {
    /// `None`: any certificate will do, and none will do too.
    roots: Option<Arc<[Certificate]>>,
    hints: Vec<DistinguishedName>,
    check: Option<Check>,
    clock: Clock,
    verdict: Arc<Verdict>,
}

impl ClientVerifier {
    fn new(server: &ServerTls, asks: &ClientAuth, verdict: &Arc<Verdict>) -> Self {
        let roots = match asks {
            ClientAuth::Require { roots } => Some(Arc::clone(roots)),
            ClientAuth::None | ClientAuth::Request => None,
        };
        let subjects = roots.iter().flat_map(|roots| roots.iter());
        let hints = subjects.map(|root| DistinguishedName::from(root.raw_subject().to_vec())).collect();
        let (check, clock) = (server.check.clone(), server.clock.clone());
        Self { roots, hints, check, clock, verdict: Arc::clone(verdict) }
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientVerifier")
    }
}

/// What makes rustls send the alert that Go's server sends for a verdict.
fn alert_for(error: &VerifyError) -> CertificateError {
    match error {
        VerifyError::UnknownAuthority { .. } => CertificateError::UnknownIssuer,
        error if error.is_about_time() => CertificateError::Expired,
        _ => CertificateError::BadEncoding,
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.roots.is_some()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let shown = self.verdict.read(leaf, others, true)?;
        if let Some(roots) = &self.roots {
            verify_shown(&shown, roots, self.clock.now(), Usage::Client, None).map_err(|error| {
                let alert = alert_for(&error);
                self.verdict.refuse(TlsError::Verify(error), alert)
            })?;
        }
        if let Some(check) = &self.check {
            check(&shown[0])
                .map_err(|text| self.verdict.refuse(TlsError::Check(text), CertificateError::BadEncoding))?;
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verdict.check_signature(message, signed, true)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verdict.check_tls13_signature(message, signed, true)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}
