//! Files on this machine.

use std::fs;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{DiskError, Metadata};

pub(super) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, DiskError> {
        let path = self.root.join(path);
        fs::read(&path).map_err(|cause| explain(path, &cause))
    }

    pub(super) fn write(&self, path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), DiskError> {
        let path = self.with_parents(path)?;
        let is_new = !path.exists();
        fs::write(&path, bytes).map_err(|cause| explain(path.clone(), &cause))?;
        match mode.or(is_new.then_some(0o644)) {
            Some(mode) => self.set_mode(&path, mode),
            None => Ok(()),
        }
    }

    pub(super) fn write_atomic(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
        let path = self.with_parents(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!(".{name}.{}", crate::Entropy::system().alphanumeric(8)));
        let result = write_private(&beside, bytes)
            .and_then(|()| fs::set_permissions(&beside, fs::Permissions::from_mode(mode)))
            .and_then(|()| fs::rename(&beside, &path));
        result.map_err(|cause| {
            // The half-made file is of no use to anyone; the first failure is the one to report.
            let _ = fs::remove_file(&beside);
            explain(path, &cause)
        })
    }

    pub(super) fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let path = self.with_parents(path)?;
        let file = fs::OpenOptions::new().append(true).create(true).open(&path);
        file.and_then(|mut file| file.write_all(bytes)).map_err(|cause| explain(path, &cause))
    }

    pub(super) fn remove(&self, path: &Path) -> Result<(), DiskError> {
        let path = self.root.join(path);
        fs::remove_file(&path).map_err(|cause| explain(path, &cause))
    }

    pub(super) fn list(&self, path: &Path) -> Result<Vec<PathBuf>, DiskError> {
        let path = self.root.join(path);
        let entries =
            fs::read_dir(&path).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        let mut names: Vec<PathBuf> = entries.map_err(|cause| explain(path, &cause))?;
        names.sort();
        Ok(names)
    }

    pub(super) fn metadata(&self, path: &Path) -> Result<Metadata, DiskError> {
        let path = self.root.join(path);
        let found = fs::metadata(&path).map_err(|cause| explain(path, &cause))?;
        let is_directory = found.is_dir();
        let size = if is_directory { 0 } else { found.len() };
        Ok(Metadata { size, mode: found.permissions().mode() & 0o7777, is_directory })
    }

    pub(super) fn set_mode(&self, path: &Path, mode: u32) -> Result<(), DiskError> {
        let path = self.root.join(path);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(|cause| explain(path, &cause))
    }

    pub(super) fn create_directory(&self, path: &Path, mode: u32) -> Result<(), DiskError> {
        let path = self.root.join(path);
        let made = fs::create_dir_all(&path)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)));
        made.map_err(|cause| explain(path, &cause))
    }

    pub(super) fn remove_tree(&self, path: &Path) -> Result<(), DiskError> {
        let path = self.root.join(path);
        match fs::remove_dir_all(&path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(explain(path, &cause)),
            _ => Ok(()),
        }
    }

    pub(super) fn read_range(&self, path: &Path, offset: u64, length: usize) -> Result<Vec<u8>, DiskError> {
        let path = self.root.join(path);
        let read = || {
            let mut file = fs::File::open(&path)?;
            file.seek(io::SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            file.take(length as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|cause| explain(path.clone(), &cause))
    }

    pub(super) fn modified(&self, path: &Path) -> Result<time::OffsetDateTime, DiskError> {
        let path = self.root.join(path);
        let found = fs::metadata(&path).and_then(|found| found.modified());
        found.map(Into::into).map_err(|cause| explain(path, &cause))
    }

    fn with_parents(&self, path: &Path) -> Result<PathBuf, DiskError> {
        let path = self.root.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|cause| explain(path.clone(), &cause))?;
        }
        Ok(path)
    }
}

/// Writes a new file that nobody else can read until its mode is set.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn explain(path: PathBuf, cause: &io::Error) -> DiskError {
    match cause.kind() {
        io::ErrorKind::NotFound => DiskError::NotFound(path),
        io::ErrorKind::PermissionDenied => DiskError::Denied(path),
        io::ErrorKind::IsADirectory => DiskError::IsDirectory(path),
        io::ErrorKind::StorageFull => DiskError::Full(path),
        _ => DiskError::Other { path, cause: cause.to_string() },
    }
}
