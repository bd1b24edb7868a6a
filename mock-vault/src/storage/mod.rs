//! Where the server keeps its state, and the typed views of it that handlers work on.

mod file;
mod memory;
pub(crate) mod moment;
pub(crate) mod seconds;
mod table;
mod writes;

use std::sync::Arc;

use lab_world::{Disk, DiskError};

use self::file::File;
use self::memory::Memory;

pub(crate) use self::table::{Record, Table, decode, deep};
pub(crate) use self::writes::{Scope, Writes};

/// The physical storage below the barrier: what it holds is encrypted, but for the seal's configuration.
#[derive(Clone)]
pub(crate) enum Physical {
    /// `inmem`: gone with the process.
    Memory(Arc<Memory>),
    /// `file`: one file an entry.
    File(Arc<File>),
}

impl Physical {
    /// A new, empty storage in memory.
    pub(crate) fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    /// The storage below `directory`.
    pub(crate) fn file(disk: Disk, directory: impl Into<std::path::PathBuf>) -> Self {
        Self::File(Arc::new(File::new(disk, directory.into())))
    }

    /// Its name in `storage_type`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Memory(_) => "inmem",
            Self::File(_) => "file",
        }
    }

    /// Whether what it holds is still there when the process ends.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The bytes of an entry.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, DiskError> {
        match self {
            Self::Memory(memory) => Ok(memory.get(key)),
            Self::File(file) => file.get(key),
        }
    }

    /// Writes an entry.
    pub(crate) fn put(&self, key: &str, value: &[u8]) -> Result<(), DiskError> {
        match self {
            Self::Memory(memory) => {
                memory.put(key, value);
                Ok(())
            }
            Self::File(file) => file.put(key, value),
        }
    }

    /// Removes an entry, if it is there.
    pub(crate) fn remove(&self, key: &str) -> Result<(), DiskError> {
        match self {
            Self::Memory(memory) => {
                memory.remove(key);
                Ok(())
            }
            Self::File(file) => file.remove(key),
        }
    }

    /// The keys of every entry, in order.
    pub(crate) fn keys(&self) -> Result<Vec<String>, DiskError> {
        match self {
            Self::Memory(memory) => Ok(memory.keys()),
            Self::File(file) => file.keys(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_storages_keep_entries_with_any_name() {
        let disk = Disk::memory();
        for storage in [Physical::memory(), Physical::file(disk.clone(), "/vault/data")] {
            let kind = storage.kind();
            for (key, value) in [("core/a", "1"), ("core/a/b", "2"), ("logical/ü x/..", "3"), ("z", "4")] {
                storage.put(key, value.as_bytes()).expect(kind);
            }
            assert_eq!(storage.keys().expect(kind), ["core/a", "core/a/b", "logical/ü x/..", "z"], "{kind}");
            assert_eq!(storage.get("core/a/b").expect(kind), Some(b"2".to_vec()), "{kind}");
            storage.remove("core/a").expect(kind);
            storage.remove("core/a").expect(kind);
            assert_eq!(storage.get("core/a").expect(kind), None, "{kind}");
        }
        let again = Physical::file(disk, "/vault/data");
        assert_eq!(again.get("z").expect("read"), Some(b"4".to_vec()));
    }
}
