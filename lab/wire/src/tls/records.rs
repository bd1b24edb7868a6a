//! The bytes under TLS, watched as Go watches them: whether the first record is one, and whether the end comes between
//! two records or inside one.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::alert::Alert;
use super::error::TlsError;
use crate::io::operation_failed;

const HEADER: usize = 5;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// How much is put together for one write, in bytes.
const FLIGHT: usize = 64 * 1024;

/// A connection whose incoming bytes are followed record by record.
#[derive(Debug)]
pub(super) struct Records<S> {
    inner: S,
    local: SocketAddr,
    peer: SocketAddr,
    header: [u8; HEADER],
    /// How much of the header is there.
    have: usize,
    /// How much of the record's content is still to come.
    left: usize,
    /// The first record as far as it is there; `None` once another began.
    first: Option<Vec<u8>>,
}

impl<S> Records<S> {
    pub(super) fn new(inner: S, local: SocketAddr, peer: SocketAddr) -> Self {
        Self { inner, local, peer, header: [0; HEADER], have: 0, left: 0, first: Some(Vec::new()) }
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// What an end of the stream means at this moment.
    pub(super) fn end(&self) -> TlsError {
        if self.have == 0 && self.left == 0 { TlsError::Eof } else { TlsError::UnexpectedEof }
    }

    /// The first record, unless a second one began.
    pub(super) fn first(&self) -> &[u8] {
        self.first.as_deref().unwrap_or_default()
    }

    /// Whether the first record is there as a whole.
    pub(super) fn has_first(&self) -> bool {
        self.have == 0 && self.left == 0 && !self.first().is_empty() || self.first.is_none()
    }

    /// Follows bytes that came in.
    fn follow(&mut self, mut bytes: &[u8]) -> Result<(), TlsError> {
        while !bytes.is_empty() {
            let is_start = self.have == 0 && self.left == 0;
            if is_start && self.first.as_ref().is_some_and(|first| !first.is_empty()) {
                self.first = None;
            }
            let wanted = if self.left > 0 { self.left } else { HEADER - self.have };
            let (now, later) = bytes.split_at(wanted.min(bytes.len()));
            if let Some(first) = &mut self.first {
                first.extend_from_slice(now);
            }
            if self.left > 0 {
                self.left -= now.len();
            } else {
                self.header[self.have..self.have + now.len()].copy_from_slice(now);
                self.have += now.len();
            }
            if self.have == HEADER {
                self.take_header()?;
            }
            bytes = later;
        }
        Ok(())
    }

    fn take_header(&mut self) -> Result<(), TlsError> {
        let [kind, major, minor, ..] = self.header;
        let length = usize::from(self.header[3]) << 8 | usize::from(self.header[4]);
        (self.have, self.left) = (0, length);
        if self.first.is_some() {
            if kind == 0x80 {
                return Err(TlsError::Sslv2);
            }
            let version = u16::from(major) << 8 | u16::from(minor);
            if !matches!(kind, ALERT | HANDSHAKE) || version >= 0x1000 {
                return Err(TlsError::NotTls { first: self.header });
            }
        }
        // What a record may hold with all that encryption may add.
        if length > 16_384 + 2_048 { Err(TlsError::Oversized(length)) } else { Ok(()) }
    }

    fn fault(&self, operation: &str, error: io::Error) -> io::Error {
        operation_failed(operation, (self.local, self.peer), error)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Records<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if let Err(error) = ready!(Pin::new(&mut this.inner).poll_read(cx, buffer)) {
            return Poll::Ready(Err(this.fault("read", error)));
        }
        let followed = this.follow(&buffer.filled()[before..]);
        Poll::Ready(followed.map_err(TlsError::into_io))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Records<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let replaced = replace_alert(bytes);
        let bytes = replaced.as_ref().map_or(bytes, |alert| alert.as_slice());
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, bytes));
        Poll::Ready(written.map_err(|error| this.fault("write", error)))
    }

    /// Writes a flight in one piece. rustls tries only once to send the alert of a failed handshake, so the alert must
    /// not be left behind what stands in front of it.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut flight = Vec::new();
        for piece in pieces {
            match replace_alert(piece) {
                Some(alert) => flight.extend_from_slice(&alert),
                None => flight.extend_from_slice(piece),
            }
            if flight.len() >= FLIGHT {
                break;
            }
        }
        self.poll_write(cx, &flight)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = ready!(Pin::new(&mut this.inner).poll_flush(cx));
        Poll::Ready(flushed.map_err(|error| this.fault("write", error)))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

/// An alert in the clear, as it goes over the wire.
pub(super) fn plain_alert(alert: Alert) -> [u8; 7] {
    [ALERT, 3, 3, 0, 2, 2, alert.0]
}

/// In TLS 1.2, where alerts of the handshake are in the clear, rustls asks for a missing certificate with an alert that
/// only TLS 1.3 has; Go says `handshake failure` there.
fn replace_alert(bytes: &[u8]) -> Option<[u8; 7]> {
    (bytes == plain_alert(Alert::CERTIFICATE_REQUIRED)).then(|| plain_alert(Alert::HANDSHAKE_FAILURE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn records() -> Records<()> {
        let address = (Ipv4Addr::LOCALHOST, 1).into();
        Records::new((), address, address)
    }

    #[test]
    fn the_end_is_told_from_a_cut() {
        let mut records = records();
        assert_eq!(records.end(), TlsError::Eof);
        records.follow(&[22, 3, 1, 0]).expect("a header's start");
        assert_eq!(records.end(), TlsError::UnexpectedEof);
        records.follow(&[2, 1]).expect("the header's end and a byte");
        assert_eq!(records.end(), TlsError::UnexpectedEof);
        records.follow(&[2]).expect("the record's end");
        assert_eq!((records.end(), records.has_first()), (TlsError::Eof, true));
        assert_eq!(records.first(), [22, 3, 1, 0, 2, 1, 2]);
        records.follow(&[23, 3, 3, 0, 0]).expect("another record");
        assert!(records.first().is_empty());
    }

    #[test]
    fn what_is_not_tls_is_told_by_its_first_bytes() {
        assert_eq!(records().follow(b"GET / HTTP/1.1"), Err(TlsError::NotTls { first: *b"GET /" }));
        assert_eq!(records().follow(b"GET "), Ok(()), "too little to tell");
        assert_eq!(
            records().follow(&[22, 0x48, 1, 0, 0]),
            Err(TlsError::NotTls { first: [22, 0x48, 1, 0, 0] })
        );
        assert_eq!(records().follow(&[0x80, 1, 1, 0, 0]), Err(TlsError::Sslv2));
        assert_eq!(records().follow(&[22, 3, 1, 0xff, 0xff]), Err(TlsError::Oversized(65_535)));
    }
}
