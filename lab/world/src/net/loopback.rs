//! TCP and UDP: on loopback addresses only, or outwards for tools that look at a real cluster.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream, UdpSocket};

#[derive(Clone, Default)]
pub(super) struct Loopback {
    /// Whether connections may leave this machine, and names are asked of the system.
    is_outgoing: bool,
    names: Arc<Mutex<BTreeMap<String, Vec<IpAddr>>>>,
}

impl Loopback {
    pub(super) fn outgoing() -> Self {
        Self { is_outgoing: true, ..Self::default() }
    }

    pub(super) fn is_outgoing(&self) -> bool {
        self.is_outgoing
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that listens")]
    pub(super) async fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        refuse_others(address)?;
        TcpListener::bind(address).await
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that binds datagrams")]
    pub(super) async fn bind(&self, address: SocketAddr) -> io::Result<UdpSocket> {
        refuse_others(address)?;
        UdpSocket::bind(address).await
    }

    /// Ports that nothing listens on, for connections and for packets, each given once by this process.
    pub(super) async fn free_ports(&self, count: usize) -> io::Result<Vec<u16>> {
        let mut free = Vec::new();
        let mut candidates = std::iter::repeat_with(next_port).take(QUIET_PORTS.len());
        while free.len() < count {
            let Some(candidate) = candidates.next() else {
                return Err(io::Error::new(
                    io::ErrorKind::AddrInUse,
                    format!("there are no {count} free ports"),
                ));
            };
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, candidate));
            if self.listen(address).await.is_ok() && self.bind(address).await.is_ok() {
                free.push(candidate);
            }
        }
        Ok(free)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that connects")]
    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        if !self.is_outgoing {
            refuse_others(address)?;
        }
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    pub(super) fn register(&self, name: &str, addresses: &[IpAddr]) {
        self.names.lock().expect("no panic while naming").insert(name.to_owned(), addresses.to_vec());
    }

    pub(super) fn resolve(&self, name: &str) -> Vec<IpAddr> {
        self.names.lock().expect("no panic while naming").get(name).cloned().unwrap_or_default()
    }
}

/// Below those that systems give to outgoing connections (Linux: from 32768), above those of well-known services.
const QUIET_PORTS: Range<u16> = 10_000..32_000;

/// The next port to try. Processes that ask at the same time begin at different ones; Vault takes the port beside its own
/// too.
fn next_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
    let place = std::process::id().wrapping_mul(61).wrapping_add(asked.wrapping_mul(3));
    let offset = place % u32::try_from(QUIET_PORTS.len()).unwrap_or(1);
    QUIET_PORTS.start + u16::try_from(offset).unwrap_or_default()
}

/// Asks the system for the addresses of a name.
pub(super) async fn look_up(host: &str) -> io::Result<Vec<IpAddr>> {
    let unknown = |_| io::Error::new(io::ErrorKind::NotFound, format!("lookup {host}: no such host"));
    Ok(tokio::net::lookup_host((host, 0)).await.map_err(unknown)?.map(|address| address.ip()).collect())
}

pub(super) async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(super) fn refuse_others(address: SocketAddr) -> io::Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let message =
        format!("{address} is not a loopback address; the lab protects nothing and serves only this machine");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}
