//! Files, read with care: whatever a path leads to, the answer comes soon and nothing is written.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab_hcl::Source;

/// Larger than any honest configuration, template or bundle of authorities.
const LARGEST: u64 = 8 << 20;

/// A text file as it was found.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its text under the name that messages call it by.
    pub(crate) source: Arc<Source>,
    /// Unix permission bits, where the system has them.
    pub(crate) mode: Option<u32>,
}

/// Why a file cannot be read; displays without its path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("no such file or directory")]
    Missing,
    #[error("permission denied")]
    Denied,
    #[error("this is {0}, not a file")]
    NotAFile(&'static str),
    #[error("this file has {0} bytes; nothing that belongs here is larger than {LARGEST}")]
    TooLarge(u64),
    #[error("this is not a text file (byte {0} is not UTF-8)")]
    NotText(usize),
    #[error("{0}")]
    Other(String),
}

impl TextFile {
    /// Reads a text file, whatever else the path may lead to.
    pub(crate) fn read(path: &Path) -> Result<Self, Unreadable> {
        let metadata = fs::metadata(path).map_err(|error| explain(&error))?;
        if !metadata.is_file() {
            return Err(Unreadable::NotAFile(kind_of(&metadata)));
        }
        if metadata.len() > LARGEST {
            return Err(Unreadable::TooLarge(metadata.len()));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
        let file = File::open(path).map_err(|error| explain(&error))?;
        // What grows while it is read is cut.
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| explain(&error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(Unreadable::TooLarge(bytes.len() as u64));
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| Unreadable::NotText(error.utf8_error().valid_up_to()))?;
        Ok(Self {
            path: path.to_owned(),
            source: Arc::new(Source::new(path.display().to_string(), text)),
            mode: mode_of(&metadata),
        })
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.source.text
    }

    /// The name without directories.
    pub(crate) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }
}

/// What an I/O error means for a file.
pub(crate) fn explain(error: &io::Error) -> Unreadable {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unreadable::Missing,
        io::ErrorKind::PermissionDenied => Unreadable::Denied,
        _ => Unreadable::Other(error.to_string()),
    }
}

#[cfg(unix)]
fn kind_of(metadata: &fs::Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a directory"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_fifo() {
        "a pipe"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn kind_of(metadata: &fs::Metadata) -> &'static str {
    if metadata.is_dir() { "a directory" } else { "something else" }
}

#[cfg(unix)]
fn mode_of(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(metadata.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode_of(_metadata: &fs::Metadata) -> Option<u32> {
    None
}
