//! What lies below a directory.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::file::explain;

/// Deeper than anybody keeps configuration.
const DEEPEST: usize = 32;
/// More entries than the files of a thousand nodes.
const MOST: usize = 500_000;

/// The files below a directory by name, and what could not be looked at.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) problems: Vec<(PathBuf, String)>,
}

/// Walks a directory and what it links to; a directory that leads back to one above it is not entered again.
pub(crate) fn walk(root: &Path) -> Walked {
    let mut walked = Walked::default();
    let mut entries = 0;
    descend(root, &mut Vec::new(), &mut BTreeSet::new(), &mut entries, &mut walked);
    walked
}

fn descend(
    directory: &Path,
    above: &mut Vec<PathBuf>,
    seen: &mut BTreeSet<PathBuf>,
    entries: &mut usize,
    walked: &mut Walked,
) {
    let mut problem = |text: String| walked.problems.push((directory.to_owned(), text));
    let own = match directory.canonicalize() {
        Ok(own) => own,
        Err(error) => return problem(explain(&error).to_string()),
    };
    if above.contains(&own) {
        return problem(format!("this leads back to {}: a directory loop, not followed", own.display()));
    }
    if !seen.insert(own.clone()) {
        return;
    }
    if above.len() >= DEEPEST {
        return problem(format!("more than {DEEPEST} directories deep, not followed"));
    }
    let listed = fs::read_dir(directory)
        .and_then(|list| list.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>());
    let mut paths = match listed {
        Ok(paths) => paths,
        Err(error) => return problem(explain(&error).to_string()),
    };
    paths.sort();
    above.push(own);
    for path in paths {
        *entries += 1;
        if *entries > MOST {
            walked.problems.push((path, format!("more than {MOST} files, the rest is not looked at")));
            break;
        }
        if is_hidden(&path) {
            continue;
        }
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => descend(&path, above, seen, entries, walked),
            Ok(_) => walked.files.push(path),
            Err(error) => walked.problems.push((path, explain(&error).to_string())),
        }
    }
    above.pop();
}

/// Version control, editors' and this program's own directories.
fn is_hidden(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'))
}
