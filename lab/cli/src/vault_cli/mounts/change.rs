//! `enable`, `disable`, `tune` and `move`

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Family;
use crate::vault_cli::failure::{Failure, Outcome, expect};
use crate::vault_cli::options::{duration_text, pairs};
use crate::vault_cli::session::Session;
use crate::vault_cli::text::{sanitize, with_slash};

/// How long there is between two looks at a move.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(crate) fn enable(session: &Session<'_>, family: Family) -> Outcome {
    let kind = session.only_argument()?.trim().to_owned();
    let kind = match session.flags.text("plugin-name") {
        Some(name) if kind == "plugin" => name.to_owned(),
        _ => kind,
    };
    let given = session.flags.text("path").filter(|path| !path.is_empty()).unwrap_or(&kind).trim();
    let path = sanitize(given);
    let duration = |flag: &str| duration_text(&session.flags, flag).unwrap_or_else(|| "0s".to_owned());
    let options = options(session);
    let mut config = Map::new();
    config.insert("options".into(), Value::Null);
    config.insert("default_lease_ttl".into(), duration("default-lease-ttl").into());
    config.insert("max_lease_ttl".into(), duration("max-lease-ttl").into());
    config.insert("force_no_cache".into(), session.is_set("force-no-cache").into());
    config.extend(shared_settings(session));
    let body = json!({
        "type": kind,
        "description": session.text("description"),
        "config": config,
        "local": session.is_set("local"),
        "seal_wrap": session.is_set("seal-wrap"),
        "external_entropy_access": session.is_set("external-entropy-access"),
        "options": options,
    });
    let told = match family {
        Family::Secrets => "Error enabling".to_owned(),
        Family::Auth => format!("Error enabling {kind} auth"),
    };
    let sent = session.api()?.request("POST", &format!("{}/{path}", family.endpoint()), Some(&body));
    sent.and_then(|answer| answer.check()).map_err(|failure| failure.told(&told))?;
    let version = match session.text("plugin-version") {
        "" => String::new(),
        version => format!(" version {version}"),
    };
    let what = match family {
        Family::Secrets => format!("the {kind} secrets engine{version}"),
        Family::Auth => format!("{kind} auth method{version}"),
    };
    session.say(&format!("Success! Enabled {what} at: {}/", given.trim_end_matches('/')));
    Ok(0)
}

pub(crate) fn disable(session: &Session<'_>, family: Family) -> Outcome {
    let path = with_slash(session.only_argument()?);
    let asked = session.api()?.request(
        "DELETE",
        &format!("{}/{}", family.endpoint(), path.trim_end_matches('/')),
        None,
    );
    let told = format!("Error disabling {} at {path}", family.noun());
    asked.and_then(|answer| answer.check()).map_err(|failure| failure.told(&told))?;
    session.say(&format!("Success! Disabled the {} (if it existed) at: {path}", family.noun()));
    Ok(0)
}

pub(crate) fn tune(session: &Session<'_>, family: Family) -> Outcome {
    let path = with_slash(session.only_argument()?);
    let duration = |flag: &str| duration_text(&session.flags, flag).unwrap_or_default();
    let mut body = Map::new();
    body.insert("options".into(), options(session));
    body.insert("default_lease_ttl".into(), duration("default-lease-ttl").into());
    body.insert("max_lease_ttl".into(), duration("max-lease-ttl").into());
    body.insert("force_no_cache".into(), false.into());
    if let Some(description) = session.flags.text("description") {
        body.insert("description".into(), description.into());
    }
    body.extend(shared_settings(session));
    let lockout = lockout(session);
    if !lockout.is_empty() {
        body.insert("user_lockout_config".into(), lockout.into());
    }
    let api = session.api()?;
    tuned(session, &api, family, &path, &body.into())
}

/// Sends new settings of a mount and says so.
pub(crate) fn tuned(
    session: &Session<'_>,
    api: &crate::vault_cli::api::Api,
    family: Family,
    path: &str,
    body: &Value,
) -> Outcome {
    let sent = api.request("POST", &family.tuned_at(path.trim_end_matches('/')), Some(body));
    let told = format!("Error tuning {} {path}", family.noun());
    sent.and_then(|answer| answer.check()).map_err(|failure| failure.told(&told))?;
    session.say(&format!("Success! Tuned the {} at: {path}", family.noun()));
    Ok(0)
}

