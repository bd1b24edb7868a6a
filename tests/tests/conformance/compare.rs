//! Whether two answers say the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::normal::{kind, normal};
use super::step::{Answer, Step};

/// The headers that are compared.
pub(crate) const HEADERS: [&str; 5] =
    ["content-type", "cache-control", "allow", "www-authenticate", "pragma"];

/// Numbers that count down while the steps run: alike within 5.
const NEAR: [&str; 4] = ["ttl", "lease_duration", "expires", "creation_ttl_left"];

/// Everything in which an answer differs from the recorded one.
pub(crate) fn problems(step: &Step, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    if step.expected("status").as_u64() != Some(answer.status.into()) {
        found.push(format!("status: expected {}, got {}", step.expected("status"), answer.status));
    }
    for (name, got) in HEADERS.iter().zip(&answer.headers) {
        if let Some(wanted) = step.expected("headers")[*name].as_str()
            && lasting(got.as_deref().unwrap_or_default()) != lasting(wanted)
        {
            found.push(format!("header {name}: expected {wanted:?}, got {got:?}"));
        }
    }
    if step.compares_body() {
        let opaque = step.list("opaque").into_iter().collect();
        let wanted = prepared(step, step.expected("body"), &opaque);
        let got = prepared(step, &answer.body, &opaque);
        differences(&wanted, &got, "", None, &mut found);
    }
    found
}

/// A header without the number of seconds, where that is a long time.
fn lasting(header: &str) -> String {
    match header.strip_prefix("max-age=") {
        Some(seconds) if seconds.len() >= 4 => "max-age".to_owned(),
        _ => header.to_ascii_lowercase(),
    }
}

fn prepared(step: &Step, body: &Value, opaque: &BTreeSet<String>) -> Value {
    let mut body = body.clone();
    for pointer in step.list("ignore") {
        let parts: Vec<&str> = pointer.split('/').filter(|part| !part.is_empty()).collect();
        cut(&mut body, &parts);
    }
    let mut body = normal(&body, None, opaque);
    for pointer in step.list("unordered") {
        if let Some(Value::Array(items)) = body.pointer_mut(&pointer) {
            items.sort_by_key(Value::to_string);
        }
    }
    body
}

/// Replaces what stands at a pointer; `*` stands for every element.
fn cut(value: &mut Value, parts: &[&str]) {
    let [first, rest @ ..] = parts else {
        *value = "<ignored>".into();
        return;
    };
    match value {
        Value::Object(fields) => fields
            .iter_mut()
            .filter(|(name, _)| *first == "*" || name.as_str() == *first)
            .for_each(|(_, value)| cut(value, rest)),
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .filter(|(index, _)| *first == "*" || first.parse() == Ok(*index))
            .for_each(|(_, value)| cut(value, rest)),
        _ => {}
    }
}

fn differences(wanted: &Value, got: &Value, path: &str, key: Option<&str>, found: &mut Vec<String>) {
    let differ = |found: &mut Vec<String>| {
        let place = if path.is_empty() { "/" } else { path };
        found.push(format!("{place}: expected {wanted}, got {got}"));
    };
    match (wanted, got) {
        _ if kind(wanted) != kind(got) => differ(found),
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one {
                match other.get(name) {
                    None => found.push(format!("{path}/{name}: missing (expected {value})")),
                    Some(there) => differences(value, there, &format!("{path}/{name}"), Some(name), found),
                }
            }
            for name in other.keys().filter(|name| !one.contains_key(*name)) {
                found.push(format!("{path}/{name}: not expected"));
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (value, there)) in one.iter().zip(other).enumerate() {
                differences(value, there, &format!("{path}/{index}"), key, found);
            }
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap_or(f64::NAN), other.as_f64().unwrap_or(f64::NAN));
            let room = if key.is_some_and(|key| NEAR.contains(&key)) { 5.0 } else { 0.0 };
            if (one - other).abs() > room {
                differ(found);
            }
        }
        (one, other) if one == other => {}
        _ => differ(found),
    }
}
