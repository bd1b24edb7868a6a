//! Yamux: many streams on one connection, as HashiCorp's library does it.
//!
//! Written here and not taken from a library because the known one measures round trips by the wall clock and puts
//! pings on the wire accordingly, so that a simulated run would depend on the machine it runs on; it also sends no
//! keepalive, by which a Nomad agent learns that the other end is gone.

mod drive;
mod frame;
mod stream;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use lab_world::{Clock, Tasks};
use tokio::sync::watch;

use self::frame::{Header, Kind, SYN, WINDOW};
use self::stream::{Half, Stream};
use crate::{BoxIo, Io};

/// How many opened streams may wait to be accepted; more are reset.
const BACKLOG: usize = 256;

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that dialled: its streams have odd numbers.
    Client,
    /// The end that accepted: its streams have even numbers.
    Server,
}

/// When a silent connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// After so much silence the other end is asked for a sign of life (default 30 s).
    pub interval: Duration,
    /// How long it has for it (default 10 s).
    pub timeout: Duration,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) }
    }
}

/// Why a session ended, or why a stream cannot be opened; displays as HashiCorp's library says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The session is over.
    #[error("session shutdown")]
    Shutdown,
    /// The other end ended the connection.
    #[error("EOF")]
    Eof,
    /// The other end said that it takes no more streams.
    #[error("remote end is not accepting connections")]
    GoneAway,
    /// The other end gave no sign of life.
    #[error("keepalive timeout")]
    KeepaliveTimeout,
    /// A frame of another version of the protocol.
    #[error("Invalid protocol version: {0}")]
    Version(u8),
    /// A frame of an unknown type.
    #[error("Invalid message type: {0}")]
    MessageType(u8),
    /// More data than the window allows.
    #[error("recv window exceeded")]
    WindowExceeded,
    /// A stream that exists was opened again.
    #[error("duplicate stream initiated")]
    DuplicateStream,
    /// No more stream numbers.
    #[error("streams exhausted")]
    Exhausted,
    /// The connection failed, in Go's words.
    #[error("{0}")]
    Connection(String),
}

/// A connection that carries streams. Clones are the same session; it closes when the last clone and the last stream
/// are dropped.
#[derive(Clone)]
pub struct Session(Arc<Handle>);

impl Session {
    /// Takes over `io` as `role`; the session lives in `tasks`.
    pub fn new(
        io: impl Io + 'static,
        role: Role,
        keepalive: Keepalive,
        clock: &Clock,
        tasks: &Tasks,
    ) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(role)),
            outgoing: tokio::sync::Notify::new(),
            accepting: tokio::sync::Notify::new(),
            ended: watch::Sender::new(None),
        });
        tasks.spawn(drive::run(Arc::clone(&shared), io, keepalive, clock.clone()));
        Self(Arc::new(Handle(shared)))
    }

    /// Opens a stream; nothing is waited for.
    ///
    /// Errors: [`Error::Shutdown`], [`Error::GoneAway`], [`Error::Exhausted`].
    pub fn open(&self) -> Result<BoxIo, Error> {
        let shared = &self.0.0;
        let mut state = shared.state();
        if shared.ended.borrow().is_some() {
            return Err(Error::Shutdown);
        }
        if state.gone_away {
            return Err(Error::GoneAway);
        }
        let id = state.next_stream;
        state.next_stream = id.checked_add(2).ok_or(Error::Exhausted)?;
        state.streams.insert(id, Half::new(WINDOW));
        state.control.push_back(Header::new(Kind::WindowUpdate, SYN, id, 0));
        drop(state);
        shared.outgoing.notify_one();
        Ok(Box::new(Stream::new(self.clone(), id)))
    }

    /// The next stream that the other end opens; `None` when the session is over.
    pub async fn accept(&self) -> Option<BoxIo> {
        let shared = &self.0.0;
        let mut ended = shared.ended.subscribe();
        loop {
            if let Some(id) = shared.state().waiting.pop_front() {
                return Some(Box::new(Stream::new(self.clone(), id)));
            }
            if ended.borrow_and_update().is_some() {
                return None;
            }
            tokio::select! {
                biased;
                () = shared.accepting.notified() => {}
                _ = ended.changed() => {}
            }
        }
    }

    /// Ends the session: its streams see the end, and so does the other end of the connection.
    pub fn close(&self) {
        self.0.0.end(Error::Shutdown);
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        self.0.0.ended.borrow().is_some()
    }

    /// Waits until the session is over and says why.
    pub async fn closed(&self) -> Error {
        self.watch().await
    }

    /// As [`Session::closed`], without keeping the session alive.
    pub fn watch(&self) -> impl Future<Output = Error> + Send + use<> {
        let mut ended = self.0.0.ended.subscribe();
        async move {
            match ended.wait_for(Option::is_some).await {
                Ok(reason) => reason.clone().unwrap_or(Error::Shutdown),
                Err(_) => Error::Shutdown,
            }
        }
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.0.0.state().streams.len()
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({} streams)", self.streams())
    }
}

/// What the user holds; what drives the session holds [`Shared`] only, so that the last user's drop ends it.
struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.end(Error::Shutdown);
    }
}

struct Shared {
    state: Mutex<State>,
    /// There is something to write.
    outgoing: tokio::sync::Notify,
    /// There is a stream to accept.
    accepting: tokio::sync::Notify,
    /// Why the session is over, once it is.
    ended: watch::Sender<Option<Error>>,
}

struct State {
    role: Role,
    next_stream: u32,
    streams: BTreeMap<u32, Half>,
    waiting: VecDeque<u32>,
    /// Frames without data, before any data.
    control: VecDeque<Header>,
    /// Data within its window, ready to be written.
    data: VecDeque<(u32, Bytes)>,
    gone_away: bool,
    /// Number of the last ping of ours, and whether it was answered.
    ping: (u32, bool),
}

impl State {
    fn new(role: Role) -> Self {
        Self {
            role,
            next_stream: if role == Role::Client { 1 } else { 2 },
            streams: BTreeMap::new(),
            waiting: VecDeque::new(),
            control: VecDeque::new(),
            data: VecDeque::new(),
            gone_away: false,
            ping: (0, true),
        }
    }

    /// Moves what is to be written into `out`, in the order in which it was queued.
    fn take_outgoing(&mut self, out: &mut BytesMut) {
        // Data of a stream comes after its opening and before its end: control frames that end a stream are queued
        // by `Half` only once its data is out.
        self.control.drain(..).for_each(|header| header.put(out));
        self.data.drain(..).for_each(|(stream, data)| frame::put_data(out, 0, stream, &data));
        let ended =
            self.streams.iter_mut().filter(|(_, half)| half.wants_end()).map(|(id, half)| (*id, half.end()));
        let ended: Vec<(u32, Header)> =
            ended.map(|(id, flags)| (id, Header::new(Kind::Data, flags, id, 0))).collect();
        for (id, header) in ended {
            header.put(out);
            if self.streams.get(&id).is_some_and(Half::is_over) {
                self.streams.remove(&id);
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic in a session")
    }

    /// Ends the session for `reason`, where it is not over yet.
    fn end(&self, reason: Error) {
        let is_first = self.ended.send_if_modified(|ended| {
            let is_first = ended.is_none();
            if is_first {
                *ended = Some(reason);
            }
            is_first
        });
        if is_first {
            self.state().streams.values_mut().for_each(Half::session_ended);
            self.outgoing.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
