//! Writes what a template gives to its destination.

use std::path::Path;

use lab_world::{Disk, DiskError};

use crate::config::TemplateConfig;
use crate::journal::Journal;

/// Writes `contents`, unless the file holds them already; whether it was written.
///
/// Readers see the old or the new bytes. The file keeps its permissions, or gets 0644, unless others are configured.
pub(crate) fn render(
    disk: &Disk,
    template: &TemplateConfig,
    contents: &str,
    journal: &Journal,
) -> Result<bool, String> {
    let path = &template.destination;
    match disk.read(path) {
        Ok(existing) if existing == contents.as_bytes() && !path.is_empty() => return Ok(false),
        Ok(_) | Err(DiskError::NotFound(_)) => {}
        Err(_) if path.is_empty() => {}
        Err(error) => return Err(format!("failed reading file: {error}")),
    }
    write(disk, template, contents, journal).map_err(|error| format!("failed writing file: {error}"))?;
    Ok(true)
}

fn write(disk: &Disk, template: &TemplateConfig, contents: &str, journal: &Journal) -> Result<(), String> {
    let path = &template.destination;
    if path.is_empty() {
        return Err("missing destination".to_owned());
    }
    let parent = Path::new(path).parent().filter(|parent| !parent.as_os_str().is_empty());
    if template.create_directories == Some(false) && parent.is_some_and(|parent| !disk.exists(parent)) {
        return Err("parent directory is missing".to_owned());
    }
    let existing = disk.metadata(path).ok().map(|metadata| metadata.mode);
    if template.backup
        && let Some(mode) = existing
    {
        let kept = disk.read(path).and_then(|bytes| disk.write_atomic(format!("{path}.bak"), bytes, mode));
        if let Err(error) = kept {
            journal.warn(format!("(runner) could not backup {path:?}: {error}"));
        }
    }
    let mode = template.mode.or(existing).unwrap_or(0o644);
    disk.write_atomic(path, contents, mode).map_err(|error| error.to_string())
}
