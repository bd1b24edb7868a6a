//! `policy`

use std::path::PathBuf;

use lab_hcl::hcl1;
use serde_json::{Value, json};

use super::failure::{Failure, Outcome, expect};
use super::session::Session;
use super::tree::Tree;
use crate::stand_in::{Environment, unread};

pub(super) fn list(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 0)?;
    let asked =
        session.api()?.request("GET", "sys/policies/acl?list=true", None).and_then(|answer| answer.secret());
    let secret = asked.map_err(|failure| failure.told("Error listing policies"))?.unwrap_or_default();
    let keys = secret.keys().cloned().unwrap_or_default();
    if !session.is_table() {
        return session.show_tree(&Tree::Value(keys.into()));
    }
    for key in keys.iter().filter_map(Value::as_str) {
        session.say(key);
    }
    Ok(0)
}

pub(super) fn read(session: &Session<'_>) -> Outcome {
    let name = session.only_argument()?.trim().to_lowercase();
    let asked = session.api()?.request("GET", &format!("sys/policies/acl/{name}"), None);
    let secret = asked.and_then(|answer| answer.secret_if_any());
    let secret = secret.map_err(|failure| failure.told(&format!("Error reading policy named {name}")))?;
    let policy = secret.as_ref().and_then(|secret| secret.datum("policy")).and_then(Value::as_str);
    let Some(policy) = policy.filter(|policy| !policy.is_empty()) else {
        return Err(Failure::Refused(format!("No policy named: {name}")));
    };
    if !session.is_table() {
        return session.show_tree(&Tree::fields([("policy", policy.into())]));
    }
    session.say(policy.trim());
    Ok(0)
}

pub(super) fn write(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 2, 2)?;
    let (given, path) = (session.argument(0).trim(), session.argument(1).trim());
    let name = given.to_lowercase();
    let text = match path {
        "-" => session.stdin(),
        path => std::fs::read_to_string(path).map_err(|error| {
            let told = unread(path.as_ref(), &error);
            let done = if told.starts_with("open") { "opening policy file" } else { "reading policy" };
            Failure::Refused(format!("Error {done}: {told}"))
        })?,
    };
    let api = session.api()?;
    let sent = api.request("PUT", &format!("sys/policies/acl/{name}"), Some(&json!({ "policy": text })));
    sent.and_then(|answer| answer.check()).map_err(|failure| failure.told("Error uploading policy"))?;
    if given != name {
        session.warn(&format!("Policy name was converted from {given:?} to {name:?}"));
    }
    session.say(&format!("Success! Uploaded policy: {name}"));
    Ok(0)
}

pub(super) fn delete(session: &Session<'_>) -> Outcome {
    let name = session.only_argument()?.trim().to_lowercase();
    let done = session.api()?.request("DELETE", &format!("sys/policies/acl/{name}"), None);
    done.and_then(|answer| answer.check())
        .map_err(|failure| failure.told(&format!("Error deleting {name}")))?;
    session.say(&format!("Success! Deleted policy: {name}"));
    Ok(0)
}

/// `policy fmt`: writes a file again, in the usual form.
pub(super) fn format(session: &Session<'_>) -> Outcome {
    let path = expanded(session.only_argument()?.trim(), session.environment)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::Usage(format!("Error reading source file: {}", unread(&path, &error))))?;
    mock_vault::check_policy(&text).map_err(Failure::Usage)?;
    // The parser that has taken it for JSON takes it no more here.
    let formatted = hcl1::format(&text).map_err(|diagnostic| {
        Failure::Usage(format!(
            "Error printing result: the lab formats HCL only, and {} is not: {}",
            path.display(),
            diagnostic.message
        ))
    })?;
    std::fs::write(&path, formatted)
        .map_err(|error| Failure::Usage(format!("Error writing result: {}", unread(&path, &error))))?;
    session.say(&format!("Success! Formatted policy: {}", path.display()));
    Ok(0)
}

/// A path whose first part may stand for the home directory.
fn expanded(path: &str, environment: &Environment) -> Result<PathBuf, Failure> {
    let refused = |why: &str| Err(Failure::Usage(format!("Failed to expand path: {why}")));
    let Some(rest) = path.strip_prefix('~') else { return Ok(PathBuf::from(path)) };
    if !rest.is_empty() && !rest.starts_with('/') {
        return refused("cannot expand user-specific home dir");
    }
    match environment.home() {
        Some(home) => Ok(home.join(rest.trim_start_matches('/'))),
        None => refused("HOME is not set"),
    }
}
