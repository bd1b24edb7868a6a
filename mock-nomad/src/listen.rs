//! Opens ports.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lab_world::{Host, Listener};

/// How often, and how long between, a port that is taken is tried again: an agent that was killed a moment ago frees its
/// ports only when its tasks have been torn down.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(1);

/// Listens on `address`; the error is Go's: `listen tcp 10.0.0.1:4646: bind: address already in use`.
pub(crate) async fn listen(host: &Host, address: SocketAddr) -> io::Result<Listener> {
    for _ in 1..TRIES {
        match host.net.listen(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => host.clock.sleep(PAUSE).await,
            other => return other.map_err(|error| explain(address, error)),
        }
    }
    host.net.listen(address).await.map_err(|error| explain(address, error))
}

fn explain(address: SocketAddr, error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            io::Error::new(error.kind(), format!("listen tcp {address}: bind: address already in use"))
        }
        _ => error,
    }
}
