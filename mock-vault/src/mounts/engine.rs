//! What a secrets engine or auth method is to the server.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;

use crate::logical::{Call, Data, Environment, MountView, Outcome, Refusal};
use crate::storage::Writes;

/// A mounted secrets engine or auth method.
pub(crate) trait Engine: Send {
    /// Paths that need no token: exact, with a final `*`, or with `+` segments.
    fn unauthenticated(&self) -> &'static [&'static str] {
        &[]
    }

    /// Paths whose requests are bytes and no JSON.
    fn binary(&self) -> &'static [&'static str] {
        &[]
    }

    /// Paths that need `sudo` beside the capability.
    fn sudo(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether what the call names exists; `None` where the path has no existence check.
    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal>;

    /// Who a call to `path` tries to log in as, where wrong passwords are counted.
    fn login_alias(&self, path: &str, data: &Data) -> Option<String> {
        let _ = (path, data);
        None
    }

    /// Serves a call.
    fn handle(&mut self, call: &mut Call<'_>) -> Outcome;

    /// Revokes what a lease of this engine stands for. Errors: why that cannot be done now.
    fn revoke(
        &mut self,
        internal: &Data,
        mount: &MountView,
        environment: &Environment,
    ) -> Result<(), String> {
        let _ = (internal, mount, environment);
        Ok(())
    }

    /// Renews what a lease of this engine, or a token of this auth method, stands for.
    fn renew(
        &mut self,
        internal: &Data,
        mount: &MountView,
        environment: &Environment,
    ) -> Result<Renewal, Refusal> {
        let _ = (internal, mount, environment);
        Ok(Renewal::default())
    }

    /// When the engine has something to do by itself; `None`: nothing, as things are.
    fn next_chore(&self) -> Option<OffsetDateTime> {
        None
    }

    /// Does a bit of what is due.
    fn do_chores(&mut self, environment: &Environment) {
        let _ = environment;
    }

    /// Gives away all its secrets: an unversioned KV engine on its way to a versioned one.
    fn surrender(&mut self) -> BTreeMap<String, Data> {
        BTreeMap::new()
    }

    /// Takes the secrets that another engine gave away.
    fn adopt(&mut self, secrets: BTreeMap<String, Data>, environment: &Environment) {
        let _ = (secrets, environment);
    }

    /// Hands over what changed, with `prefix` before the keys.
    fn flush(&mut self, prefix: &str, writes: &mut Writes);

    /// Takes an entry from the storage.
    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String>;
}

/// What an engine says to a renewal; `None` leaves what the lease has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Renewal {
    pub(crate) ttl: Option<Duration>,
    pub(crate) max_ttl: Option<Duration>,
    pub(crate) period: Option<Duration>,
}

/// Whether a path is in a list of special paths.
pub(crate) fn special(list: &[&str], path: &str) -> bool {
    list.iter().any(|pattern| {
        if pattern.contains('+') {
            let (body, prefix) = match pattern.strip_suffix('*') {
                Some(body) => (body, true),
                None => (*pattern, false),
            };
            let wanted: Vec<&str> = body.split('/').collect();
            let given: Vec<&str> = path.split('/').collect();
            let lengths = given.len() == wanted.len() || (prefix && given.len() > wanted.len());
            let last = wanted.len() - 1;
            lengths
                && wanted.iter().zip(&given).enumerate().all(|(at, (wanted, given))| {
                    *wanted == "+" || wanted == given || (prefix && at == last && given.starts_with(wanted))
                })
        } else {
            match pattern.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => path == *pattern,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_paths() {
        let list = ["ca", "cert/*", "issuer/+/pem", "issuer/+/crl/*"];
        for (path, expected) in [
            ("ca", true),
            ("ca/x", false),
            ("cert/", true),
            ("cert/a/b", true),
            ("issuer/x/pem", true),
            ("issuer/x/y/pem", false),
            ("issuer/x", false),
            ("issuer/x/crl/pem", true),
        ] {
            assert_eq!(special(&list, path), expected, "{path}");
        }
    }
}
