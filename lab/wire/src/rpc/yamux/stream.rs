//! One stream of a session.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame::{FIN, Header, Kind, RST, WINDOW};
use super::{Error, Session};

/// What this end knows of a stream.
#[derive(Default)]
pub(super) struct Half {
    received: VecDeque<Bytes>,
    /// How much the other end may still send.
    receive_window: u32,
    /// How much this end may still send.
    send_window: u32,
    /// Read by the user since the last window update.
    consumed: u32,
    remote_ended: bool,
    local_ended: bool,
    end_sent: bool,
    /// The user dropped it: what still comes is thrown away.
    dropped: bool,
    was_reset: bool,
    session_over: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Half {
    pub(super) fn new(send_window: u32) -> Self {
        Self { receive_window: WINDOW, send_window, ..Self::default() }
    }

    /// Takes in data; an error when the other end sent more than it may.
    pub(super) fn receive(&mut self, data: Bytes) -> Result<(), Error> {
        let length = data.len() as u32;
        self.receive_window = self.receive_window.checked_sub(length).ok_or(Error::WindowExceeded)?;
        if !self.dropped && !data.is_empty() {
            self.received.push_back(data);
            self.wake();
        }
        Ok(())
    }

    pub(super) fn widen(&mut self, by: u32) {
        self.send_window = self.send_window.saturating_add(by);
        self.wake();
    }

    pub(super) fn remote_end(&mut self) {
        self.remote_ended = true;
        self.wake();
    }

    pub(super) fn remote_reset(&mut self) {
        self.was_reset = true;
        self.remote_ended = true;
        self.local_ended = true;
        self.end_sent = true;
        self.wake();
    }

    pub(super) fn session_ended(&mut self) {
        self.session_over = true;
        self.wake();
    }

    /// Whether an end frame is due.
    pub(super) fn wants_end(&self) -> bool {
        self.local_ended && !self.end_sent
    }

    /// Marks the end frame as sent and gives its flags.
    pub(super) fn end(&mut self) -> u16 {
        self.end_sent = true;
        FIN
    }

    /// Whether nobody will say or hear anything on it any more.
    pub(super) fn is_over(&self) -> bool {
        self.dropped && self.end_sent && self.remote_ended
    }

    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }
}

/// The user's end of a stream; keeps its session alive.
pub(super) struct Stream {
    session: Session,
    id: u32,
}

impl Stream {
    pub(super) fn new(session: Session, id: u32) -> Self {
        Self { session, id }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let shared = &self.session.0.0;
        let mut state = shared.state();
        let Some(half) = state.streams.get_mut(&self.id) else { return Poll::Ready(Ok(())) };
        let Some(bytes) = half.received.front_mut() else {
            if half.was_reset {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset")));
            }
            if half.remote_ended || half.session_over {
                return Poll::Ready(Ok(()));
            }
            half.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let taken = bytes.len().min(buffer.remaining());
        buffer.put_slice(&bytes[..taken]);
        bytes.advance(taken);
        if bytes.is_empty() {
            half.received.pop_front();
        }
        half.consumed += taken as u32;
        if half.consumed >= WINDOW / 2 && !half.remote_ended {
            let delta = std::mem::take(&mut half.consumed);
            half.receive_window += delta;
            state.control.push_back(Header::new(Kind::WindowUpdate, 0, self.id, delta));
            drop(state);
            shared.outgoing.notify_one();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let shared = &self.session.0.0;
        let mut state = shared.state();
        let Some(half) = state.streams.get_mut(&self.id) else {
            return Poll::Ready(Err(broken("stream closed")));
        };
        if half.was_reset {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset")));
        }
        if half.session_over {
            return Poll::Ready(Err(broken("session shutdown")));
        }
        if half.local_ended {
            return Poll::Ready(Err(broken("stream closed")));
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if half.send_window == 0 {
            half.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let taken = bytes.len().min(half.send_window as usize);
        half.send_window -= taken as u32;
        state.data.push_back((self.id, Bytes::copy_from_slice(&bytes[..taken])));
        drop(state);
        shared.outgoing.notify_one();
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shared = &self.session.0.0;
        if let Some(half) = shared.state().streams.get_mut(&self.id) {
            half.local_ended = true;
        }
        shared.outgoing.notify_one();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let shared = &self.session.0.0;
        let mut state = shared.state();
        if let Some(half) = state.streams.get_mut(&self.id) {
            half.local_ended = true;
            half.dropped = true;
            half.received.clear();
            if half.is_over() || half.was_reset {
                state.streams.remove(&self.id);
            }
        }
        drop(state);
        shared.outgoing.notify_one();
    }
}

/// The header of a reset.
pub(super) fn reset(id: u32) -> Header {
    Header::new(Kind::WindowUpdate, RST, id, 0)
}

fn broken(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, text)
}
