//! The files of an allocation, as the API shows them.

use std::path::{Component, Path, PathBuf};

use lab_world::{Disk, DiskError, format_rfc3339_nano};
use serde_json::{Value as Json, json};

use super::Client;
use super::alloc_dir::AllocDir;

/// The directory of an allocation, seen from outside: nothing above it, and no secrets.
pub(crate) struct Files {
    disk: Disk,
    root: AllocDir,
    tasks: Vec<String>,
}

/// Why a file is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileError {
    /// There is no such file; the text says of which call.
    #[error("{0}")]
    Missing(String),
    /// It may not be shown, or cannot be read.
    #[error("{0}")]
    Refused(String),
}

impl Client {
    /// The files of an allocation of this node.
    pub(crate) fn files(&self, id: &str) -> Option<Files> {
        let runner = self.runners().get(id).cloned()?;
        let tasks = runner.state().tasks.keys().cloned().collect();
        let root = AllocDir::new(&self.parts.settings.alloc_dir, id);
        Some(Files { disk: self.parts.host.disk.clone(), root, tasks })
    }
}

impl Files {
    /// Whether the allocation has such a task.
    pub(crate) fn has_task(&self, name: &str) -> bool {
        self.tasks.iter().any(|task| task == name)
    }

    /// The file with the output of a task, from the allocation's directory on.
    pub(crate) fn log_name(task: &str, kind: &str) -> String {
        format!("alloc/logs/{task}.{kind}.0")
    }

    /// What is in a directory.
    pub(crate) fn list(&self, path: &str) -> Result<Json, FileError> {
        let directory = self.place(path)?;
        let entries = self.disk.list(&directory).map_err(|error| explain("open", &directory, &error))?;
        let shown = entries.iter().filter_map(|entry| self.describe(entry).ok());
        Ok(Json::Array(shown.collect()))
    }

    /// What is known of a file, with what kind of content it seems to have.
    pub(crate) fn stat(&self, path: &str) -> Result<Json, FileError> {
        let file = self.place(path)?;
        let mut shown = self.describe(&file)?;
        shown["ContentType"] = match shown["IsDir"] == true {
            true => "application/octet-stream".into(),
            false => self.content_type(&file).into(),
        };
        Ok(shown)
    }

    /// How long a file is.
    pub(crate) fn size(&self, path: &str) -> Result<u64, FileError> {
        let file = self.place(path)?;
        let found = self.disk.metadata(&file).map_err(|error| explain("stat", &file, &error))?;
        match found.is_directory {
            true => Err(FileError::Refused(format!("file {path:?} is a directory"))),
            false => Ok(found.size),
        }
    }

    /// A part of a file, with what kind of content it seems to have.
    pub(crate) fn read(
        &self,
        path: &str,
        offset: u64,
        length: usize,
    ) -> Result<(Vec<u8>, String), FileError> {
        if path.is_empty() {
            return Err(FileError::Refused("must provide a file name".to_owned()));
        }
        self.size(path)?;
        let file = self.place(path)?;
        let bytes = self.disk.read_range(&file, offset, length);
        Ok((bytes.map_err(|error| explain("open", &file, &error))?, self.content_type(&file)))
    }

    /// The place of a path within the allocation's directory.
    fn place(&self, path: &str) -> Result<PathBuf, FileError> {
        let mut inside: Vec<&std::ffi::OsStr> = Vec::new();
        for component in Path::new(path).components() {
            match component {
                Component::Normal(name) => inside.push(name),
                Component::ParentDir if inside.pop().is_none() => {
                    return Err(FileError::Refused("Path escapes the alloc directory".to_owned()));
                }
                _ => {}
            }
        }
        let is_secret = inside.len() > 1
            && inside.first().is_some_and(|task| self.has_task(&task.to_string_lossy()))
            && (inside[1] == "secrets" || inside[1] == "private");
        let place: PathBuf = inside.iter().fold(self.root.path().to_owned(), |place, name| place.join(name));
        if is_secret && inside.len() > 2 && self.disk.exists(&place) {
            return Err(FileError::Refused(format!("Reading secret file prohibited: {path}")));
        }
        Ok(place)
    }

