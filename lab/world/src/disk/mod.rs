//! A node's files.

mod directory;
mod memory;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use time::OffsetDateTime;

use self::directory::Directory;
use self::memory::Memory;

/// A node's files; clones share them. Simulated: in memory, with torn writes. Served: below one directory, or the
/// whole file system.
///
/// Paths are absolute in the simulated world and relative ones count from `/`.
#[derive(Clone)]
pub struct Disk(Backing);

impl Disk {
    /// An empty disk in memory.
    pub fn memory() -> Self {
        Self(Backing::Memory(Arc::new(Memory::default())))
    }

    /// The file system of this machine, with absolute paths as they are and relative ones below `root`.
    pub fn directory(root: impl Into<PathBuf>) -> Self {
        Self(Backing::Directory(Arc::new(Directory::new(root.into()))))
    }

    /// The bytes of a file.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Vec<u8>, DiskError> {
        each!(&self.0, disk => disk.read(path.as_ref()))
    }

    /// The text of a file.
    pub fn read_to_string(&self, path: impl AsRef<Path>) -> Result<String, DiskError> {
        let bytes = self.read(path.as_ref())?;
        String::from_utf8(bytes).map_err(|_| DiskError::NotText(path.as_ref().to_owned()))
    }

    /// Replaces or creates a file, with its parent directories, in place: a crash or a tear can leave it half
    /// written. A new file gets mode 0644.
    pub fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), DiskError> {
        each!(&self.0, disk => disk.write(path.as_ref(), bytes.as_ref(), None))
    }

    /// Replaces or creates a file by writing beside it and renaming: readers see the old or the new bytes, never a
    /// mixture. It gets `mode` (Unix permission bits).
    pub fn write_atomic(
        &self,
        path: impl AsRef<Path>,
        bytes: impl AsRef<[u8]>,
        mode: u32,
    ) -> Result<(), DiskError> {
        each!(&self.0, disk => disk.write_atomic(path.as_ref(), bytes.as_ref(), mode))
    }

    /// Adds bytes to the end of a file, creating it where there is none.
    pub fn append(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), DiskError> {
        each!(&self.0, disk => disk.append(path.as_ref(), bytes.as_ref()))
    }

    /// Removes a file.
    pub fn remove(&self, path: impl AsRef<Path>) -> Result<(), DiskError> {
        each!(&self.0, disk => disk.remove(path.as_ref()))
    }

    /// The files and directories directly in a directory, in order of name.
    pub fn list(&self, path: impl AsRef<Path>) -> Result<Vec<PathBuf>, DiskError> {
        each!(&self.0, disk => disk.list(path.as_ref()))
    }

    /// What is known of a file or directory.
    pub fn metadata(&self, path: impl AsRef<Path>) -> Result<Metadata, DiskError> {
        each!(&self.0, disk => disk.metadata(path.as_ref()))
    }

    /// Whether there is a file or directory at `path`.
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.metadata(path).is_ok()
    }

    /// Sets the Unix permission bits of a file.
    pub fn set_mode(&self, path: impl AsRef<Path>, mode: u32) -> Result<(), DiskError> {
        each!(&self.0, disk => disk.set_mode(path.as_ref(), mode))
    }

    /// Makes a directory, with its parents, and gives it `mode`. Directories of a disk in memory come and go with their
    /// files: there this does nothing.
    pub fn create_directory(&self, path: impl AsRef<Path>, mode: u32) -> Result<(), DiskError> {
        match &self.0 {
            Backing::Memory(_) => Ok(()),
            Backing::Directory(disk) => disk.create_directory(path.as_ref(), mode),
        }
    }

    /// Removes a directory with everything in it; one that is not there is no error.
    pub fn remove_tree(&self, path: impl AsRef<Path>) -> Result<(), DiskError> {
        each!(&self.0, disk => disk.remove_tree(path.as_ref()))
    }

    /// At most `length` bytes of a file from `offset` on; none behind its end.
    pub fn read_range(
        &self,
        path: impl AsRef<Path>,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, DiskError> {
        each!(&self.0, disk => disk.read_range(path.as_ref(), offset, length))
    }

    /// When a file or directory was last changed; always 1970 on a disk in memory, which has no clock.
    pub fn modified(&self, path: impl AsRef<Path>) -> Result<OffsetDateTime, DiskError> {
        match &self.0 {
            Backing::Memory(disk) => disk.metadata(path.as_ref()).map(|_| OffsetDateTime::UNIX_EPOCH),
            Backing::Directory(disk) => disk.modified(path.as_ref()),
        }
    }

    /// Prepares a fault: what happens to the next write of `path`. Only a simulated disk can have faults.
    pub fn tear(&self, path: impl AsRef<Path>, tear: Tear) -> Result<(), DiskError> {
        match &self.0 {
            Backing::Memory(disk) => {
                disk.tear(path.as_ref(), tear);
                Ok(())
            }
            Backing::Directory(_) => Err(DiskError::NoFaults),
        }
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Backing::Memory(_) => f.write_str("Disk(memory)"),
            Backing::Directory(directory) => write!(f, "Disk({})", directory.root().display()),
        }
    }
}

/// What is known of a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Bytes; 0 for a directory.
    pub size: u64,
    /// Unix permission bits, such as 0o644.
    pub mode: u32,
    /// Whether it is a directory.
    pub is_directory: bool,
}

