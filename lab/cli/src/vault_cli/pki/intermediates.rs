//! `pki list-intermediates`: which issuers another one issued.

use std::collections::BTreeMap;

use serde_json::Value;

use super::issuer::Issuer;
use super::verify::{Matches, matches, show_table, tree};
use super::{client, show_data, with_late_flag};
use crate::vault_cli::api::Api;
use crate::vault_cli::failure::{Failure, Outcome};
use crate::vault_cli::session::Session;
use crate::vault_cli::text::sanitize;

/// What must fit, the flags that say so, and whether it must where they say nothing.
const CONSTRAINTS: [(&str, &str, bool); 5] = [
    ("subject_match", "subject_match", true),
    ("path_match", "path_match", false),
    ("trust_match", "indirect_sign", true),
    ("key_id_match", "key_id_match", true),
    ("signature_match", "direct_sign", true),
];

pub(in crate::vault_cli) fn list_intermediates(session: &Session<'_>) -> Outcome {
    let Some((parent, children)) = session.arguments().split_first() else {
        return Err(Failure::Usage("Not enough arguments (expected potential parent, got nothing)".into()));
    };
    if children.len() > 1 {
        let told = with_late_flag(String::new(), session.arguments());
        told.lines().skip(1).for_each(|line| session.warn(line));
    }
    let api = client(session)?;
    let parent = sanitize(parent);
    let children = children_of(session, &api, children).map_err(Failure::into_usage)?;
    let told = |failure: Failure| {
        failure.told(&format!("Failed to read parent issuer on path {parent}")).into_usage()
    };
    let issuer = Issuer::read(&api, &parent).map_err(told)?;
    let mut found = BTreeMap::new();
    for path in children {
        let told = |failure: Failure| {
            failure.told(&format!("Failed to run verification on path {path}")).into_usage()
        };
        let fits = fits(session, &matches(&api, &issuer, &path).map_err(told)?);
        found.insert(path, fits);
    }
    if session.is_table() {
        show_table(session, "intermediate♨match?", &found);
    } else if !show_data(session, &tree(&found)) {
        return Err(Failure::Usage(format!("unknown output format: {}", session.anywhere.format)));
    }
    Ok(0)
}

fn fits(session: &Session<'_>, matches: &Matches) -> bool {
    let is_wanted =
        |flag: &str, default: bool| session.flags.text(flag).map_or(default, |_| session.is_set(flag));
    CONSTRAINTS
        .iter()
        .all(|(name, flag, default)| !is_wanted(flag, *default) || matches.get(name) == Some(&true))
}

/// The paths of the issuers that are looked at: those named, those of the mounts named, or those of all mounts.
fn children_of(session: &Session<'_>, api: &Api, named: &[String]) -> Result<Vec<String>, Failure> {
    let mut paths = Vec::new();
    if named.is_empty() {
        for mount in mounts(api)? {
            paths.extend(issuers(session, api, &mount)?);
        }
    }
    for name in named {
        let path = sanitize(name);
        if ["/issuer/", "/certs/", "/revoked/"].iter().any(|part| path.contains(part)) {
            paths.push(path);
        } else {
            paths.extend(issuers(session, api, name)?);
        }
    }
    paths.retain(|path| !path.is_empty());
    Ok(paths)
}

/// The mounts of the engine.
fn mounts(api: &Api) -> Result<Vec<String>, Failure> {
    let told = "Failed to Read List of Mounts With Potential Issuers";
    let listed = api.request("GET", "/sys/mounts/", None).and_then(|answer| answer.secret_if_any());
    let data = listed.map_err(|failure| failure.told(told))?.and_then(|secret| secret.data);
    let is_engine = |mount: &Value| mount.get("type").and_then(Value::as_str) == Some("pki");
    let mounts = data.into_iter().flatten().filter(|(_, mount)| is_engine(mount));
    Ok(mounts.map(|(path, _)| sanitize(&path)).collect())
}

/// The paths of a mount's issuers.
fn issuers(session: &Session<'_>, api: &Api, mount: &str) -> Result<Vec<String>, Failure> {
    let path = sanitize(mount);
    let listed = api
        .request("GET", &format!("{path}/issuers?list=true"), None)
        .and_then(|answer| answer.secret_if_any());
    let told =
        |failure: Failure| failure.told(&format!("failed to read list of issuers within mount {mount}"));
    let keys = listed.map_err(told)?.and_then(|secret| secret.keys().cloned()).unwrap_or_default();
    let keys = keys.iter().filter_map(Value::as_str);
    Ok(keys.map(|id| format!("{path}/issuer/{}", name_of(session, api, &path, id))).collect())
}

/// What an issuer is listed as: its name, where names are wanted and it has one.
fn name_of(session: &Session<'_>, api: &Api, mount: &str, id: &str) -> String {
    if !session.is_set("use_names") {
        return id.to_owned();
    }
    let path = format!("{mount}/issuer/{id}");
    let Ok(read) = api.request("GET", &path, None).and_then(|answer| answer.secret_if_any()) else {
        session.warn(&format!("Unable to Fetch Issuer to Recover Name at: {path}"));
        return id.to_owned();
    };
    let name = read.as_ref().and_then(|secret| secret.datum("issuer_name")).and_then(Value::as_str);
    name.filter(|name| !name.is_empty()).unwrap_or(id).to_owned()
}
