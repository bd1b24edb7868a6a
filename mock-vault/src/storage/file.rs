//! Storage in files, one an entry.

use std::path::{Path, PathBuf};

use lab_world::{Disk, DiskError};

/// Entries as files below a directory. The last segment of a key becomes a file whose name begins with `_`, the
/// others become directories; bytes that a file name cannot carry are written as `%` and two hex digits.
pub(crate) struct File {
    disk: Disk,
    directory: PathBuf,
}

impl File {
    pub(super) fn new(disk: Disk, directory: PathBuf) -> Self {
        Self { disk, directory }
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, DiskError> {
        match self.disk.read(self.path(key)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(DiskError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn put(&self, key: &str, value: &[u8]) -> Result<(), DiskError> {
        self.disk.write_atomic(self.path(key), value, 0o600)
    }

    pub(super) fn remove(&self, key: &str) -> Result<(), DiskError> {
        match self.disk.remove(self.path(key)) {
            Ok(()) | Err(DiskError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn keys(&self) -> Result<Vec<String>, DiskError> {
        let mut keys = Vec::new();
        if self.disk.exists(&self.directory) {
            self.walk(&self.directory, "", &mut keys)?;
        }
        keys.sort();
        Ok(keys)
    }

    fn walk(&self, directory: &Path, prefix: &str, keys: &mut Vec<String>) -> Result<(), DiskError> {
        for path in self.disk.list(directory)? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if self.disk.metadata(&path)?.is_directory {
                self.walk(&path, &format!("{prefix}{}/", unescape(&name)), keys)?;
            } else if let Some(name) = name.strip_prefix('_') {
                keys.push(format!("{prefix}{}", unescape(name)));
            }
        }
        Ok(())
    }

    fn path(&self, key: &str) -> PathBuf {
        let mut path = self.directory.clone();
        let (directories, name) = key.rsplit_once('/').unwrap_or(("", key));
        for directory in directories.split('/').filter(|directory| !directory.is_empty()) {
            path.push(escape(directory));
        }
        path.push(format!("_{}", escape(name)));
        path
    }
}

fn escape(segment: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-:@=+ ".contains(&byte);
    let mut escaped = String::with_capacity(segment.len());
    for (at, byte) in segment.bytes().enumerate() {
        // A dot or an underscore at the start would make a hidden file, a parent directory or an entry.
        if plain(byte) || (at > 0 && (byte == b'.' || byte == b'_')) {
            escaped.push(byte as char);
        } else {
            escaped.push_str(&format!("%{byte:02x}"));
        }
    }
    escaped
}

fn unescape(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| name.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                text.push(byte);
                at += 3;
            }
            None => {
                text.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}
