//! Datagrams: each arrives whole, or not at all.

use std::io;
use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use super::loopback::refuse_others;
use super::simulated::Attachment;

/// The longest datagram, in bytes.
const LONGEST: usize = 65_535;

/// A port that datagrams come in on and go out from; dropping it closes the port.
#[derive(Debug)]
pub struct Datagrams(Socket);

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    Simulated { own: Attachment, address: SocketAddr, inbox: Mutex<mpsc::Receiver<Datagram>> },
}

/// One on its way in a simulated world.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) due: Instant,
    pub(super) from: SocketAddr,
    pub(super) bytes: Vec<u8>,
}

impl Datagrams {
    pub(super) fn udp(socket: UdpSocket) -> Self {
        Self(Socket::Udp(socket))
    }

    pub(super) fn simulated(own: Attachment, address: SocketAddr, inbox: mpsc::Receiver<Datagram>) -> Self {
        Self(Socket::Simulated { own, address, inbox: Mutex::new(inbox) })
    }

    /// Sends `bytes` to `address`. That nobody gets them is no error.
    ///
    /// Errors: `PermissionDenied` for an address that is not loopback; the system's, for a datagram that is too long.
    pub async fn send(&self, bytes: &[u8], address: SocketAddr) -> io::Result<()> {
        match &self.0 {
            Socket::Udp(socket) => {
                refuse_others(address)?;
                socket.send_to(bytes, address).await.map(drop)
            }
            Socket::Simulated { own, address: from, .. } => {
                own.post(bytes, *from, address);
                Ok(())
            }
        }
    }

    /// The next datagram and who sent it. One that had arrived is lost where this is cancelled.
    ///
    /// Errors: the system's; in a simulated world `NotConnected`, once the machine was switched off.
    pub async fn receive(&self) -> io::Result<(Vec<u8>, SocketAddr)> {
        match &self.0 {
            Socket::Udp(socket) => {
                let mut buffer = vec![0; LONGEST];
                let (length, from) = socket.recv_from(&mut buffer).await?;
                Ok((buffer[..length].to_vec(), from))
            }
            Socket::Simulated { inbox, .. } => {
                let next = inbox.lock().await.recv().await;
                let datagram = next.ok_or(io::ErrorKind::NotConnected)?;
                tokio::time::sleep_until(datagram.due).await;
                Ok((datagram.bytes, datagram.from))
            }
        }
    }
}
