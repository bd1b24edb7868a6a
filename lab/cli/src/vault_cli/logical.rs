//! `read`, `write`, `list`, `delete`, `patch` and `unwrap`: whatever path they are given.

use serde_json::{Map, Value};

use super::api::{Answer, Api};
use super::data;
use super::failure::{Failure, Outcome, expect};
use super::secret::Secret;
use super::session::Session;
use super::text::sanitize;
use super::tree::Tree;

pub(super) fn read(session: &Session<'_>) -> Outcome {
    if session.arguments().is_empty() {
        expect(session.arguments(), 1, 1)?;
    }
    let path = sanitize(session.argument(0));
    let data = pairs(session, &session.arguments()[1..])?;
    let query: Vec<String> =
        data.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    let full = if query.is_empty() { path.clone() } else { format!("{path}?{}", query.join("&")) };
    let told = format!("Error reading {path}");
    let answer = session.api()?.request("GET", &full, None).map_err(|failure| failure.told(&told))?;
    if session.anywhere.format == "raw" {
        answer.check().map_err(|failure| failure.told(&format!("Error reading: {path}")))?;
        session.say(&String::from_utf8_lossy(answer.body()));
        return Ok(0);
    }
    match answer.secret_if_any().map_err(|failure| failure.told(&told))? {
        Some(secret) => session.show(&secret),
        None => Err(Failure::Refused(format!("No value found at {path}"))),
    }
}

pub(super) fn list(session: &Session<'_>) -> Outcome {
    let path = sanitize(session.only_argument()?);
    show_list(session, &session.api()?, &path)
}

/// Lists what is below a path and prints it.
pub(super) fn show_list(session: &Session<'_>, api: &Api, path: &str) -> Outcome {
    let told = format!("Error listing {path}");
    let listed =
        api.request("GET", &format!("{path}?list=true"), None).and_then(|answer| answer.secret_if_any());
    let secret = listed.map_err(|failure| failure.told(&told))?;
    let nothing = || {
        if session.is_table() {
            return Err(Failure::Refused(format!("No value found at {path}")));
        }
        session.show_tree(&Tree::Fields(Vec::new()))?;
        Ok(2)
    };
    let Some(secret) = secret else { return nothing() };
    if secret.wrap_info.is_some() {
        return session.show_secret(&secret);
    }
    match secret.keys() {
        Some(_) if session.anywhere.detailed && !session.is_table() => session.show_tree(&secret.tree()),
        Some(keys) if session.anywhere.detailed && secret.datum("key_info").is_some() => {
            show_detailed(session, &secret, keys);
            Ok(0)
        }
        Some(keys) => session.show_keys(&secret, keys),
        None if secret.warnings().is_empty() => nothing(),
        None => session.show_secret(&secret),
    }
}

/// The keys with what is known of each.
fn show_detailed(session: &Session<'_>, secret: &Secret, keys: &[Value]) {
    session.show_warnings(secret);
    let of_key = |key: &str| secret.datum("key_info").and_then(|all| all.get(key)).and_then(Value::as_object);
    let mut names: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
    names.sort_unstable();
    let mut columns: Vec<&String> =
        names.iter().filter_map(|name| of_key(name)).flat_map(Map::keys).collect();
    columns.sort_unstable();
    columns.dedup();
    let mut lines = vec![
        ["Keys"].into_iter().chain(columns.iter().map(|name| name.as_str())).collect::<Vec<_>>().join("♨"),
    ];
    for name in names {
        let cell = |column: &&String| {
            of_key(name).and_then(|info| info.get(*column)).map_or_else(String::new, super::print::go_text)
        };
        let cells: Vec<String> = [name.to_owned()].into_iter().chain(columns.iter().map(cell)).collect();
        lines.push(cells.join("♨"));
    }
    session.show_rows(&lines);
}

pub(super) fn write(session: &Session<'_>) -> Outcome {
    let (path, is_forced) = (sanitize(session.argument(0)), session.is_set("force") || session.is_set("f"));
    match session.arguments().len() {
        0 => expect(session.arguments(), 1, 1)?,
        1 if !is_forced => return Err(Failure::Usage("Must supply data or use -force".into())),
        _ => {}
    }
    let data = pairs(session, &session.arguments()[1..])?;
    // Nothing at all is sent as nothing, and not as an empty object.
    let body = if session.arguments().len() == 1 { Value::Null } else { Value::Object(data) };
    let answer = session.api()?.request("PUT", &path, Some(&body));
    written(session, &path, answer)
}

