//! `kv put`, `kv patch` and `kv rollback`

use serde_json::{Map, Value, json};

use super::mount::Place;
use super::{show_path, show_section};
use crate::vault_cli::api::Api;
use crate::vault_cli::data;
use crate::vault_cli::failure::{Failure, Outcome};
use crate::vault_cli::logical;
use crate::vault_cli::secret::Secret;
use crate::vault_cli::session::Session;

pub(crate) fn put(session: &Session<'_>) -> Outcome {
    let data = data_of(session)?;
    let api = session.api()?;
    let place = Place::find(session, &api, session.argument(0))?;
    let path = place.path("data");
    if !place.is_versioned {
        return logical::written(session, &path, api.request("PUT", &path, Some(&data.into())));
    }
    let body = json!({ "data": data, "options": options(session) });
    let asked = api.request("PUT", &path, Some(&body)).and_then(|answer| answer.secret());
    let secret = asked.map_err(|failure| failure.told(&format!("Error writing data to {path}")))?;
    show(session, &path, secret)
}

pub(crate) fn patch(session: &Session<'_>) -> Outcome {
    let data = data_of(session)?;
    let api = session.api()?;
    let place = Place::find(session, &api, session.argument(0))?;
    if !place.is_versioned {
        return Err(Failure::Refused("KV engine mount must be version 2 for patch support".into()));
    }
    let path = place.path("data");
    let secret = match session.text("method") {
        "" => merge(session, &api, &path, &data, true)?,
        "patch" => merge(session, &api, &path, &data, false)?,
        "rw" => read_and_write(session, &api, &path, data)?,
        other => {
            return Err(Failure::Refused(format!("Unsupported method provided to -method flag: {other}")));
        }
    };
    show(session, &path, secret)
}

fn merge(
    session: &Session<'_>,
    api: &Api,
    path: &str,
    data: &Map<String, Value>,
    may_rewrite: bool,
) -> Result<Option<Secret>, Failure> {
    let body = json!({ "data": data, "options": options(session) });
    let told = |failure: Failure| failure.told(&format!("Error writing data to {path}"));
    let answer = api.request("PATCH", path, Some(&body)).map_err(told)?;
    // Without the right to patch it is done as it was before there was patching.
    if may_rewrite && matches!(answer.status(), 403 | 405) {
        let secret = read_and_write(session, api, path, data.clone())?;
        if answer.status() == 403 {
            session.warn(&format!(
                "Data was written to {path} but we recommend that you add the \"patch\" capability to your ACL policy in \
                 order to use HTTP PATCH in the future."
            ));
        }
        return Ok(secret);
    }
    answer.secret().map_err(told)
}

fn read_and_write(
    session: &Session<'_>,
    api: &Api,
    path: &str,
    changes: Map<String, Value>,
) -> Result<Option<Secret>, Failure> {
    let asked = api.request("GET", path, None).and_then(|answer| answer.secret_if_any());
    let current = asked.map_err(|failure| failure.told(&format!("Error doing pre-read at {path}")))?;
    let Some(current) = current else { return Err(Failure::Refused(format!("No value found at {path}"))) };
    let Some(Value::Object(mut data)) = current.datum("data").cloned() else {
        return Err(Failure::Refused(format!("No data found at {path}; patch only works on existing data")));
    };
    data.extend(changes);
    let cas = session.flags.text("cas").and_then(|cas| cas.parse::<i64>().ok()).filter(|cas| *cas > 0);
    let version = cas.map(Value::from).unwrap_or_else(|| version_of(&current));
    write(api, path, &json!({ "data": data, "options": { "cas": version } }))
}

pub(crate) fn rollback(session: &Session<'_>) -> Outcome {
    let count = session.arguments().len();
    if count != 1 {
        return Err(Failure::Usage(format!("Invalid number of arguments (expected 1, got {count})")));
    }
    let version = session.flags.text("version").and_then(|text| text.parse::<i64>().ok());
    match version {
        None => return Err(Failure::Usage("Version flag must be specified".into())),
        Some(..=0) => {
            let given = version.unwrap_or_default();
            return Err(Failure::Usage(format!("Invalid value {given:?} for the version flag")));
        }
        Some(_) => {}
    }
    let version = version.unwrap_or_default();
    let api = session.api()?;
    let place = Place::find(session, &api, session.argument(0))?;
    if !place.is_versioned {
        return Err(Failure::Refused("KV engine mount must be version 2 for rollback support".into()));
    }
    let path = place.path("data");
    let read = |query: &str| {
        let asked = api.request("GET", query, None).and_then(|answer| answer.secret_if_any());
        let secret = asked.map_err(|failure| failure.told(&format!("Error doing pre-read at {path}")))?;
        secret.ok_or_else(|| Failure::Refused(format!("No value found at {path}")))
    };
    let current = read(&path)?;
    let old = read(&format!("{path}?version={version}"))?;
    let Some(data @ Value::Object(_)) = old.datum("data") else {
        let destroyed =
            old.datum("metadata").and_then(|metadata| metadata.get("destroyed")) == Some(&Value::Bool(true));
        let how = if destroyed { "destroyed" } else { "deleted" };
        return Err(Failure::Refused(format!("Cannot roll back to a version that has been {how}")));
    };
    let secret = write(&api, &path, &json!({ "data": data, "options": { "cas": version_of(&current) } }))?;
    match secret {
        Some(secret) => session.show(&secret),
        None => Ok(0),
    }
}

fn write(api: &Api, path: &str, body: &Value) -> Result<Option<Secret>, Failure> {
    let asked = api.request("PUT", path, Some(body)).and_then(|answer| answer.secret());
    asked.map_err(|failure| failure.told(&format!("Error writing data to {path}")))
}

fn version_of(secret: &Secret) -> Value {
    secret.datum("metadata").and_then(|metadata| metadata.get("version")).cloned().unwrap_or_default()
}

fn show(session: &Session<'_>, path: &str, secret: Option<Secret>) -> Outcome {
    let Some(secret) = secret else {
        if session.is_table() {
            session.say(&format!("Success! Data written to: {path}"));
        }
        return Ok(0);
    };
    if session.flags.text("field").is_some() || !session.is_table() || secret.wrap_info.is_some() {
        return session.show(&secret);
    }
    session.show_warnings(&secret);
    show_path(session, "Secret Path", path);
    if let Some(metadata) = &secret.data {
        show_section(session, "Metadata", metadata);
    }
    Ok(0)
}

/// What is to be written, which there must be.
fn data_of(session: &Session<'_>) -> Result<Map<String, Value>, Failure> {
    match session.arguments().len() {
        0 => return Err(Failure::Usage("Not enough arguments (expected >1, got 0)".into())),
        1 if session.flags.texts("remove-data").is_empty() => {
            return Err(Failure::Usage("Must supply data".into()));
        }
        _ => {}
    }
    data::parse(session, &session.arguments()[1..])
        .map_err(|problem| Failure::Usage(format!("Failed to parse K=V data: {problem}")))
}

fn options(session: &Session<'_>) -> Map<String, Value> {
    let cas = session.flags.text("cas").and_then(|cas| cas.parse::<i64>().ok()).filter(|cas| *cas >= 0);
    cas.map(|cas| ("cas".to_owned(), Value::from(cas))).into_iter().collect()
}
