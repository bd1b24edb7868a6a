//! `kv`: values and their versions, in both forms of the engine.

mod change;
mod metadata;
mod mount;
mod read;
mod versions;

pub(super) use self::change::{patch, put, rollback};
pub(super) use self::metadata::{
    delete as metadata_delete, get as metadata_get, patch as metadata_patch, put as metadata_put,
};
pub(super) use self::read::{get, list};
pub(super) use self::versions::{delete, destroy, enable_versioning, undelete};

use serde_json::{Map, Value};

use crate::vault_cli::session::Session;

/// Prints a path under its heading, and an empty line.
fn show_path(session: &Session<'_>, heading: &str, path: &str) {
    session.say(&heading_over(heading, path.len()));
    session.say(path);
    session.say("");
}

/// Prints a map under its heading.
fn show_section(session: &Session<'_>, heading: &str, map: &Map<String, Value>) {
    let longest = map.keys().map(String::len).max().unwrap_or_default();
    session.say(&heading_over(heading, longest + 4 + "Value".len()));
    session.show_map(map);
}

/// A heading between equal signs, about as long as what stands under it.
fn heading_over(heading: &str, length: usize) -> String {
    let signs = match length.saturating_sub(heading.len() + 2) {
        0 => 4,
        signs => signs,
    };
    let side = "=".repeat(signs.div_ceil(2));
    format!("{side} {heading} {side}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_as_long_as_what_they_head() {
        assert_eq!(heading_over("Secret Path", "secret/data/foo".len()), "= Secret Path =");
        assert_eq!(heading_over("Secret Path", "secret/data/x".len()), "== Secret Path ==");
        assert_eq!(heading_over("Version 1", 22), "====== Version 1 ======");
    }
}
