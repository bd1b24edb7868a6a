//! The log in memory, above its copy on disk.

use super::message::{Entry, EntryKind, decode_peers};
use super::storage::{Snapshot, Storage};
use super::{Peer, RaftError};

/// After how many entries a snapshot is taken, and how many entries are kept behind it.
const SNAPSHOT_AFTER: usize = 8192;
const KEPT_BEHIND: usize = 1024;

/// The entries since the snapshot, and the snapshot.
pub(super) struct Log {
    storage: Storage,
    snapshot: Snapshot,
    entries: Vec<Entry>,
}

impl Log {
    pub(super) fn new(storage: Storage, snapshot: Option<Snapshot>, mut entries: Vec<Entry>) -> Self {
        let snapshot = snapshot.unwrap_or_default();
        // A gap between the snapshot and the first entry would make the rest meaningless.
        if entries.first().is_some_and(|first| first.index > snapshot.index + 1) {
            entries.clear();
        }
        Self { storage, snapshot, entries }
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The index and term of the last entry.
    pub(super) fn last(&self) -> (u64, u64) {
        self.entries
            .last()
            .map_or((self.snapshot.index, self.snapshot.term), |entry| (entry.index, entry.term))
    }

    /// The term of an entry; `None` where it is not known (any more).
    pub(super) fn term_at(&self, index: u64) -> Option<u64> {
        if index == self.snapshot.index {
            return Some(self.snapshot.term);
        }
        self.get(index).map(|entry| entry.term)
    }

    pub(super) fn get(&self, index: u64) -> Option<&Entry> {
        let first = self.entries.first()?.index;
        self.entries.get(usize::try_from(index.checked_sub(first)?).ok()?)
    }

    /// At most `limit` entries from `index` on.
    pub(super) fn from(&self, index: u64, limit: usize) -> &[Entry] {
        let Some(first) = self.entries.first().map(|entry| entry.index) else { return &[] };
        let Some(skip) = index.checked_sub(first).and_then(|skip| usize::try_from(skip).ok()) else {
            return &[];
        };
        let rest = self.entries.get(skip..).unwrap_or_default();
        &rest[..rest.len().min(limit)]
    }

    /// Adds entries behind the last.
    pub(super) fn append(&mut self, entries: Vec<Entry>) -> Result<(), RaftError> {
        self.storage.append(&entries).map_err(|error| RaftError::Storage(error.to_string()))?;
        self.entries.extend(entries);
        Ok(())
    }

    /// Drops the entry at `index` and everything behind it.
    pub(super) fn truncate(&mut self, index: u64) -> Result<(), RaftError> {
        self.entries.retain(|entry| entry.index < index);
        self.storage.rewrite(&self.entries).map_err(|error| RaftError::Storage(error.to_string()))
    }

    /// The members by the newest configuration in the log, and the index of that.
    pub(super) fn configuration(&self) -> (u64, Vec<Peer>) {
        let newest = self.entries.iter().rev().find(|entry| entry.kind == EntryKind::Configuration);
        match newest {
            Some(entry) => (entry.index, decode_peers(&entry.data).unwrap_or_default()),
            None => (self.snapshot.index, decode_peers(&self.snapshot.configuration).unwrap_or_default()),
        }
    }

    /// Whether it is time to take a snapshot at `applied`.
    pub(super) fn wants_snapshot(&self, applied: u64) -> bool {
        applied.saturating_sub(self.snapshot.index) >= SNAPSHOT_AFTER as u64
    }

    /// Keeps a snapshot and forgets the entries well behind it.
    pub(super) fn compact(&mut self, snapshot: Snapshot) -> Result<(), RaftError> {
        let keep_from = snapshot.index.saturating_sub(KEPT_BEHIND as u64);
        self.storage.save_snapshot(&snapshot).map_err(|error| RaftError::Storage(error.to_string()))?;
        self.snapshot = snapshot;
        self.entries.retain(|entry| entry.index > keep_from);
        self.storage.rewrite(&self.entries).map_err(|error| RaftError::Storage(error.to_string()))
    }

    /// Replaces everything by a leader's snapshot.
    pub(super) fn install(&mut self, snapshot: Snapshot) -> Result<(), RaftError> {
        self.storage.save_snapshot(&snapshot).map_err(|error| RaftError::Storage(error.to_string()))?;
        self.entries.clear();
        self.snapshot = snapshot;
        self.storage.rewrite(&self.entries).map_err(|error| RaftError::Storage(error.to_string()))
    }
}
