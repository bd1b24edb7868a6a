//! RSA keys made ahead of time, for servers that run for long.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};

use super::{KeyKind, KeyPair};

/// A few finished RSA-2048 keys, refilled by a thread of its own from the first request on.
#[derive(Clone)]
pub(super) struct Reserve(Arc<Inner>);

struct Inner {
    size: usize,
    finished: Mutex<Option<Receiver<KeyPair>>>,
}

impl Reserve {
    pub(super) fn new(size: usize) -> Self {
        Self(Arc::new(Inner { size, finished: Mutex::new(None) }))
    }

    /// A finished key, if there is one. The first call starts the thread: a server that issues no RSA key makes none.
    pub(super) fn take(&self) -> Option<KeyPair> {
        let mut finished = self.0.finished.lock().expect("no panic while taking a key");
        let size = self.0.size;
        finished.get_or_insert_with(|| refill(size)).try_recv().ok()
    }
}

/// Starts the thread; it waits while `size` keys are ready and ends when their receiver is gone.
fn refill(size: usize) -> Receiver<KeyPair> {
    let (sender, receiver) = sync_channel(size.saturating_sub(1));
    let work = move || while KeyPair::generate(KeyKind::Rsa2048).is_ok_and(|key| sender.send(key).is_ok()) {};
    // Without the thread the reserve stays empty, and keys are made when they are asked for.
    let _ = std::thread::Builder::new().name("rsa-reserve".to_owned()).spawn(work);
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_fills_itself() {
        let reserve = Reserve::new(2);
        while reserve.take().is_none() {
            std::thread::yield_now();
        }
    }
}
