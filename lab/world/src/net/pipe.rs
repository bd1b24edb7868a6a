//! One simulated connection: two pipes, one for each direction.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How many bytes may be on the way in one direction before the writer waits: a socket's two buffers.
const CAPACITY: usize = 1 << 20;

/// One end of a connection.
pub(super) struct Endpoint {
    local: SocketAddr,
    peer: SocketAddr,
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// What lies between two machines in one direction; shared by every pipe on it.
#[derive(Debug, Default)]
pub(super) struct Link(Mutex<LinkState>);

#[derive(Debug, Default)]
struct LinkState {
    latency: Option<Duration>,
    is_cut: bool,
    clogged_until: Option<Instant>,
    waiting: Vec<Waker>,
}

impl Link {
    pub(super) fn change(&self, set: impl FnOnce(&mut Conditions<'_>)) {
        let mut state = self.state();
        let LinkState { latency, is_cut, clogged_until, waiting } = &mut *state;
        set(&mut Conditions { latency, is_cut, clogged_until });
        waiting.drain(..).for_each(Waker::wake);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.state().is_cut
    }

    pub(super) fn latency(&self, default: Duration) -> Duration {
        self.state().latency.unwrap_or(default)
    }

    /// When a datagram that leaves now is there; `None` where it gets lost.
    #[expect(clippy::disallowed_methods, reason = "a wire measures its own latency")]
    pub(super) fn arrival(&self, default: Duration) -> Option<Instant> {
        let state = self.state();
        let due = Instant::now() + state.latency.unwrap_or(default);
        (!state.is_cut).then(|| state.clogged_until.map_or(due, |until| until.max(due)))
    }

    fn state(&self) -> MutexGuard<'_, LinkState> {
        self.0.lock().expect("no panic on a link")
    }
}

/// The conditions of a link, for changing.
pub(super) struct Conditions<'link> {
    pub(super) latency: &'link mut Option<Duration>,
    pub(super) is_cut: &'link mut bool,
    pub(super) clogged_until: &'link mut Option<Instant>,
}

/// One direction of a connection.
pub(super) struct Pipe {
    link: Arc<Link>,
    latency: Duration,
    state: Mutex<PipeState>,
}

#[derive(Default)]
struct PipeState {
    queue: VecDeque<(Instant, Bytes)>,
    queued: usize,
    /// The writer has ended the stream; a reader sees the end at this moment, behind what is queued.
    ended: Option<Instant>,
    /// Both sides get an error from now on.
    reset: bool,
    /// The reader's machine lost this connection: the next write is answered by a reset.
    forgotten: bool,
    /// Such a write happened: the writer may not write any more.
    refused: bool,
    /// The reader's machine is off: what is written goes nowhere.
    unplugged: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    pub(super) fn new(link: &Arc<Link>, default_latency: Duration) -> Arc<Self> {
        let latency = link.latency(default_latency);
        Arc::new(Self { link: Arc::clone(link), latency, state: Mutex::default() })
    }

    /// Ends the connection with an error on both sides.
    pub(super) fn reset(&self) {
        let mut state = self.state();
        state.reset = true;
        state.wake();
    }

    /// The reader's machine went off.
    pub(super) fn unplug(&self) {
        self.state().unplugged = true;
    }

    /// The reader's machine is back and knows nothing of this connection.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.unplugged = false;
        state.forgotten = true;
    }

    fn state(&self) -> MutexGuard<'_, PipeState> {
        self.state.lock().expect("no panic in a pipe")
    }

    #[expect(clippy::disallowed_methods, reason = "a wire measures its own latency")]
    fn arrival(&self) -> Instant {
        Instant::now() + self.latency
    }
}

impl PipeState {
    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }
}

impl Endpoint {
    pub(super) fn new(local: SocketAddr, peer: SocketAddr, incoming: Arc<Pipe>, outgoing: Arc<Pipe>) -> Self {
        Self { local, peer, incoming, outgoing, timer: None }
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Waits for `moment`; ready when it has come.
    fn poll_moment(&mut self, moment: Instant, cx: &mut Context<'_>) -> Poll<()> {
        #[expect(clippy::disallowed_methods, reason = "a wire measures its own latency")]
        if moment <= Instant::now() {
            return Poll::Ready(());
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(moment)));
        if timer.deadline() != moment {
            timer.as_mut().reset(moment);
        }
        timer.as_mut().poll(cx)
    }
}

impl AsyncRead for Endpoint {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let pipe = Arc::clone(&this.incoming);
        let due = {
            let mut state = pipe.state();
            if state.reset {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            let due = state.queue.front().map(|(at, _)| *at).or(state.ended);
            state.reader = Some(cx.waker().clone());
            match due {
                Some(due) => due,
                None => return Poll::Pending,
            }
        };
        let clogged_until = {
            let mut link = pipe.link.state();
            if link.is_cut {
                link.waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
            link.clogged_until
        };
        if this.poll_moment(clogged_until.map_or(due, |until| until.max(due)), cx).is_pending() {
            return Poll::Pending;
        }
        let mut state = pipe.state();
        let Some((_, bytes)) = state.queue.front_mut() else {
            return Poll::Ready(Ok(())); // the end of the stream
        };
        let taken = bytes.len().min(buffer.remaining());
        buffer.put_slice(&bytes[..taken]);
        bytes.advance(taken);
        if bytes.is_empty() {
            state.queue.pop_front();
        }
        state.queued -= taken;
        state.writer.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endpoint {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut state = this.outgoing.state();
        if state.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if state.ended.is_some() || state.refused {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if state.forgotten {
            // The kernel takes the bytes; the answer to them breaks the connection. What the other side had sent
            // before it closed can still be read.
            state.refused = true;
            drop(state);
            if this.incoming.state().ended.is_none() {
                this.incoming.reset();
            }
            return Poll::Ready(Ok(bytes.len()));
        }
        if state.unplugged {
            return Poll::Ready(Ok(bytes.len()));
        }
        let room = CAPACITY.saturating_sub(state.queued);
        if room == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let taken = bytes.len().min(room);
        let arrival = this.outgoing.arrival();
        state.queue.push_back((arrival, Bytes::copy_from_slice(&bytes[..taken])));
        state.queued += taken;
        state.reader.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        end(&self.outgoing);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Endpoint {
    /// Closes as the kernel does: the peer reads what is on its way and then the end; what it still writes is
    /// answered by a reset.
    fn drop(&mut self) {
        end(&self.outgoing);
        self.incoming.state().forgotten = true;
        self.incoming.state().writer.take().into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.local, self.peer)
    }
}

fn end(pipe: &Pipe) {
    let mut state = pipe.state();
    if state.ended.is_none() {
        state.ended = Some(pipe.arrival());
        state.reader.take().into_iter().for_each(Waker::wake);
    }
}