/// What goes wrong with the next write of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// Only the first so many bytes arrive, and the writer is told that all went well: power lost before the flush.
    Partial(usize),
    /// The first half arrives and the writer is told that the disk is full.
    Full,
    /// Nothing arrives and the writer is told that it may not.
    Denied,
}

/// Why a file could not be used. Displays as Go says it: `open /etc/x: no such file or directory`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// There is nothing at the path.
    #[error("open {}: no such file or directory", .0.display())]
    NotFound(PathBuf),
    /// The permissions forbid it.
    #[error("open {}: permission denied", .0.display())]
    Denied(PathBuf),
    /// A directory stands where a file was wanted.
    #[error("read {}: is a directory", .0.display())]
    IsDirectory(PathBuf),
    /// The disk is full.
    #[error("write {}: no space left on device", .0.display())]
    Full(PathBuf),
    /// The file is not UTF-8 text.
    #[error("{}: not a text file (invalid UTF-8)", .0.display())]
    NotText(PathBuf),
    /// A fault was asked of a disk that is not simulated.
    #[error("faults can be injected only into a simulated disk")]
    NoFaults,
    /// Anything else the system says.
    #[error("{}: {cause}", .path.display())]
    Other {
        /// The file in question.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
}

#[derive(Clone)]
enum Backing {
    Memory(Arc<Memory>),
    Directory(Arc<Directory>),
}

macro_rules! each {
    ($backing:expr, $disk:ident => $call:expr) => {
        match $backing {
            Backing::Memory($disk) => $call,
            Backing::Directory($disk) => $call,
        }
    };
}
use each;

#[cfg(test)]
mod tests {
    use super::*;

    fn disks() -> (Vec<Disk>, PathBuf) {
        let root = std::env::temp_dir().join(format!("lab-disk-{}", crate::Entropy::system().uuid()));
        (vec![Disk::memory(), Disk::directory(&root)], root)
    }

    #[test]
    fn both_disks_behave_alike() {
        let (disks, root) = disks();
        for disk in disks {
            let name = format!("{disk:?}");
            assert!(disk.read("a/b").expect_err(&name).to_string().ends_with("no such file or directory"));
            disk.write("a/b", "one").expect(&name);
            disk.append("a/b", " two").expect(&name);
            assert_eq!(disk.read_to_string("a/b").expect(&name), "one two", "{name}");
            assert_eq!(disk.metadata("a/b").expect(&name).mode, 0o644, "{name}");
            disk.write_atomic("a/b", "three", 0o600).expect(&name);
            disk.write("a/b", "four").expect(&name);
            assert_eq!(
                disk.metadata("a/b").expect(&name),
                Metadata { size: 4, mode: 0o600, is_directory: false }
            );
            assert_eq!(disk.list("a").expect(&name).len(), 1, "{name}");
            assert!(disk.metadata("a").expect(&name).is_directory, "{name}");
            assert!(matches!(disk.read("a"), Err(DiskError::IsDirectory(_))), "{name}");
            disk.remove("a/b").expect(&name);
            assert!(!disk.exists("a/b"), "{name}");
            assert!(matches!(disk.remove("a/b"), Err(DiskError::NotFound(_))), "{name}");
            disk.create_directory("made", 0o777).expect(&name);
            disk.write("made/file", "0123456789").expect(&name);
            assert_eq!(disk.read_range("made/file", 3, 4).expect(&name), b"3456", "{name}");
            assert_eq!(disk.read_range("made/file", 8, 4).expect(&name), b"89", "{name}");
            assert_eq!(disk.read_range("made/file", 18, 4).expect(&name), b"", "{name}");
            assert!(disk.modified("made/file").is_ok() && disk.modified("made/none").is_err(), "{name}");
            disk.remove_tree("made").expect(&name);
            disk.remove_tree("made").expect("nothing to do");
            assert!(!disk.exists("made/file"), "{name}");
            disk.write("bin", [0xff, 0xfe]).expect(&name);
            assert!(matches!(disk.read_to_string("bin"), Err(DiskError::NotText(_))), "{name}");
        }
        std::fs::remove_dir_all(root).expect("the test's directory");
    }

    #[test]
    fn torn_writes_tear_once() {
        let disk = Disk::memory();
        disk.write("/key", "old key").expect("a write");
        disk.tear("/key", Tear::Partial(3)).expect("a simulated disk");
        disk.write_atomic("/key", "new key", 0o600).expect("the writer is told nothing");
        assert_eq!(disk.read_to_string("/key").expect("text"), "new");
        disk.tear("/key", Tear::Full).expect("a simulated disk");
        assert_eq!(
            disk.write("/key", "12345678").expect_err("full").to_string(),
            "write /key: no space left on device"
        );
        assert_eq!(disk.read_to_string("/key").expect("text"), "1234");
        disk.tear("/key", Tear::Denied).expect("a simulated disk");
        assert_eq!(disk.write("/key", "x").expect_err("denied").to_string(), "open /key: permission denied");
        disk.write("/key", "whole").expect("the tears are used up");
        assert_eq!(disk.read_to_string("/key").expect("text"), "whole");
        assert_eq!(Disk::directory("/tmp").tear("x", Tear::Full), Err(DiskError::NoFaults));
    }
}
