//! `kv get` and `kv list`

use serde_json::Value;

use super::mount::Place;
use super::{show_path, show_section};
use crate::vault_cli::failure::{Failure, Outcome, expect};
use crate::vault_cli::logical;
use crate::vault_cli::secret::Secret;
use crate::vault_cli::session::Session;

pub(crate) fn get(session: &Session<'_>) -> Outcome {
    let api = {
        session.only_argument()?;
        session.api()?
    };
    let place = Place::find(session, &api, session.argument(0))?;
    let path = place.path("data");
    let query = match session.flags.text("version").filter(|version| place.is_versioned && *version != "0") {
        Some(version) => format!("{path}?version={version}"),
        None => path.clone(),
    };
    let asked = api.request("GET", &query, None).and_then(|answer| answer.secret_if_any());
    let secret = asked.map_err(|failure| failure.told(&format!("Error reading {path}")))?;
    let Some(secret) = secret else { return Err(Failure::Refused(format!("No value found at {path}"))) };
    if let Some(field) = session.flags.text("field").filter(|field| !field.is_empty()) {
        return show_field(session, &place, &secret, field, &path);
    }
    if !session.is_table() || secret.wrap_info.is_some() {
        return session.show_secret(&secret);
    }
    session.show_warnings(&secret);
    if !place.is_versioned {
        if let Some(data) = &secret.data {
            show_section(session, "Data", data);
        }
        return Ok(0);
    }
    show_path(session, "Secret Path", &path);
    if let Some(metadata) = secret.datum("metadata").and_then(Value::as_object) {
        show_section(session, "Metadata", metadata);
        session.say("");
    }
    if let Some(data) = secret.datum("data").and_then(Value::as_object) {
        show_section(session, "Data", data);
    }
    Ok(0)
}

fn show_field(session: &Session<'_>, place: &Place, secret: &Secret, field: &str, path: &str) -> Outcome {
    if !place.is_versioned {
        return session.show_field(field, secret.field(field));
    }
    if field == "data" {
        return session.show_field(field, secret.datum(field).cloned());
    }
    match secret.datum("data").and_then(Value::as_object) {
        Some(data) => session.show_field(field, data.get(field).cloned()),
        None => Err(Failure::Refused(format!("No data found at {path}"))),
    }
}

pub(crate) fn list(session: &Session<'_>) -> Outcome {
    let least = usize::from(session.flags.text("mount").is_none());
    if least == 1 {
        session.only_argument()?;
    } else {
        expect(session.arguments(), least, 1)?;
    }
    let api = session.api()?;
    let place = Place::find(session, &api, session.argument(0))?;
    logical::show_list(session, &api, &place.path("metadata"))
}
