//! The log, the vote and the snapshot on disk.

use std::path::{Path, PathBuf};

use lab_world::{Disk, DiskError, Host};
use serde::{Deserialize, Serialize};

use super::message::Entry;

/// Where consensus keeps what must survive a restart: below `<data_dir>/server/raft`.
pub(super) struct Storage {
    disk: Disk,
    directory: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) vote: Vote,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) entries: Vec<Entry>,
}

/// The term and who got this server's vote in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vote {
    pub(super) term: u64,
    pub(super) candidate: Option<String>,
}

/// The state at some index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub(super) index: u64,
    pub(super) term: u64,
    /// The members then.
    pub(super) configuration: Vec<u8>,
    pub(super) data: Vec<u8>,
}

impl Storage {
    pub(super) fn new(host: &Host, directory: Option<PathBuf>) -> Self {
        Self { disk: host.disk.clone(), directory }
    }

    /// Reads everything. A log whose end is torn loses that end only.
    pub(super) fn load(&self) -> Result<Stored, String> {
        let mut stored = Stored::default();
        if let Some(bytes) = self.read("vote")? {
            stored.vote =
                rmp_serde::from_slice(&bytes).map_err(|error| format!("failed to load vote: {error}"))?;
        }
        if let Some(bytes) = self.read("snapshot")? {
            let snapshot =
                rmp_serde::from_slice(&bytes).map_err(|error| format!("failed to load snapshot: {error}"))?;
            stored.snapshot = Some(snapshot);
        }
        if let Some(bytes) = self.read("log")? {
            stored.entries = entries(&bytes);
            let whole: usize = stored.entries.iter().map(|entry| frame(entry).len()).sum();
            if whole < bytes.len() {
                self.rewrite(&stored.entries).map_err(|error| error.to_string())?;
            }
        }
        Ok(stored)
    }

    pub(super) fn save_vote(&self, vote: &Vote) -> Result<(), DiskError> {
        self.replace("vote", || rmp_serde::to_vec(vote).expect("a vote is made of plain values"))
    }

    pub(super) fn save_snapshot(&self, snapshot: &Snapshot) -> Result<(), DiskError> {
        self.replace("snapshot", || rmp_serde::to_vec(snapshot).expect("a snapshot is made of plain values"))
    }

    /// Adds entries to the end of the log.
    pub(super) fn append(&self, entries: &[Entry]) -> Result<(), DiskError> {
        let Some(path) = self.path("log") else { return Ok(()) };
        let bytes: Vec<u8> = entries.iter().flat_map(frame).collect();
        self.disk.append(path, bytes)
    }

    /// Replaces the whole log.
    pub(super) fn rewrite(&self, entries: &[Entry]) -> Result<(), DiskError> {
        self.replace("log", || entries.iter().flat_map(frame).collect())
    }

    fn replace(&self, name: &str, bytes: impl FnOnce() -> Vec<u8>) -> Result<(), DiskError> {
        let Some(path) = self.path(name) else { return Ok(()) };
        self.disk.write_atomic(path, bytes(), 0o600)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(path) = self.path(name) else { return Ok(None) };
        match self.disk.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(DiskError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.directory.as_deref().map(|directory: &Path| directory.join(name))
    }
}

/// An entry's length, its checksum, and the entry.
fn frame(entry: &Entry) -> Vec<u8> {
    let body = rmp_serde::to_vec(entry).expect("an entry is made of plain values");
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &checksum(&body).to_be_bytes(), &body].concat()
}

/// The whole entries at the beginning of `bytes`.
fn entries(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<8>() {
        let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let Some(body) = rest.get(..number(0) as usize) else { break };
        if checksum(body) != number(4) {
            break;
        }
        let Ok(entry) = rmp_serde::from_slice(body) else { break };
        entries.push(entry);
        bytes = &rest[body.len()..];
    }
    entries
}

/// FNV-1a: enough to tell a torn write from a whole one.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod unit {
    use super::*;
    use lab_world::{Simulation, Tear};

    fn entry(index: u64) -> Entry {
        Entry { index, term: 1, data: vec![7; 20], ..Entry::default() }
    }

    #[test]
    fn a_torn_end_is_cut_off() {
        Simulation::run(1, lab_world::DEFAULT_EPOCH, async |world| {
            let host = world.host("server-1");
            let storage = Storage::new(&host, Some("/data/server/raft".into()));
            storage.append(&[entry(1), entry(2)]).expect("room");
            host.disk.tear("/data/server/raft/log", Tear::Partial(10)).expect("simulated");
            storage.append(&[entry(3)]).expect("the writer is told nothing");
            storage.save_vote(&Vote { term: 4, candidate: Some("a".into()) }).expect("room");
            let stored = storage.load().expect("loads");
            assert_eq!(stored.entries, [entry(1), entry(2)]);
            assert_eq!(stored.vote, Vote { term: 4, candidate: Some("a".into()) });
            storage.append(&[entry(3)]).expect("room");
            assert_eq!(storage.load().expect("loads").entries.len(), 3);
        });
    }

    #[test]
    fn dev_mode_keeps_nothing() {
        Simulation::run(1, lab_world::DEFAULT_EPOCH, async |world| {
            let storage = Storage::new(&world.host("server-1"), None);
            storage.append(&[entry(1)]).expect("nowhere");
            assert!(storage.load().expect("nothing").entries.is_empty());
        });
    }
}
