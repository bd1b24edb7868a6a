//! Connections and datagrams.

mod datagram;
mod loopback;
mod pipe;
mod simulated;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

pub use self::datagram::Datagrams;
use self::loopback::Loopback;
use self::pipe::Endpoint;
use self::simulated::{Attachment, Inbox};

pub(crate) use self::simulated::SimulatedNet;

/// One machine's way to the network; clones are the same machine.
#[derive(Clone)]
pub struct Net(Backing);

impl Net {
    /// TCP on this machine's loopback addresses; every other address is refused.
    pub fn loopback() -> Self {
        Self(Backing::Loopback(Loopback::default()))
    }

    /// TCP to any address, for tools that look at a real cluster; it listens on loopback addresses only. Names are asked
    /// of the system by [`Net::lookup`].
    pub fn outgoing() -> Self {
        Self(Backing::Loopback(Loopback::outgoing()))
    }

    fn simulated(attachment: Attachment) -> Self {
        Self(Backing::Simulated(attachment))
    }

    /// Whether bytes leave this process.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, Backing::Simulated(_))
    }

    /// The address that others reach this machine by: its own in a simulated world, 127.0.0.1 on loopback.
    pub fn address(&self) -> IpAddr {
        match &self.0 {
            Backing::Loopback(_) => Ipv4Addr::LOCALHOST.into(),
            Backing::Simulated(attachment) => attachment.address(),
        }
    }

    /// Listens on `address`; port 0 takes a free one. In a simulated world an unspecified or loopback address means
    /// the machine's own.
    ///
    /// Errors: `AddrInUse` when the port is taken; `PermissionDenied` for an address that is not loopback.
    pub async fn listen(&self, address: SocketAddr) -> io::Result<Listener> {
        match &self.0 {
            Backing::Loopback(loopback) => {
                loopback.listen(address).await.map(|tcp| Listener(Accepting::Tcp(tcp)))
            }
            Backing::Simulated(attachment) => {
                attachment.listen(address).map(|inbox| Listener(Accepting::Simulated(inbox)))
            }
        }
    }

    /// As many ports of this machine as asked for that nothing listens on now, each of them once. On loopback they are such
    /// as no outgoing connection takes by chance, so that a program that starts again finds its own still free.
    ///
    /// Errors: those of [`Net::listen`], where there are not so many.
    pub async fn free_ports(&self, count: usize) -> io::Result<Vec<u16>> {
        if let Backing::Loopback(loopback) = &self.0 {
            return loopback.free_ports(count).await;
        }
        let any = SocketAddr::new(self.address(), 0);
        // All of them are held until the last is known, lest one be given twice.
        let mut held = Vec::new();
        for _ in 0..count {
            held.push(self.listen(any).await?);
        }
        Ok(held.iter().map(|listener| listener.address().port()).collect())
    }

    /// Takes `address` for datagrams; port 0 takes a free one. Addresses mean what they mean to [`Net::listen`].
    ///
    /// Errors: `AddrInUse` when the port is taken; `PermissionDenied` for an address that is not loopback.
    pub async fn bind(&self, address: SocketAddr) -> io::Result<Datagrams> {
        match &self.0 {
            Backing::Loopback(loopback) => loopback.bind(address).await.map(Datagrams::udp),
            Backing::Simulated(attachment) => {
                let (address, inbox) = attachment.bind(address)?;
                Ok(Datagrams::simulated(attachment.clone(), address, inbox))
            }
        }
    }

    /// Opens a connection. There is no limit of time here: put a [`crate::Clock::timeout`] around it.
    ///
    /// Errors: `ConnectionRefused` when nothing listens; `PermissionDenied` for an address that is not loopback.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<Stream> {
        match &self.0 {
            Backing::Loopback(loopback) => loopback.connect(address).await.map(|tcp| Stream(Wire::Tcp(tcp))),
            Backing::Simulated(attachment) => {
                attachment.connect(address).await.map(|end| Stream(Wire::Simulated(end)))
            }
        }
    }

    /// The addresses behind `host`: an IP address, `localhost`, or a name registered as Consul would.
    ///
    /// Errors: `NotFound` with Go's words, `lookup x: no such host`.
    pub fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![address]);
        }
        if host == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into()]);
        }
        let found = match &self.0 {
            Backing::Loopback(loopback) => loopback.resolve(host),
            Backing::Simulated(attachment) => attachment.resolve(host),
        };
        if found.is_empty() {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("lookup {host}: no such host")))
        } else {
            Ok(found)
        }
    }

    /// As [`Net::resolve`]; an outgoing network also asks the system, for as long as that takes.
    ///
    /// Errors: `NotFound` with Go's words, `lookup x: no such host`.
    pub async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match (self.resolve(host), &self.0) {
            (Err(_), Backing::Loopback(loopback)) if loopback.is_outgoing() => loopback::look_up(host).await,
            (found, _) => found,
        }
    }

    /// Makes `name` resolve to `addresses` for everything that uses this network handle, as Consul's DNS would.
    pub fn register(&self, name: &str, addresses: &[IpAddr]) {
        match &self.0 {
            Backing::Loopback(loopback) => loopback.register(name, addresses),
            Backing::Simulated(attachment) => attachment.register(name, addresses),
        }
    }
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Net({}, {})", if self.is_simulated() { "simulated" } else { "loopback" }, self.address())
    }
}

