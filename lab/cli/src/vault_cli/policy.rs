//! `policy`

use serde_json::{Value, json};

use super::failure::{Failure, Outcome, expect};
use super::session::Session;
use super::tree::Tree;
use crate::stand_in::unread;

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
