//! Streams to the other servers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lab_wire::BoxIo;
use lab_wire::rpc::{MessageError, MessageReader};
use lab_world::Clock;
use tokio::sync::watch;

use super::message::{Answer, Call};
use crate::seam::RaftDialer;

/// Dials peers and keeps one idle stream to each.
pub(super) struct Transport {
    clock: Clock,
    dialer: Arc<dyn RaftDialer>,
    idle: Mutex<BTreeMap<SocketAddr, Channel>>,
    /// Ticks when every stream must be closed.
    closed: watch::Sender<u64>,
}

/// One stream, with what was read of the next message.
struct Channel {
    io: BoxIo,
    reader: MessageReader,
    generation: u64,
}

impl Transport {
    pub(super) fn new(clock: &Clock, dialer: Arc<dyn RaftDialer>) -> Self {
        Self { clock: clock.clone(), dialer, idle: Mutex::default(), closed: watch::Sender::new(0) }
    }

    /// Closes every stream, those in use too.
    pub(super) fn close_all(&self) {
        self.closed.send_modify(|generation| *generation += 1);
        self.idle.lock().expect("no panic while pooling").clear();
    }

    /// Ends when the streams that are open now must be closed.
    pub(super) fn closing(&self) -> watch::Receiver<u64> {
        self.closed.subscribe()
    }

    /// Calls a peer. The error is what the log shows: `EOF`, `dial tcp ...: connection refused`, `i/o timeout`.
    pub(super) async fn call(
        &self,
        address: SocketAddr,
        call: &Call,
        limit: Duration,
    ) -> Result<Answer, String> {
        let mut closing = self.closing();
        let generation = *closing.borrow_and_update();
        let kept = self.idle.lock().expect("no panic while pooling").remove(&address);
        let kept = kept.filter(|channel| channel.generation == generation);
        let exchange = async {
            let mut channel = match kept {
                Some(channel) => channel,
                None => {
                    let io = self.dialer.dial(address).await.map_err(|error| dial_text(address, &error))?;
                    Channel { io, reader: MessageReader::default(), generation }
                }
            };
            let text = |error: MessageError| error.to_string();
            call.write(&mut channel.io).await.map_err(text)?;
            let answer = Answer::read(&mut channel.reader, &mut channel.io).await.map_err(text)?;
            Ok::<_, String>((channel, answer))
        };
        let (channel, answer) = tokio::select! {
            biased;
            _ = closing.changed() => return Err("EOF".to_owned()),
            done = self.clock.timeout(limit, exchange) => done.unwrap_or_else(|| Err("i/o timeout".to_owned()))?,
        };
        self.idle.lock().expect("no panic while pooling").insert(address, channel);
        answer
    }
}

/// An I/O error of dialling; one that does not name the address yet gets Go's `dial tcp`.
fn dial_text(address: SocketAddr, error: &std::io::Error) -> String {
    match lab_world::WireFault::of(error) {
        Some(lab_world::WireFault::Refused) => format!("dial tcp {address}: connect: connection refused"),
        Some(lab_world::WireFault::TimedOut) => format!("dial tcp {address}: i/o timeout"),
        _ => MessageError::of(error).to_string(),
    }
}
