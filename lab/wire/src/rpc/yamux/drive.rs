//! What moves a session: reads frames, writes what is queued, and asks for signs of life.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Buf, Bytes, BytesMut};
use lab_world::{Clock, WireFault};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::frame::{ACK, BadHeader, FIN, HEADER, Header, Kind, RST, SYN, WINDOW};
use super::stream::{self, Half};
use super::{BACKLOG, Error, Keepalive, Role, Shared, State};
use crate::Io;

/// How much is read from the connection at once, in bytes.
const CHUNK: usize = 16 * 1024;

/// Drives the session until it is over.
pub(super) async fn run(shared: Arc<Shared>, io: impl Io, keepalive: Keepalive, clock: Clock) {
    let (reading, mut writing) = tokio::io::split(io);
    let heard = AtomicBool::new(false);
    let mut ended = shared.ended.subscribe();
    let reason = tokio::select! {
        biased;
        _ = ended.wait_for(Option::is_some) => Error::Shutdown,
        reason = read(&shared, reading, &heard) => reason,
        reason = write(&shared, &mut writing) => reason,
        reason = watch(&shared, keepalive, &clock, &heard) => reason,
    };
    shared.end(reason);
    // What was queued before the end is still sent, as far as the connection takes it at once.
    let mut last = BytesMut::new();
    shared.state().take_outgoing(&mut last);
    let _ = clock
        .timeout(keepalive.timeout, async {
            writing.write_all(&last).await?;
            writing.shutdown().await
        })
        .await;
}

async fn read(shared: &Shared, mut io: impl AsyncRead + Unpin, heard: &AtomicBool) -> Error {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    loop {
        while let Some((header, data)) = match next_frame(&mut buffer) {
            Ok(frame) => frame,
            Err(BadHeader::Version(version)) => return Error::Version(version),
            Err(BadHeader::Kind(kind)) => return Error::MessageType(kind),
        } {
            if let Err(error) = shared.handle(header, data) {
                return error;
            }
        }
        buffer.reserve(CHUNK);
        match io.read_buf(&mut buffer).await {
            Ok(0) => return Error::Eof,
            Ok(_) => heard.store(true, Ordering::Relaxed),
            Err(error) => return of_io(&error),
        }
    }
}

/// The next whole frame in `buffer`. A data frame is handed on in parts as it comes, so that none is too long to hold.
fn next_frame(buffer: &mut BytesMut) -> Result<Option<(Header, Bytes)>, BadHeader> {
    let Some(head) = buffer.first_chunk::<HEADER>() else { return Ok(None) };
    let header = Header::parse(head)?;
    if header.kind != Kind::Data {
        buffer.advance(HEADER);
        return Ok(Some((header, Bytes::new())));
    }
    // Longer than any window: the receiver will refuse it by the header alone.
    let length = header.length as usize;
    if header.length > WINDOW {
        return Ok(Some((header, Bytes::new())));
    }
    if buffer.len() < HEADER + length {
        return Ok(None);
    }
    buffer.advance(HEADER);
    Ok(Some((header, buffer.split_to(length).freeze())))
}

async fn write(shared: &Shared, io: &mut (impl AsyncWrite + Unpin)) -> Error {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    loop {
        shared.state().take_outgoing(&mut buffer);
        if buffer.is_empty() {
            shared.outgoing.notified().await;
            continue;
        }
        if let Err(error) = io.write_all(&buffer).await {
            return of_io(&error);
        }
        if let Err(error) = io.flush().await {
            return of_io(&error);
        }
        buffer.clear();
    }
}

/// Ends when the other end gives no sign of life in time. Whatever it sends is one, so busy sessions carry no pings.
async fn watch(shared: &Shared, keepalive: Keepalive, clock: &Clock, heard: &AtomicBool) -> Error {
    loop {
        clock.sleep(keepalive.interval).await;
        if heard.swap(false, Ordering::Relaxed) {
            continue;
        }
        let number = {
            let mut state = shared.state();
            state.ping = (state.ping.0.wrapping_add(1), false);
            let number = state.ping.0;
            state.control.push_back(Header::new(Kind::Ping, SYN, 0, number));
            number
        };
        shared.outgoing.notify_one();
        clock.sleep(keepalive.timeout).await;
        if shared.state().ping == (number, false) && !heard.load(Ordering::Relaxed) {
            return Error::KeepaliveTimeout;
        }
    }
}

impl Shared {
    fn handle(&self, header: Header, data: Bytes) -> Result<(), Error> {
        let mut state = self.state();
        match header.kind {
            Kind::Ping if header.has(SYN) => {
                state.control.push_back(Header::new(Kind::Ping, ACK, 0, header.length));
                drop(state);
                self.outgoing.notify_one();
            }
            Kind::Ping => {
                if state.ping.0 == header.length {
                    state.ping.1 = true;
                }
            }
            Kind::GoAway => match header.length {
                0 => state.gone_away = true,
                _ => return Err(Error::Connection(format!("remote end sent go away: {}", header.length))),
            },
            Kind::Data | Kind::WindowUpdate => {
                if header.has(SYN) && self.opened(&mut state, header)? {
                    drop(state);
                    self.accepting.notify_one();
                    self.outgoing.notify_one();
                    state = self.state();
                }
                state.on_stream(header, data)?;
            }
        }
        Ok(())
    }

    /// The other end opens a stream. Whether it was taken.
    fn opened(&self, state: &mut State, header: Header) -> Result<bool, Error> {
        let is_theirs = header.stream % 2 == u32::from(state.role == Role::Server);
        if !is_theirs || header.stream == 0 || state.streams.contains_key(&header.stream) {
            state.control.push_back(Header::new(Kind::GoAway, 0, 0, 1));
            return Err(Error::DuplicateStream);
        }
        if state.waiting.len() >= BACKLOG {
            state.control.push_back(stream::reset(header.stream));
            return Ok(false);
        }
        state.streams.insert(header.stream, Half::new(WINDOW));
        state.waiting.push_back(header.stream);
        state.control.push_back(Header::new(Kind::WindowUpdate, ACK, header.stream, 0));
        Ok(true)
    }
}

impl State {
    /// What a frame says to an existing stream; frames for one that is gone are thrown away.
    fn on_stream(&mut self, header: Header, data: Bytes) -> Result<(), Error> {
        if header.kind == Kind::Data && header.length > WINDOW {
            return Err(Error::WindowExceeded);
        }
        let Some(half) = self.streams.get_mut(&header.stream) else { return Ok(()) };
        match header.kind {
            Kind::WindowUpdate => half.widen(header.length),
            _ => half.receive(data)?,
        }
        if header.has(FIN) {
            half.remote_end();
        }
        if header.has(RST) {
            half.remote_reset();
        }
        if half.is_over() {
            self.streams.remove(&header.stream);
        }
        Ok(())
    }
}

/// An I/O error in Go's words.
fn of_io(error: &std::io::Error) -> Error {
    match WireFault::of(error) {
        Some(WireFault::Eof) => Error::Eof,
        Some(fault) if error.get_ref().is_none() => Error::Connection(fault.to_string()),
        _ => Error::Connection(crate::tls::go_text(error)),
    }
}
