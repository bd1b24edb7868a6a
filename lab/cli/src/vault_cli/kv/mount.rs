//! Which engine a path belongs to, and what its parts are called there.

use serde_json::Value;

use crate::vault_cli::api::Api;
use crate::vault_cli::failure::Failure;
use crate::vault_cli::session::Session;
use crate::vault_cli::text::sanitize;

/// A path in an engine for keys and values.
pub(super) struct Place {
    /// The engine's path, with a slash at its end.
    mount: String,
    /// The path as it was given, without the mount where `-mount` named that.
    given: String,
    /// Whether `-mount` named the mount.
    is_split: bool,
    /// Whether the engine keeps versions.
    pub(super) is_versioned: bool,
}

impl Place {
    /// Asks the server where the path of this command belongs.
    pub(super) fn find(session: &Session<'_>, api: &Api, path: &str) -> Result<Self, Failure> {
        let mount_flag = session.flags.text("mount").filter(|mount| !mount.is_empty()).map(sanitize);
        let given = sanitize(path);
        let asked_for = mount_flag.clone().unwrap_or_else(|| given.clone());
        let answer = api.preflight(&format!("sys/internal/ui/mounts/{asked_for}"))?;
        // A server that does not know the question has engines without versions only.
        if answer.status() == 404 {
            return Ok(Self { mount: String::new(), given, is_split: false, is_versioned: false });
        }
        let secret = answer.secret()?.unwrap_or_default();
        let mount = secret.datum("path").and_then(Value::as_str).unwrap_or_default().to_owned();
        let version =
            secret.datum("options").and_then(|options| options.get("version")).and_then(Value::as_str);
        Ok(Self { is_versioned: version == Some("2"), mount, given, is_split: mount_flag.is_some() })
    }

    /// The whole path, with a part of the API in it where the engine keeps versions: `secret/data/foo`.
    pub(super) fn path(&self, part: &str) -> String {
        let mount = self.mount.trim_end_matches('/');
        if !self.is_versioned {
            return if self.is_split { join(&[mount, &self.given]) } else { self.given.clone() };
        }
        let below = match self.given.strip_prefix(&self.mount) {
            _ if self.is_split => self.given.as_str(),
            Some(below) => below,
            None if self.given == mount => "",
            None => self.given.as_str(),
        };
        join(&[mount, part, below])
    }
}

fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> =
        parts.iter().map(|part| part.trim_matches('/')).filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(given: &str, is_split: bool, is_versioned: bool) -> String {
        Place { mount: "a/secret/".into(), given: given.into(), is_split, is_versioned }.path("data")
    }

    #[test]
    fn the_part_stands_behind_the_mount() {
        assert_eq!(path("a/secret/x/y", false, true), "a/secret/data/x/y");
        assert_eq!(path("x/y", true, true), "a/secret/data/x/y");
        assert_eq!(path("a/secret", false, true), "a/secret/data");
        assert_eq!(path("", true, true), "a/secret/data");
        assert_eq!(path("x", true, false), "a/secret/x");
        assert_eq!(path("a/secret/x", false, false), "a/secret/x");
    }
}
