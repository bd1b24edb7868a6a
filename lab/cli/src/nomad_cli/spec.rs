//! Example specification files: those of namespaces, node pools and variables.

use super::command::{Fault, fail};
use crate::stand_in::file_error;

/// Writes an example to a file that there must not be yet.
pub(super) fn write_example(name: &str, text: &str) -> Result<(), Fault> {
    if std::fs::exists(name).unwrap_or_default() {
        return fail(format!("File {name:?} already exists"));
    }
    std::fs::write(name, text).map_err(|error| {
        Fault::Told(format!("Failed to write {name:?}: {}", file_error("open", name.as_ref(), &error)))
    })
}
