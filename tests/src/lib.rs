//! What the whole-system tests share: where things are, and how to say that something is not there.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A path in the data that lies beside the workspace, where it is present; says on standard error that the test is
/// skipped where it is not.
pub fn shared(path: &str) -> Option<PathBuf> {
    let found = workspace().join("../shared").join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: ../shared/{path} is not here");
    None
}

/// The real program called `name` (`vault`, `nomad`, `consul-template`), where `LAB_VAULT_BIN`, `LAB_NOMAD_BIN` or
/// `LAB_CONSUL_TEMPLATE_BIN` says where it is; says on standard error that the test is skipped where none does.
pub fn oracle(name: &str) -> Option<PathBuf> {
    let variable = format!("LAB_{}_BIN", name.to_uppercase().replace('-', "_"));
    let found = std::env::var_os(&variable).map(PathBuf::from).filter(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: {variable} does not name the real {name}");
    }
    found
}
