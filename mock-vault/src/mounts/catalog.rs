//! The kinds of engines there are.

use std::collections::BTreeMap;

use crate::mounts::engine::Engine;

/// The version of the server that is imitated.
pub(crate) const VERSION: &str = "1.21.1";

const SECRETS: [&str; 3] = ["kv", "pki", "database"];
const AUTH: [&str; 4] = ["jwt", "oidc", "userpass", "approle"];

/// Whether there is an engine of that kind.
pub(crate) fn known(kind: &str, auth: bool) -> bool {
    if auth { AUTH.contains(&kind) } else { SECRETS.contains(&kind) }
}

/// A new engine; `None` where there is none of that kind.
pub(crate) fn engine(kind: &str, options: &BTreeMap<String, String>) -> Option<Box<dyn Engine>> {
    Some(match kind {
        "kv" if options.get("version").is_some_and(|version| version == "2") => {
            Box::new(crate::kv::Versioned::default())
        }
        "kv" => Box::new(crate::kv::Plain::default()),
        "database" => Box::new(crate::database::Database::default()),
        "userpass" => Box::new(crate::userpass::Userpass::default()),
        "approle" => Box::new(crate::approle::AppRole::default()),
        "jwt" | "oidc" => Box::new(crate::jwt::Jwt::default()),
        "pki" => Box::new(crate::pki::Pki::default()),
        _ => return None,
    })
}

/// The version that a mount of that kind shows.
pub(crate) fn running_version(kind: &str) -> String {
    match kind {
        "kv" | "jwt" | "oidc" => "v0.25.0+builtin".to_owned(),
        _ => format!("v{VERSION}+builtin.vault"),
    }
}
