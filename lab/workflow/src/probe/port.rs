//! Questions to single ports, outside of any run.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lab_pki::Certificate;
use lab_wire::tls::{Identity, ServerVerify};
use lab_world::{Clock, Net, WireFault};
use tokio::io::AsyncWriteExt;

use super::connect::{Caller, LIMIT};
use super::credentials::from_other_authority;
use super::kind::{Credential, Port, Probe, Verdict};
use super::{http, rpc};

pub use lab_wire::tls::Version;

/// Asks ports of agents what they accept, one question a connection. Nothing that it sends changes anything; what an
/// agent refuses it may log.
pub struct PortProber {
    net: Net,
    clock: Clock,
    region: String,
    identities: BTreeMap<Credential, Identity>,
}

/// What a port served in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The certificates, the port's own first.
    pub chain: Vec<Certificate>,
    /// The version of TLS that both took.
    pub version: Version,
}

impl PortProber {
    /// A prober for agents of a region. It has a certificate of an authority that nobody knows, and no other.
    ///
    /// Errors: no key could be made.
    pub fn new(net: &Net, clock: &Clock, region: &str) -> Result<Self, lab_pki::Error> {
        let stranger = from_other_authority(clock, region)?;
        Ok(Self {
            net: net.clone(),
            clock: clock.clone(),
            region: region.to_owned(),
            identities: BTreeMap::from([(Credential::OtherAuthority, stranger)]),
        })
    }

    /// Shows this certificate where a question asks for one of its kind.
    #[must_use]
    pub fn with(mut self, credential: Credential, identity: Identity) -> Self {
        self.identities.insert(credential, identity);
        self
    }

    /// Whether there is a certificate of this kind to show.
    pub fn has(&self, credential: Credential) -> bool {
        credential == Credential::None || self.identities.contains_key(&credential)
    }

    /// Asks a port. It answers within five seconds or is refused with `i/o timeout`.
    pub async fn ask(&self, address: SocketAddr, probe: Probe) -> Verdict {
        let caller = self.caller(probe.credential);
        match probe.port {
            Port::Rpc => rpc::ask(&caller, address, probe.transport, probe.ask, &self.region).await.verdict,
            Port::Http => http::ask(&caller, address, probe.transport).await,
        }
    }

    /// Shakes hands and says what was served; with `only`, in this version of TLS and no other.
    ///
    /// Errors: why there is no TLS, in Go's words.
    pub async fn served(
        &self,
        address: SocketAddr,
        port: Port,
        credential: Credential,
        only: Option<Version>,
    ) -> Result<Served, String> {
        let caller = self.caller(credential);
        let mut stream = caller.dial(address).await?;
        if port == Port::Rpc {
            let byte = [lab_wire::rpc::RPC_TLS];
            stream.write_all(&byte).await.map_err(|error| lab_wire::tls::go_text(&error))?;
        }
        let mut tls = caller.tls();
        if let Some(version) = only {
            (tls.min_version, tls.max_version) = (version, version);
        }
        match self.clock.timeout(LIMIT, Box::pin(tls.connect(stream))).await {
            None => Err("i/o timeout".to_owned()),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(stream)) => {
                Ok(Served { chain: stream.peer_certificates().to_vec(), version: stream.version() })
            }
        }
    }

    /// Whether anything listens.
    ///
    /// Errors: why there is no connection, in Go's words.
    pub async fn dial(&self, address: SocketAddr) -> Result<(), String> {
        self.caller(Credential::None).dial(address).await.map(|_| ())
    }

    /// The addresses behind a name.
    ///
    /// Errors: Go's words for a name that leads nowhere, and for one that nobody answers for within five seconds.
    pub async fn resolve(&self, host: &str) -> Result<Vec<std::net::IpAddr>, String> {
        match self.clock.timeout(LIMIT, self.net.lookup(host)).await {
            None => Err(format!("lookup {host}: {}", WireFault::TimedOut)),
            Some(found) => found.map_err(|error| error.to_string()),
        }
    }

    /// The port's certificate is what is asked about: it is not verified here.
    fn caller(&self, credential: Credential) -> Caller<'_> {
        Caller {
            net: &self.net,
            clock: &self.clock,
            identity: self.identities.get(&credential).cloned(),
            verify: ServerVerify::None,
            roots: Vec::new(),
        }
    }
}
