//! `kv metadata`

use serde_json::{Map, Value};

use super::mount::Place;
use super::{show_path, show_section};
use crate::vault_cli::api::Api;
use crate::vault_cli::failure::{Failure, Outcome};
use crate::vault_cli::logical;
use crate::vault_cli::options::{duration_text, pairs};
use crate::vault_cli::session::Session;

pub(crate) fn get(session: &Session<'_>) -> Outcome {
    let (api, path) = place(session)?;
    let asked = api.request("GET", &path, None).and_then(|answer| answer.secret_if_any());
    let secret = asked.map_err(|failure| failure.told(&format!("Error reading {path}")))?;
    let Some(secret) = secret else { return Err(Failure::Refused(format!("No value found at {path}"))) };
    if !session.is_table() {
        return session.show(&secret);
    }
    let mut metadata = secret.data.unwrap_or_default();
    let versions = match metadata.remove("versions") {
        Some(Value::Object(versions)) => versions,
        _ => Map::new(),
    };
    show_path(session, "Metadata Path", &path);
    show_section(session, "Metadata", &metadata);
    let mut versions: Vec<(u64, &Value)> =
        versions.iter().filter_map(|(number, version)| Some((number.parse().ok()?, version))).collect();
    versions.sort_by_key(|(number, _)| *number);
    for (number, version) in versions {
        session.say("");
        if let Some(version) = version.as_object() {
            show_section(session, &format!("Version {number}"), version);
        }
    }
    Ok(0)
}

pub(crate) fn put(session: &Session<'_>) -> Outcome {
    let (api, path) = place(session)?;
    let body = settings(session);
    logical::written(session, &path, api.request("PUT", &path, Some(&body.into())))
}

pub(crate) fn patch(session: &Session<'_>) -> Outcome {
    let (api, path) = place(session)?;
    let mut body = settings(session);
    let removed = session.flags.texts("remove-custom-metadata");
    if !removed.is_empty() {
        let custom = body.entry("custom_metadata").or_insert_with(|| Map::new().into());
        if let Value::Object(custom) = custom {
            custom.extend(removed.iter().map(|key| (key.clone(), Value::Null)));
        }
    }
    let told = format!("Error writing data to {path}");
    let patched = api.request("PATCH", &path, Some(&body.into())).and_then(|answer| answer.secret());
    match patched.map_err(|failure| failure.told(&told))? {
        Some(secret) => session.show(&secret),
        None => {
            if session.is_table() {
                session.say(&format!("Success! Data written to: {path}"));
            }
            Ok(0)
        }
    }
}

pub(crate) fn delete(session: &Session<'_>) -> Outcome {
    let (api, path) = place(session)?;
    logical::deleted(session, &path, api.request("DELETE", &path, None))
}

/// The way to the server, and the path of the metadata.
fn place(session: &Session<'_>) -> Result<(Api, String), Failure> {
    session.only_argument()?;
    let api = session.api()?;
    let place = Place::find(session, &api, session.argument(0))?;
    if !place.is_versioned {
        return Err(Failure::Usage("Metadata not supported on KV Version 1".into()));
    }
    let path = place.path("metadata");
    Ok((api, path))
}

/// The settings that were given.
fn settings(session: &Session<'_>) -> Map<String, Value> {
    let mut settings = Map::new();
    if let Some(versions) = session.flags.text("max-versions").and_then(|text| text.parse::<i64>().ok()) {
        settings.insert("max_versions".into(), versions.into());
    }
    if session.flags.text("cas-required").is_some() {
        settings.insert("cas_required".into(), session.is_set("cas-required").into());
    }
    if let Some(time) = duration_text(&session.flags, "delete-version-after") {
        settings.insert("delete_version_after".into(), time.into());
    }
    let custom = pairs(&session.flags, "custom-metadata");
    if !custom.is_empty() {
        settings.insert("custom_metadata".into(), custom.into());
    }
    settings
}
