//! Opens connections to RPC ports: TCP, then TLS where this agent has it.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use lab_wire::BoxIo;
use lab_wire::rpc::RPC_TLS;
use lab_world::{Clock, Net, WireFault};
use tokio::io::AsyncWriteExt;

use crate::tls::Outgoing;

/// How long a connection may take to come about.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens connections with the TLS that the agent has now; clones share it.
#[derive(Clone)]
pub(crate) struct Dialler {
    net: Net,
    clock: Clock,
    tls: Arc<RwLock<Option<Outgoing>>>,
}

impl Dialler {
    /// Dials in plaintext where `tls` is `None`.
    pub(crate) fn new(net: &Net, clock: &Clock, tls: Option<Outgoing>) -> Self {
        Self { net: net.clone(), clock: clock.clone(), tls: Arc::new(RwLock::new(tls)) }
    }

    /// Replaces the TLS of connections from now on.
    pub(crate) fn set_tls(&self, tls: Option<Outgoing>) {
        if let Ok(mut current) = self.tls.write() {
            *current = tls;
        }
    }

    /// A connection to a server of `region`, after its first byte `kind`, sent inside TLS where there is TLS. The error
    /// is in Go's words.
    pub(crate) async fn dial(&self, address: SocketAddr, region: &str, kind: u8) -> Result<BoxIo, String> {
        let outgoing = self.tls.read().ok().and_then(|tls| tls.clone());
        let dialling = async {
            let mut stream = match self.net.connect(address).await {
                Ok(stream) => stream,
                Err(error) => return Err(dial_error(address, &error)),
            };
            let Some(outgoing) = outgoing else {
                stream.write_u8(kind).await.map_err(|error| lab_wire::tls::go_text(&error))?;
                return Ok(Box::new(stream) as BoxIo);
            };
            stream.write_u8(RPC_TLS).await.map_err(|error| lab_wire::tls::go_text(&error))?;
            let tls = outgoing.for_region(region);
            let mut stream = tls.connect(stream).await.map_err(|error| error.to_string())?;
            stream.write_u8(kind).await.map_err(|error| lab_wire::tls::go_text(&error))?;
            Ok(Box::new(stream) as BoxIo)
        };
        match self.clock.timeout(DIAL_TIMEOUT, dialling).await {
            Some(result) => result,
            None => Err(format!("dial tcp {address}: i/o timeout")),
        }
    }

    /// The clock it goes by.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }
}

fn dial_error(address: SocketAddr, error: &std::io::Error) -> String {
    match WireFault::of(error) {
        Some(fault) => format!("dial tcp {address}: connect: {fault}"),
        None => format!("dial tcp {address}: {error}"),
    }
}