pub(super) fn patch(session: &Session<'_>) -> Outcome {
    let (path, is_forced) = (sanitize(session.argument(0)), session.is_set("force") || session.is_set("f"));
    match session.arguments().len() {
        0 => expect(session.arguments(), 1, 1)?,
        1 if !is_forced => return Err(Failure::Usage("Must supply data or use -force".into())),
        _ => {}
    }
    let body = Value::Object(pairs(session, &session.arguments()[1..])?);
    let told = format!("Error writing data to {path}");
    let patched = session.api()?.request("PATCH", &path, Some(&body)).and_then(|answer| answer.secret());
    show_written(session, &path, patched.map_err(|failure| failure.told(&told))?)
}

/// Prints what a write was answered; with a failure, also what came with it.
pub(super) fn written(session: &Session<'_>, path: &str, answer: Result<Answer, Failure>) -> Outcome {
    let told = |failure: Failure| failure.told(&format!("Error writing data to {path}"));
    let answer = answer.map_err(told)?;
    match answer.secret() {
        Ok(secret) => show_written(session, path, secret),
        Err(failure) => refused_with(session, &answer, told(failure)),
    }
}

fn show_written(session: &Session<'_>, path: &str, secret: Option<Secret>) -> Outcome {
    match secret {
        Some(secret) => session.show(&secret),
        None => {
            if session.is_table() && session.text("field").is_empty() {
                session.say(&format!("Success! Data written to: {path}"));
            }
            Ok(0)
        }
    }
}

/// A failure, and behind it what the server had to say besides.
fn refused_with(session: &Session<'_>, answer: &Answer, failure: Failure) -> Outcome {
    let beside = (answer.status() == 404).then(|| Secret::parse(answer.body())).flatten();
    match (beside.filter(Secret::says_something), failure) {
        (Some(secret), Failure::Refused(text)) => {
            session.warn(&text);
            session.show_secret(&secret)?;
            Ok(2)
        }
        (_, failure) => Err(failure),
    }
}

pub(super) fn delete(session: &Session<'_>) -> Outcome {
    if session.arguments().is_empty() {
        return Err(Failure::Usage("Not enough arguments (expected at least 1, got 0)".into()));
    }
    let path = sanitize(session.argument(0));
    let data = data::parse(session, &session.arguments()[1..])
        .map_err(|problem| Failure::Usage(format!("Failed to parse string list data: {problem}")))?;
    let query: Vec<String> =
        data.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    let full = if query.is_empty() { path.clone() } else { format!("{path}?{}", query.join("&")) };
    let answer = session.api()?.request("DELETE", &full, None);
    deleted(session, &path, answer)
}

/// Prints what a deletion was answered.
pub(super) fn deleted(session: &Session<'_>, path: &str, answer: Result<Answer, Failure>) -> Outcome {
    let told = |failure: Failure| failure.told(&format!("Error deleting {path}"));
    let answer = answer.map_err(told)?;
    let secret = match answer.secret() {
        Ok(secret) => secret,
        Err(failure) => return refused_with(session, &answer, told(failure)),
    };
    if !session.is_table() {
        return secret.map_or(Ok(0), |secret| session.show_secret(&secret));
    }
    session.say(&format!("Success! Data deleted (if it existed) at: {path}"));
    if let Some(secret) = secret {
        session.show_warnings(&secret);
    }
    Ok(0)
}

pub(super) fn unwrap(session: &Session<'_>) -> Outcome {
    expect(session.arguments(), 0, 1)?;
    let api = session.api()?.without_wrapping();
    let token = session.argument(0).trim().to_owned();
    // Without a token of the caller's own the wrapping token is the one that asks.
    let (api, body) = match (token.as_str(), api.token()) {
        ("", _) => (api, Value::Null),
        (wrapping, "") => (api.with_token(wrapping), Value::Null),
        (wrapping, _) => (api, serde_json::json!({ "token": wrapping })),
    };
    let unwrapped = api.request("PUT", "sys/wrapping/unwrap", Some(&body)).and_then(|answer| answer.secret());
    match unwrapped.map_err(|failure| failure.told("Error unwrapping"))? {
        Some(secret) => session.show(&secret),
        None => {
            session.say("Successfully unwrapped. There was no data in the wrapped secret.");
            Ok(0)
        }
    }
}

fn pairs(session: &Session<'_>, arguments: &[String]) -> Result<Map<String, Value>, Failure> {
    data::parse(session, arguments)
        .map_err(|problem| Failure::Usage(format!("Failed to parse K=V data: {problem}")))
}
