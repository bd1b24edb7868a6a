//! Connections for consensus.

use std::io;
use std::net::SocketAddr;

use futures::future::BoxFuture;
use lab_wire::BoxIo;
use lab_wire::rpc::RPC_RAFT;

use super::dial::Dialler;
use crate::seam::RaftDialer;

/// Opens connections to other servers' consensus, with the TLS of the agent's other calls.
#[derive(Clone)]
pub(crate) struct RaftLayer {
    dialler: Dialler,
    region: String,
}

impl RaftLayer {
    /// For a server of `region`: its peers are of the same.
    pub(crate) fn new(dialler: Dialler, region: &str) -> Self {
        Self { dialler, region: region.to_owned() }
    }
}

impl RaftDialer for RaftLayer {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxIo>> {
        Box::pin(
            async move { self.dialler.dial(address, &self.region, RPC_RAFT).await.map_err(io::Error::other) },
        )
    }
}
