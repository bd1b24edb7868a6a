//! A stream after its handshake.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use lab_pki::Certificate;
use lab_world::Stream;
use rustls::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Version;
use super::error::TlsError;
use super::records::Records;
use super::server::is_ours;

/// A TLS stream of either end.
///
/// It ends as Go's does: when the other end closes the connection between two records, with or without saying so, that
/// is the end; inside a record it is an error. A read that failed fails the same way again. Errors display as Go's
/// text. Shutting it down says goodbye to the other end first; dropping it does not.
pub struct TlsStream<S = Stream> {
    inner: tokio_rustls::TlsStream<Records<S>>,
    certificates: Arc<[Certificate]>,
    failed: Option<TlsError>,
}

impl<S> TlsStream<S> {
    pub(super) fn new(inner: tokio_rustls::TlsStream<Records<S>>, certificates: Arc<[Certificate]>) -> Self {
        Self { inner, certificates, failed: None }
    }

    /// The certificates that the other end showed, the leaf first; none where it showed none. They were judged as the
    /// configuration of this end says.
    pub fn peer_certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The other end's address.
    pub fn peer(&self) -> SocketAddr {
        self.inner.get_ref().0.peer()
    }

    /// This end's address.
    pub fn local(&self) -> SocketAddr {
        self.inner.get_ref().0.local()
    }

    /// The version that was agreed on.
    pub fn version(&self) -> Version {
        match self.inner.get_ref().1.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => Version::Tls13,
            _ => Version::Tls12,
        }
    }

    fn fail(&mut self, error: TlsError) -> io::Error {
        self.failed = Some(error.clone());
        error.into_io()
    }
}

impl<S> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsStream({} to {})", self.local(), self.peer())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(error) = &this.failed {
            return Poll::Ready(Err(error.clone().into_io()));
        }
        let Err(error) = ready!(Pin::new(&mut this.inner).poll_read(cx, buffer)) else {
            return Poll::Ready(Ok(()));
        };
        if error.kind() == io::ErrorKind::UnexpectedEof && !is_ours(&error) {
            return Poll::Ready(match this.inner.get_ref().0.end() {
                TlsError::Eof => Ok(()),
                cut => Err(this.fail(cut)),
            });
        }
        Poll::Ready(Err(this.fail(TlsError::from_io(&error))))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.get_mut().inner).poll_write(cx, bytes));
        Poll::Ready(written.map_err(|error| TlsError::from_io(&error).into_io()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.get_mut().inner).poll_flush(cx));
        Poll::Ready(flushed.map_err(|error| TlsError::from_io(&error).into_io()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = ready!(Pin::new(&mut self.get_mut().inner).poll_shutdown(cx));
        Poll::Ready(closed.map_err(|error| TlsError::from_io(&error).into_io()))
    }
}
