//! TCP, on loopback addresses only.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Default)]
pub(super) struct Loopback {
    names: Arc<Mutex<BTreeMap<String, Vec<IpAddr>>>>,
}

impl Loopback {
    #[expect(clippy::disallowed_methods, reason = "the one place that listens")]
    pub(super) async fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        refuse_others(address)?;
        TcpListener::bind(address).await
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that connects")]
    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        refuse_others(address)?;
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

pub(super) async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn refuse_others(address: SocketAddr) -> io::Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let message =
        format!("{address} is not a loopback address; the lab protects nothing and serves only this machine");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}
