//! HTTP/1.1 as Go's `net/http` does it: one connection served, and a client.

mod body;
mod client;
mod error;
mod live;
mod observe;
mod query;
mod server;
mod together;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use lab_pki::Certificate;

pub use self::body::Body;
pub use self::client::Client;
pub use self::error::ClientError;
pub use self::live::{PieceStream, Pieces, TakeOver};
pub use self::query::{percent_escape, query, query_escape};
pub use self::server::{Options, serve_connection};
pub use self::together::Together;

/// A request with its whole body.
pub type Request = http::Request<Bytes>;

/// A response with its whole body.
pub type Response = http::Response<Bytes>;

/// Who sends the requests of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The verified certificates it presented, leaf first; empty without TLS or without client certificates.
    pub certificates: Vec<Certificate>,
    /// Whether the connection is inside TLS.
    pub tls: bool,
}

impl Peer {
    /// Someone who proved nothing, on a connection without TLS.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, certificates: Vec::new(), tls: false }
    }
}

/// What answers requests: called once for each, many at a time.
pub type Handler = Arc<dyn Fn(Request, Peer) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

/// A [`Handler`] from an async function.
pub fn handler<F, R>(function: F) -> Handler
where
    F: Fn(Request, Peer) -> R + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    Arc::new(move |request, peer| Box::pin(function(request, peer)))
}
