//! A connection that remembers how the other end began, and says between whom it failed.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::io::operation_failed;

/// How much of the beginning is kept, in bytes.
const KEPT: usize = 64;

/// The first bytes that were read; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Beginning(Arc<Mutex<Vec<u8>>>);

impl Beginning {
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().map(|bytes| bytes.clone()).unwrap_or_default()
    }

    fn add(&self, more: &[u8]) {
        if let Ok(mut bytes) = self.0.lock() {
            let room = KEPT.saturating_sub(bytes.len()).min(more.len());
            bytes.extend_from_slice(&more[..room]);
        }
    }
}

/// This end's address and the other's.
pub(super) type Ends = (SocketAddr, SocketAddr);

/// `inner`, whose first bytes go to a [`Beginning`] as well, and whose faults are said as Go says them.
pub(super) struct Observed<T> {
    inner: T,
    ends: Ends,
    beginning: Beginning,
}

impl<T> Observed<T> {
    pub(super) fn new(inner: T, ends: Ends) -> (Self, Beginning) {
        let beginning = Beginning::default();
        (Self { inner, ends, beginning: beginning.clone() }, beginning)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Observed<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.inner).poll_read(cx, buffer);
        this.beginning.add(&buffer.filled()[before..]);
        polled.map_err(|error| operation_failed("read", this.ends, error))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Observed<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(cx, bytes);
        written.map_err(|error| operation_failed("write", this.ends, error))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(cx);
        flushed.map_err(|error| operation_failed("write", this.ends, error))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}
