//! The state behind a lock, with watches.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::events::{Events, Outlook};
use super::watch::Watches;
use super::{Batch, Command, Tables, Topic};

/// The state of one server: what its log says so far.
#[derive(Default)]
pub(crate) struct Store {
    tables: Mutex<Tables>,
    watches: Watches,
    events: Events,
    /// The index of the last entry applied.
    applied: watch::Sender<u64>,
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
        let (result, touched, events) = {
            let mut tables = self.tables.lock().expect("no panic while the state is held");
            let outlook = Outlook::of(&tables, &command);
            let result = tables.apply(index, command);
            let changed = std::mem::take(&mut tables.changed);
            let events = if result.is_ok() { outlook.complete(&tables, changed) } else { Vec::new() };
            (result, std::mem::take(&mut tables.touched), events)
        };
        if !events.is_empty() {
            self.events.push(Batch { index, events });
        }
        self.watches.notify(&touched);
        self.applied.send_replace(index);
        result
    }

    /// The whole state as bytes.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        self.read(Tables::to_snapshot)
    }

    /// Replaces the state by a snapshot; one that cannot be read changes nothing.
    pub(crate) fn restore(&self, bytes: &[u8]) -> Result<(), rmp_serde::decode::Error> {
        let restored = Tables::from_snapshot(bytes)?;
        let index = restored.index;
        *self.tables.lock().expect("no panic while the state is held") = restored;
        self.watches.notify_all();
        self.applied.send_replace(index);
        Ok(())
    }

    /// The events of the last changes, from that at `index` on.
    pub(crate) fn events_since(&self, index: u64) -> Vec<Arc<Batch>> {
        self.events.since(index)
    }

    /// The index of the newest change that made something happen, and of those that follow.
    pub(crate) fn newest_event(&self) -> watch::Receiver<u64> {
        self.events.newest()
    }

    /// The index of the last entry applied, and of those that follow.
    pub(crate) fn applied(&self) -> watch::Receiver<u64> {
        self.applied.subscribe()
    }

    /// Wakes at the next change of `topic`; subscribe before reading, so that nothing is missed.
    pub(crate) fn subscribe(&self, topic: Topic) -> watch::Receiver<()> {
        self.watches.subscribe(topic)
    }
}