pub(crate) fn move_to(session: &Session<'_>, family: Family) -> Outcome {
    expect(session.arguments(), 2, 2)?;
    let (from, to) = (with_slash(session.argument(0)), with_slash(session.argument(1)));
    let noun = family.noun();
    let api = session.api()?;
    let asked = api.request("POST", "sys/remount", Some(&json!({ "from": from, "to": to })));
    let secret = asked.and_then(|answer| answer.secret());
    let told = format!("Error moving {noun} {from} to {to}");
    let secret = secret.map_err(|failure| failure.told(&told))?.unwrap_or_default();
    let id = secret.datum("migration_id").and_then(Value::as_str).unwrap_or_default();
    session.say(&format!("Started moving {noun} {from} to {to}, with migration ID {id}"));
    loop {
        let asked =
            api.request("GET", &format!("sys/remount/status/{id}"), None).and_then(|answer| answer.secret());
        let state = asked.map_err(|failure| {
            failure.told(&format!("Error checking migration status of {noun} {from} to {to}"))
        })?;
        let state = state.unwrap_or_default();
        let status =
            state.datum("migration_info").and_then(|info| info.get("status")).and_then(Value::as_str);
        match status {
            Some("success") => {
                session
                    .say(&format!("Success! Finished moving {noun} {from} to {to}, with migration ID {id}"));
                return Ok(0);
            }
            Some("failure") => {
                return Err(Failure::Usage(format!(
                    "Failure! Error encountered moving {noun} {from} to {to}, with migration ID {id}"
                )));
            }
            _ => {
                session.say(&format!("Waiting for terminal status in migration of {noun} {from} to {to}, with migration ID {id}"));
                api.wait(LOOK_AGAIN);
            }
        }
    }
}

/// The options of an engine; nothing where none are given.
fn options(session: &Session<'_>) -> Value {
    let mut options = pairs(&session.flags, "options");
    if let Some(version) = session.flags.text("version") {
        options.insert("version".into(), version.into());
    }
    if options.is_empty() { Value::Null } else { options.into() }
}

/// The settings that `enable` and `tune` share and that are sent only where they are given.
fn shared_settings(session: &Session<'_>) -> Map<String, Value> {
    const TEXTS: [(&str, &str); 4] = [
        ("listing-visibility", "listing_visibility"),
        ("plugin-version", "plugin_version"),
        ("token-type", "token_type"),
        ("identity-token-key", "identity_token_key"),
    ];
    const LISTS: [(&str, &str); 6] = [
        ("audit-non-hmac-request-keys", "audit_non_hmac_request_keys"),
        ("audit-non-hmac-response-keys", "audit_non_hmac_response_keys"),
        ("passthrough-request-headers", "passthrough_request_headers"),
        ("allowed-response-headers", "allowed_response_headers"),
        ("allowed-managed-keys", "allowed_managed_keys"),
        ("delegated-auth-accessors", "delegated_auth_accessors"),
    ];
    let mut settings = Map::new();
    for (flag, name) in TEXTS {
        if let Some(value) = session.flags.text(flag) {
            settings.insert(name.into(), value.into());
        }
    }
    for (flag, name) in LISTS {
        let values = session.flags.texts(flag);
        if !values.is_empty() {
            let items: Vec<&str> = values.iter().flat_map(|value| value.split(',')).collect();
            settings.insert(name.into(), items.into());
        }
    }
    if let Some(trim) = session.flags.text("trim-request-trailing-slashes") {
        settings.insert("trim_request_trailing_slashes".into(), (trim == "true").into());
    }
    settings
}

fn lockout(session: &Session<'_>) -> Map<String, Value> {
    let mut config = Map::new();
    if let Some(threshold) = session.flags.text("user-lockout-threshold") {
        config.insert("lockout_threshold".into(), threshold.into());
    }
    if let Some(duration) = duration_text(&session.flags, "user-lockout-duration") {
        config.insert("lockout_duration".into(), duration.into());
    }
    if let Some(duration) = duration_text(&session.flags, "user-lockout-counter-reset-duration") {
        config.insert("lockout_counter_reset_duration".into(), duration.into());
    }
    if let Some(disable) = session.flags.text("user-lockout-disable") {
        config.insert("lockout_disable".into(), (disable == "true").into());
    }
    config
}
