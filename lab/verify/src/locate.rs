//! Where a file that a configuration names lies here, where the configuration may be a copy from another machine.

use std::path::{Path, PathBuf};

use crate::file::{TextFile, Unreadable};

/// Where the files of a node may be found.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// What stands for `/` and for a program's working directory, unless the files are used in place.
    pub(crate) root: &'a Path,
    /// All files below the root.
    pub(crate) files: &'a [PathBuf],
}

/// Why a named file was not found or cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotFound {
    #[error("not set")]
    NotSet,
    #[error("a path of another system, which cannot be looked at from here")]
    Elsewhere,
    #[error("{0}")]
    Unreadable(Unreadable),
}

/// Looks for a file below the node's root, in the directories `beside`, and where it says on this machine.
pub(crate) fn find(
    said: &str,
    beside: &[&Path],
    surroundings: &Surroundings<'_>,
) -> Result<TextFile, NotFound> {
    if said.is_empty() {
        return Err(NotFound::NotSet);
    }
    let mut first_problem = None;
    for path in candidates(said, beside, surroundings) {
        match TextFile::read(&path) {
            Ok(file) => return Ok(file),
            Err(Unreadable::Missing) => {}
            Err(problem) => {
                first_problem.get_or_insert(problem);
            }
        }
    }
    Err(match first_problem {
        Some(problem) => NotFound::Unreadable(problem),
        None if is_of_windows(said) => NotFound::Elsewhere,
        None => NotFound::Unreadable(Unreadable::Missing),
    })
}

/// The paths that a named file may have here, the likeliest first.
fn candidates(said: &str, beside: &[&Path], surroundings: &Surroundings<'_>) -> Vec<PathBuf> {
    let plain = if is_of_windows(said) { said.replace('\\', "/") } else { said.to_owned() };
    let without_drive = if is_of_windows(said) { &plain[2..] } else { plain.as_str() };
    let mut paths = vec![surroundings.root.join(without_drive.trim_start_matches('/'))];
    if !without_drive.starts_with('/') {
        paths.extend(beside.iter().map(|directory| directory.join(&plain)));
    }
    paths.push(PathBuf::from(&plain));
    let name = Path::new(&plain).file_name();
    let same_name: Vec<&PathBuf> =
        surroundings.files.iter().filter(|file| name.is_some() && file.file_name() == name).collect();
    // A bundle of files copied together keeps their names and loses their directories.
    if let [only] = same_name.as_slice() {
        paths.push((*only).clone());
    }
    paths
}

/// `C:\nomad\agent.crt`
fn is_of_windows(said: &str) -> bool {
    matches!(said.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_for_below_the_node_first() {
        let files = vec![PathBuf::from("/nodes/a/certs/agent.crt")];
        let surroundings = Surroundings { root: Path::new("/nodes/a"), files: &files };
        let shown = |said: &str, beside: &str| -> Vec<String> {
            let paths = candidates(said, &[Path::new(beside)], &surroundings);
            paths.iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(
            shown("/opt/nomad/agent.crt", "/nodes/a/etc"),
            ["/nodes/a/opt/nomad/agent.crt", "/opt/nomad/agent.crt", "/nodes/a/certs/agent.crt"]
        );
        assert_eq!(shown("ca.pem", "/nodes/a/etc"), ["/nodes/a/ca.pem", "/nodes/a/etc/ca.pem", "ca.pem"]);
        assert_eq!(shown(r"C:\nomad\ca.pem", "/nodes/a/etc")[0], "/nodes/a/nomad/ca.pem");
    }
}
