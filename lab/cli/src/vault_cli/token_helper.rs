//! Where the token of a login is kept.

use std::io;
use std::path::PathBuf;

use crate::stand_in::Environment;

/// The token that requests carry: the environment's, or the kept one; empty where there is none.
pub(super) fn token(environment: &Environment) -> String {
    match environment.get("VAULT_TOKEN") {
        Some(token) => token.to_owned(),
        None => kept(environment),
    }
}

/// Keeps a token.
pub(super) fn keep(environment: &Environment, token: &str) -> io::Result<()> {
    let Some(file) = file(environment) else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "there is no home directory"));
    };
    write_private(&file, token)
}

fn kept(environment: &Environment) -> String {
    let text = file(environment).and_then(|file| std::fs::read_to_string(file).ok());
    text.unwrap_or_default().trim().to_owned()
}

/// The lab's own directory where `lab env` names it, so that the token of a real Vault stays what it is; the user's
/// directory otherwise.
fn file(environment: &Environment) -> Option<PathBuf> {
    match environment.get("LAB_DIRECTORY") {
        Some(directory) => Some(PathBuf::from(directory).join("vault-token")),
        None => Some(environment.home()?.join(".vault-token")),
    }
}

fn write_private(file: &std::path::Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let beside = file.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut written = options.create(true).write(true).truncate(true).mode(0o600).open(&beside)?;
    written.write_all(text.as_bytes())?;
    std::fs::rename(beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_where_it_is_found() {
        let home = std::env::temp_dir().join(format!("lab-token-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a directory");
        let text = home.display().to_string();
        let environment = Environment::from([("HOME", text.as_str())]);
        assert_eq!(token(&environment), "");
        keep(&environment, "hvs.x").expect("kept");
        assert_eq!(token(&environment), "hvs.x");
        let other = Environment::from([("HOME", text.as_str()), ("VAULT_TOKEN", "mine")]);
        assert_eq!(token(&other), "mine");
        std::fs::remove_dir_all(home).expect("removed");
    }
}
