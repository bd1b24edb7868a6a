//! Any stream of bytes in both directions.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use lab_world::WireFault;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection, whatever it is made of: a wire, TLS over one, a yamux stream in one.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// An [`Io`] whose kind does not matter.
pub type BoxIo = Box<dyn Io>;

/// A connection of which some bytes were read already: they come again before the rest.
#[derive(Debug)]
pub struct Replayed<T> {
    first: Bytes,
    inner: T,
}

impl<T> Replayed<T> {
    /// `inner` with `first` in front of what is still to be read from it.
    pub fn new(first: impl Into<Bytes>, inner: T) -> Self {
        Self { first: first.into(), inner }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Replayed<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.first.is_empty() {
            return Pin::new(&mut this.inner).poll_read(cx, buffer);
        }
        let taken = this.first.len().min(buffer.remaining());
        buffer.put_slice(&this.first[..taken]);
        this.first.advance(taken);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Replayed<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

/// A connection's own fault as Go's `net.OpError` says it, with both addresses:
/// `read tcp 10.0.0.1:50000->10.0.0.2:4647: read: connection reset by peer`. Another error stays as it is.
pub(crate) fn operation_failed(
    operation: &str,
    (local, peer): (SocketAddr, SocketAddr),
    error: io::Error,
) -> io::Error {
    match WireFault::of(&error) {
        None | Some(WireFault::Eof) => error,
        Some(_) if error.get_ref().is_some() => error,
        // The limit is Go's own; the other faults come from a system call, which it names.
        Some(WireFault::TimedOut) => {
            let text = format!("{operation} tcp {local}->{peer}: {}", WireFault::TimedOut);
            io::Error::new(error.kind(), text)
        }
        Some(fault) => {
            io::Error::new(error.kind(), format!("{operation} tcp {local}->{peer}: {operation}: {fault}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_said_between_whom_and_by_which_call() {
        let ends = (SocketAddr::from(([10, 0, 0, 1], 5)), SocketAddr::from(([10, 0, 0, 2], 4647)));
        let said = |operation, error: io::Error| operation_failed(operation, ends, error).to_string();
        for (operation, kind, wanted) in [
            (
                "read",
                io::ErrorKind::ConnectionReset,
                "read tcp 10.0.0.1:5->10.0.0.2:4647: read: connection reset by peer",
            ),
            ("write", io::ErrorKind::BrokenPipe, "write tcp 10.0.0.1:5->10.0.0.2:4647: write: broken pipe"),
            ("read", io::ErrorKind::TimedOut, "read tcp 10.0.0.1:5->10.0.0.2:4647: i/o timeout"),
        ] {
            assert_eq!(said(operation, kind.into()), wanted);
        }
        let said_before = io::Error::new(io::ErrorKind::ConnectionReset, "somebody said it already");
        assert_eq!(said("read", said_before), "somebody said it already");
    }
}
