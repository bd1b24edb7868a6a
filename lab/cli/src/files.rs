//! Files that somebody names, and those that the lab makes; what goes wrong is said with the path.

use std::io;
use std::path::Path;

use crate::exit::Failure;

/// The text of a file.
///
/// Errors: it cannot be read, with its name and why.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::Choice(format!("{}: {error}", path.display())))
}

/// Makes a directory and those above it, where they are not there.
///
/// Errors: it cannot be made.
pub(crate) fn create_directory(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|error| cannot("the directory", path, "be made", &error))
}

/// Writes a file anew.
///
/// Errors: it cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| cannot("the file", path, "be written", &error))
}

/// Removes a directory with everything in it.
///
/// Errors: it cannot be removed.
pub(crate) fn remove_directory(path: &Path) -> Result<(), Failure> {
    std::fs::remove_dir_all(path).map_err(|error| cannot("the directory", path, "be removed", &error))
}

fn cannot(kind: &str, path: &Path, done: &str, error: &io::Error) -> Failure {
    Failure::SetUp(format!("{kind} {} cannot {done}: {error}", path.display()))
}