/// A port that connections come in on; dropping it closes the port.
#[derive(Debug)]
pub struct Listener(Accepting);

impl Listener {
    /// The next connection.
    pub async fn accept(&mut self) -> io::Result<Stream> {
        match &mut self.0 {
            Accepting::Tcp(listener) => loopback::accept(listener).await.map(|tcp| Stream(Wire::Tcp(tcp))),
            Accepting::Simulated(inbox) => inbox.accept().await.map(|end| Stream(Wire::Simulated(end))),
        }
    }

    /// The address listened on, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        match &self.0 {
            // A bound listener has an address.
            Accepting::Tcp(listener) => listener.local_addr().expect("a bound listener has an address"),
            Accepting::Simulated(inbox) => inbox.address(),
        }
    }
}

/// A connection: bytes in order in both directions, until one side ends it.
#[derive(Debug)]
pub struct Stream(Wire);

impl Stream {
    /// The other end's address.
    pub fn peer(&self) -> SocketAddr {
        match &self.0 {
            Wire::Tcp(tcp) => tcp.peer_addr().unwrap_or_else(|_| (Ipv4Addr::UNSPECIFIED, 0).into()),
            Wire::Simulated(end) => end.peer(),
        }
    }

    /// This end's address.
    pub fn local(&self) -> SocketAddr {
        match &self.0 {
            Wire::Tcp(tcp) => tcp.local_addr().unwrap_or_else(|_| (Ipv4Addr::UNSPECIFIED, 0).into()),
            Wire::Simulated(end) => end.local(),
        }
    }
}

/// What befell a connection, in the words of Go's `net` package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    /// `connection refused`
    Refused,
    /// `connection reset by peer`
    Reset,
    /// `broken pipe`
    BrokenPipe,
    /// `i/o timeout`
    TimedOut,
    /// `EOF`
    Eof,
}

impl WireFault {
    /// The fault an I/O error stands for, where it is one of these.
    pub fn of(error: &io::Error) -> Option<Self> {
        Some(match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Self::Reset,
            io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected => Self::BrokenPipe,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::UnexpectedEof => Self::Eof,
            _ => return None,
        })
    }
}

impl std::fmt::Display for WireFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Reset => "connection reset by peer",
            Self::BrokenPipe => "broken pipe",
            Self::TimedOut => "i/o timeout",
            Self::Eof => "EOF",
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Wire::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Wire::Simulated(end) => Pin::new(end).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Wire::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Wire::Simulated(end) => Pin::new(end).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Wire::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Wire::Simulated(end) => Pin::new(end).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Wire::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Wire::Simulated(end) => Pin::new(end).poll_shutdown(cx),
        }
    }
}

#[derive(Clone)]
enum Backing {
    Loopback(Loopback),
    Simulated(Attachment),
}

#[derive(Debug)]
enum Accepting {
    Tcp(TcpListener),
    Simulated(Inbox),
}

#[derive(Debug)]
enum Wire {
    Tcp(TcpStream),
    Simulated(Endpoint),
}