    fn describe(&self, file: &Path) -> Result<Json, FileError> {
        let failed = |error: DiskError| explain("stat", file, &error);
        let found = self.disk.metadata(file).map_err(failed)?;
        let modified = self.disk.modified(file).map_err(failed)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let size = if found.is_directory { 4096 } else { found.size };
        Ok(json!({
            "Name": name, "IsDir": found.is_directory, "Size": size,
            "FileMode": mode_text(found.is_directory, found.mode), "ModTime": format_rfc3339_nano(modified),
        }))
    }

    fn content_type(&self, file: &Path) -> String {
        let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let head = self.disk.read_range(file, 0, 512).unwrap_or_default();
        match extension.as_str() {
            "json" => "application/json",
            "html" | "htm" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "xml" => "text/xml; charset=utf-8",
            _ if head.iter().any(|byte| *byte < 9 || (14..27).contains(byte)) => "application/octet-stream",
            _ => "text/plain; charset=utf-8",
        }
        .to_owned()
    }
}

fn explain(call: &str, file: &Path, error: &DiskError) -> FileError {
    match error {
        DiskError::NotFound(_) => {
            FileError::Missing(format!("{call} {}: no such file or directory", file.display()))
        }
        other => FileError::Refused(other.to_string()),
    }
}

/// A mode as Go writes it: `drwxrwxrwx`, `dtrwxrwxrwx`, `-rw-r--r--`.
fn mode_text(is_directory: bool, mode: u32) -> String {
    let mut text = String::new();
    for (is_set, letter) in
        [(is_directory, 'd'), (mode & 0o1000 != 0, 't'), (mode & 0o4000 != 0, 'u'), (mode & 0o2000 != 0, 'g')]
    {
        text.extend(is_set.then_some(letter));
    }
    if text.is_empty() {
        text.push('-');
    }
    for (index, letter) in "rwxrwxrwx".chars().enumerate() {
        text.push(if mode & (0o400 >> index) != 0 { letter } else { '-' });
    }
    text
}

#[cfg(test)]
mod unit {
    use super::*;

    fn files() -> Files {
        let disk = Disk::memory();
        for file in ["/a/1/t/local/hello.txt", "/a/1/t/secrets/env", "/a/1/alloc/logs/t.stdout.0"] {
            disk.write(file, "hello").expect("written");
        }
        Files { disk, root: AllocDir::new("/a".as_ref(), "1"), tasks: vec!["t".to_owned()] }
    }

    #[test]
    fn nothing_outside_and_no_secret_is_shown() {
        let files = files();
        let refused = |path: &str| files.read(path, 0, 10).expect_err(path).to_string();
        assert_eq!(refused("../../x"), "Path escapes the alloc directory");
        assert_eq!(refused("t/secrets/env"), "Reading secret file prohibited: t/secrets/env");
        assert_eq!(refused("t/local"), "file \"t/local\" is a directory");
        assert_eq!(refused(""), "must provide a file name");
        assert_eq!(refused("t/x"), "stat /a/1/t/x: no such file or directory");
        assert_eq!(
            files.list("nope").expect_err("nothing").to_string(),
            "open /a/1/nope: no such file or directory"
        );
    }

    #[test]
    fn files_are_listed_and_read() {
        let files = files();
        let names: Vec<String> = files
            .list("/t")
            .expect("listed")
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| entry["Name"].to_string())
            .collect();
        assert_eq!(names, ["\"local\"", "\"secrets\""]);
        let (bytes, kind) = files.read("t/local/hello.txt", 1, 3).expect("read");
        assert_eq!((bytes.as_slice(), kind.as_str()), (&b"ell"[..], "text/plain; charset=utf-8"));
        assert_eq!(files.stat("t/local/hello.txt").expect("known")["FileMode"], "-rw-r--r--");
        assert_eq!(mode_text(true, 0o1777), "dtrwxrwxrwx");
    }
}
