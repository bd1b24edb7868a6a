//! The state behind a lock, with watches.

use std::sync::Mutex;

use tokio::sync::watch;

use super::watch::Watches;
use super::{Command, Tables, Topic};

/// The state of one server: what its log says so far.
#[derive(Default)]
pub(crate) struct Store {
    tables: Mutex<Tables>,
    watches: Watches,
}

impl Store {
    /// Looks at one consistent state. Keep it short, and never wait inside.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Tables) -> T) -> T {
        look(&self.tables.lock().expect("no panic while the state is held"))
    }

    /// Carries out the entry at `index`; every server does so in the same order and gets the same.
    ///
    /// Errors in the words of the real program; the state is then unchanged but for its index.
    pub(crate) fn apply(&self, index: u64, command: Command) -> Result<(), String> {
        let (result, touched) = {
            let mut tables = self.tables.lock().expect("no panic while the state is held");
            let result = tables.apply(index, command);
            (result, std::mem::take(&mut tables.touched))
        };
        self.watches.notify(&touched);
        result
    }

    /// The whole state as bytes.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        self.read(Tables::to_snapshot)
    }

    /// Replaces the state by a snapshot; one that cannot be read changes nothing.
    pub(crate) fn restore(&self, bytes: &[u8]) -> Result<(), rmp_serde::decode::Error> {
        let restored = Tables::from_snapshot(bytes)?;
        *self.tables.lock().expect("no panic while the state is held") = restored;
        self.watches.notify_all();
        Ok(())
    }

    /// Wakes at the next change of `topic`; subscribe before reading, so that nothing is missed.
    pub(crate) fn subscribe(&self, topic: Topic) -> watch::Receiver<()> {
        self.watches.subscribe(topic)
    }
}
