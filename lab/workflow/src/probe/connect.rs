//! Connections to a port, with and without TLS.

use std::net::SocketAddr;
use std::time::Duration;

use lab_pki::Certificate;
use lab_wire::tls::{ClientTls, Identity, ServerVerify};
use lab_wire::{BoxIo, rpc};
use lab_world::{Clock, Net, Stream, WireFault};
use tokio::io::AsyncWriteExt;

/// How long a connection and its handshake may take.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// Where a connection starts and what it shows of itself.
pub(super) struct Caller<'a> {
    pub(super) net: &'a Net,
    pub(super) clock: &'a Clock,
    pub(super) identity: Option<Identity>,
    pub(super) verify: ServerVerify,
    pub(super) roots: Vec<Certificate>,
}

/// An open connection and the certificate that the other end served.
pub(super) struct Opened {
    pub(super) io: BoxIo,
    pub(super) served: Option<Certificate>,
}

impl Caller<'_> {
    /// A TCP connection; the error is in Go's words.
    pub(super) async fn dial(&self, address: SocketAddr) -> Result<Stream, String> {
        match self.clock.timeout(LIMIT, self.net.connect(address)).await {
            None => Err(format!("dial tcp {address}: i/o timeout")),
            Some(Err(error)) => Err(match WireFault::of(&error) {
                Some(fault) => format!("dial tcp {address}: connect: {fault}"),
                None => error.to_string(),
            }),
            Some(Ok(stream)) => Ok(stream),
        }
    }

    /// A connection in the clear.
    pub(super) async fn plain(&self, address: SocketAddr) -> Result<Opened, String> {
        Ok(Opened { io: Box::new(self.dial(address).await?), served: None })
    }

    /// A connection inside TLS on an RPC port: one byte says so, then comes the handshake.
    pub(super) async fn rpc_tls(&self, address: SocketAddr) -> Result<Opened, String> {
        let mut stream = self.dial(address).await?;
        stream.write_all(&[rpc::RPC_TLS]).await.map_err(|error| lab_wire::tls::go_text(&error))?;
        self.handshake(stream).await
    }

    /// A connection inside TLS on an HTTPS port.
    pub(super) async fn https(&self, address: SocketAddr) -> Result<Opened, String> {
        self.handshake(self.dial(address).await?).await
    }

    /// The TLS that it speaks.
    pub(super) fn tls(&self) -> ClientTls {
        let tls = ClientTls::new(self.clock).roots(self.roots.clone()).verify(self.verify.clone());
        match &self.identity {
            Some(identity) => tls.identity(identity.clone()),
            None => tls,
        }
    }

    async fn handshake(&self, stream: Stream) -> Result<Opened, String> {
        match self.clock.timeout(LIMIT, Box::pin(self.tls().connect(stream))).await {
            None => Err("i/o timeout".to_owned()),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(stream)) => {
                let served = stream.peer_certificates().first().cloned();
                Ok(Opened { io: Box::new(stream), served })
            }
        }
    }
}
