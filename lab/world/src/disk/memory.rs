//! Files in memory.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::{DiskError, Metadata, Tear};

#[derive(Default)]
pub(super) struct Memory(Mutex<State>);

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, File>,
    tears: BTreeMap<PathBuf, Vec<Tear>>,
}

struct File {
    bytes: Vec<u8>,
    mode: u32,
}

impl Memory {
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, DiskError> {
        let path = absolute(path);
        let state = self.state();
        match state.files.get(&path) {
            Some(file) => Ok(file.bytes.clone()),
            None if state.is_directory(&path) => Err(DiskError::IsDirectory(path)),
            None => Err(DiskError::NotFound(path)),
        }
    }

    pub(super) fn write(&self, path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), DiskError> {
        let path = absolute(path);
        let mut state = self.state();
        let (bytes, outcome) = state.torn(&path, bytes);
        if state.is_directory(&path) {
            return Err(DiskError::IsDirectory(path));
        }
        let Some(bytes) = bytes else { return outcome };
        let file = state.files.entry(path).or_insert(File { bytes: Vec::new(), mode: 0o644 });
        bytes.clone_into(&mut file.bytes);
        file.mode = mode.unwrap_or(file.mode);
        outcome
    }

    pub(super) fn write_atomic(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
        self.write(path, bytes, Some(mode))
    }

    pub(super) fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let path = absolute(path);
        let mut state = self.state();
        let (bytes, outcome) = state.torn(&path, bytes);
        let Some(bytes) = bytes else { return outcome };
        let file = state.files.entry(path).or_insert(File { bytes: Vec::new(), mode: 0o644 });
        file.bytes.extend_from_slice(bytes);
        outcome
    }

    pub(super) fn remove(&self, path: &Path) -> Result<(), DiskError> {
        let path = absolute(path);
        self.state().files.remove(&path).map(drop).ok_or(DiskError::NotFound(path))
    }

    pub(super) fn list(&self, path: &Path) -> Result<Vec<PathBuf>, DiskError> {
        let path = absolute(path);
        let state = self.state();
        if !state.is_directory(&path) {
            return Err(DiskError::NotFound(path));
        }
        let mut names: Vec<PathBuf> = state
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&path).ok()?.components().next())
            .map(|name| path.join(name))
            .collect();
        names.dedup();
        Ok(names)
    }

    pub(super) fn metadata(&self, path: &Path) -> Result<Metadata, DiskError> {
        let path = absolute(path);
        let state = self.state();
        match state.files.get(&path) {
            Some(file) => {
                Ok(Metadata { size: file.bytes.len() as u64, mode: file.mode, is_directory: false })
            }
            None if state.is_directory(&path) => Ok(Metadata { size: 0, mode: 0o755, is_directory: true }),
            None => Err(DiskError::NotFound(path)),
        }
    }

    pub(super) fn remove_tree(&self, path: &Path) -> Result<(), DiskError> {
        let path = absolute(path);
        self.state().files.retain(|file, _| !file.starts_with(&path));
        Ok(())
    }

    pub(super) fn read_range(&self, path: &Path, offset: u64, length: usize) -> Result<Vec<u8>, DiskError> {
        let bytes = self.read(path)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes[from..from.saturating_add(length).min(bytes.len())].to_vec())
    }

    pub(super) fn set_mode(&self, path: &Path, mode: u32) -> Result<(), DiskError> {
        let path = absolute(path);
        match self.state().files.get_mut(&path) {
            Some(file) => {
                file.mode = mode;
                Ok(())
            }
            None => Err(DiskError::NotFound(path)),
        }
    }

    pub(super) fn tear(&self, path: &Path, tear: Tear) {
        self.state().tears.entry(absolute(path)).or_default().push(tear);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic while holding the disk")
    }
}

impl State {
    fn is_directory(&self, path: &Path) -> bool {
        path == Path::new("/")
            || self.files.range(path.to_owned()..).any(|(file, _)| file != path && file.starts_with(path))
    }

    /// What of `bytes` arrives at the next write of `path`, and what the writer is told.
    fn torn<'bytes>(
        &mut self,
        path: &Path,
        bytes: &'bytes [u8],
    ) -> (Option<&'bytes [u8]>, Result<(), DiskError>) {
        let tear = self.tears.get_mut(path).filter(|tears| !tears.is_empty()).map(|tears| tears.remove(0));
        match tear {
            None => (Some(bytes), Ok(())),
            Some(Tear::Partial(length)) => (Some(&bytes[..length.min(bytes.len())]), Ok(())),
            Some(Tear::Full) => (Some(&bytes[..bytes.len() / 2]), Err(DiskError::Full(path.to_owned()))),
            Some(Tear::Denied) => (None, Err(DiskError::Denied(path.to_owned()))),
        }
    }
}

/// The path from the root, with `.` and `..` resolved.
fn absolute(path: &Path) -> PathBuf {
    let mut absolute = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => absolute.push(name),
            Component::ParentDir => {
                absolute.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    absolute
}
