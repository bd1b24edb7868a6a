//! `sys/mounts` and `sys/auth`: the tables of secrets engines and auth methods.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::logical::{
    Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, parse_seconds, respond,
};
use crate::mounts::{Backend, MountConfig, MountEntry, engine, known};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("path"),
    Field::text("type"),
    Field::text("description"),
    Field::object("config"),
    Field::pairs("options"),
    Field::flag("local"),
    Field::flag("seal_wrap"),
    Field::flag("external_entropy_access"),
    Field::text("plugin_name"),
    Field::text("plugin_version"),
];

/// The endpoints of the tables.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("mounts", &[], &[(Read, |state, _| table(state, false))]),
    Endpoint::new("auth", &[], &[(Read, |state, _| table(state, true))]),
    // Tuning has paths of its own, which would otherwise be mounts.
    Endpoint::new(
        "mounts/auth/{path+}",
        &[FIELDS, super::tune::FIELDS],
        &[(Read, below_auth), (Update, below_auth), (Delete, below_auth)],
    ),
    Endpoint::new(
        "mounts/{path+}",
        &[FIELDS, super::tune::FIELDS],
        &[(Read, read), (Update, write), (Delete, delete)],
    ),
    Endpoint::new(
        "auth/{path+}",
        &[FIELDS, super::tune::FIELDS],
        &[(Read, read), (Update, write), (Delete, delete)],
    ),
];

fn table(state: &State, auth: bool) -> Outcome {
    let rows = state.mounts.values().filter(|mount| mount.entry.is_auth() == auth);
    let data: Data = rows
        .map(|mount| (mount.entry.shown_path().to_owned(), Value::Object(mount.entry.info(false))))
        .collect();
    respond(Value::Object(data))
}

/// `mounts/auth/<path>/tune` is the way of the command line to tune an auth method.
fn below_auth(state: &mut State, call: &Call<'_>) -> Outcome {
    match call.fields.text("path").strip_suffix("/tune") {
        Some(_) if call.request.operation == Delete => Err(Refusal::UnsupportedOperation),
        Some(path) => super::tune::serve(state, call, &format!("auth/{path}/")),
        None if call.request.operation == Read => read(state, call),
        None if call.request.operation == Delete => {
            let whole = format!("auth/{}/", call.fields.text("path"));
            match state.mounts.at(&whole) {
                Some(_) => Err(Refusal::Invalid(format!("cannot unmount {whole:?}"))),
                None => Ok(Reply::Nothing),
            }
        }
        None => Err(Refusal::Invalid(format!("cannot mount \"auth/{}/\"", call.fields.text("path")))),
    }
}

/// The mount that a call is about: its whole path, how it is shown, and whether it is an auth method.
fn target(call: &Call<'_>) -> (String, String, bool) {
    let shown = format!("{}/", call.fields.text("path").trim_matches('/'));
    let auth = call.path.starts_with("auth/");
    let whole = if auth { format!("auth/{shown}") } else { shown.clone() };
    (whole, shown, auth)
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    if call.fields.text("path").ends_with("/tune") {
        return tuned(state, call);
    }
    let (whole, shown, auth) = target(call);
    match state.mounts.at(&whole) {
        Some(mount) => respond(Value::Object(mount.entry.info(false))),
        None if auth => Err(Refusal::Invalid(format!("No auth engine at {shown}"))),
        None => Err(Refusal::Invalid(format!("No secret engine mount at {shown}"))),
    }
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    if call.fields.text("path").ends_with("/tune") {
        return tuned(state, call);
    }
    mount(state, call)
}

fn tuned(state: &mut State, call: &Call<'_>) -> Outcome {
    let (whole, _, _) = target(call);
    let path = whole.trim_end_matches('/').trim_end_matches("/tune");
    super::tune::serve(state, call, &format!("{path}/"))
}

fn mount(state: &mut State, call: &Call<'_>) -> Outcome {
    let (whole, shown, auth) = target(call);
    let (kind, options) = kind(call, auth)?;
    let config = config(call, auth, state.mounts.system().max)?;
    if !auth && ["auth/", "cubbyhole/", "identity/", "sys/"].contains(&shown.as_str()) {
        return Err(Refusal::Invalid(format!("cannot mount {shown:?}")));
    }
    let internal = ["cubbyhole", "identity", "system", "token"].contains(&kind.as_str());
    if internal && !auth {
        return Err(Refusal::Invalid(format!("mount type of {kind:?} is not mountable")));
    }
    if let Some(used) = conflict(state, &whole) {
        let used = used.strip_prefix("auth/").filter(|_| auth).unwrap_or(&used);
        return Err(Refusal::Invalid(format!("path is already in use at {used}")));
    }
    if internal {
        return Err(Refusal::Invalid(format!("mount type of {kind:?} is not mountable")));
    }
    if kind == "kv"
        && options.get("version").is_some_and(|version| !["", "1", "2"].contains(&version.as_str()))
    {
        return Err(Refusal::invalid("nil backend of type \"kv\" returned from factory"));
    }
    let Some(engine) = engine(&kind, &options).filter(|_| known(&kind, auth)) else {
        return Err(Refusal::Invalid(format!("plugin not found in the catalog: {kind}")));
    };
    let entropy = &call.environment.entropy;
    let head = if auth { "auth_" } else { "" };
    let entry = MountEntry {
        path: whole,
        accessor: format!("{head}{kind}_{}", hex::encode(entropy.bytes::<4>())),
        kind,
        description: call.fields.text("description").to_owned(),
        uuid: entropy.uuid(),
        local: call.fields.flag("local"),
        seal_wrap: call.fields.flag("seal_wrap"),
        external_entropy_access: call.fields.flag("external_entropy_access"),
        options: Some(options),
        config,
        ..MountEntry::default()
    };
    state.mounts.add(entry, Backend::Engine(engine));
    Ok(Reply::Nothing)
}

/// The kind of engine and its options: `kv-v2` is `kv` with an option.
fn kind(call: &Call<'_>, auth: bool) -> Result<(String, BTreeMap<String, String>), Refusal> {
    let named = call.fields.text("plugin_name");
    let asked = call.fields.text("type");
    let asked = if asked.is_empty() || asked == "plugin" { named } else { asked };
    let mut options = call.fields.pairs("options");
    let kind = match asked {
        "" => return Err(Refusal::invalid("backend type must be specified as a string")),
        "kv-v1" => {
            options.insert("version".into(), "1".into());
            "kv"
        }
        "kv-v2" => {
            options.insert("version".into(), "2".into());
            "kv"
        }
        "generic" => "kv",
        other => other,
    };
    if kind != "kv" && options.contains_key("version") && known(kind, auth) {
        let what = if auth { "auth method" } else { "secrets engine" };
        return Err(Refusal::Invalid(format!("{what} {kind:?} does not allow setting a version")));
    }
    Ok((kind.to_owned(), options))
}

fn config(call: &Call<'_>, auth: bool, longest: Duration) -> Result<MountConfig, Refusal> {
    let empty = Data::new();
    let asked = call.fields.object("config").unwrap_or(&empty);
    let ttl = |name: &str, what: &str| -> Result<Duration, Refusal> {
        let value = asked.get(name).unwrap_or(&Value::Null);
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let seconds = if shown == "system" { Ok(0) } else { parse_seconds(value) };
        let seconds = seconds
            .map_err(|error| Refusal::Invalid(format!("unable to parse {what} TTL of {shown}: {error}")))?;
        Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    };
    let (default, max) = (ttl("default_lease_ttl", "default")?, ttl("max_lease_ttl", "max")?);
    if !max.is_zero() && default > max {
        return Err(Refusal::invalid("given default lease TTL greater than given max lease TTL"));
    }
    if max.is_zero() && default > longest {
        return Err(Refusal::Invalid(format!(
            "given default lease TTL greater than system max lease TTL of {}",
            longest.as_secs()
        )));
    }
    let text = |name: &str| {
        asked.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let visibility = text("listing_visibility");
    if let Some(other) = visibility.as_deref().filter(|visibility| !["hidden", "unauth"].contains(visibility))
    {
        return Err(Refusal::Invalid(format!("invalid listing_visibility {other}")));
    }
    let token_type = match (auth, text("token_type")) {
        (false, _) => None,
        (true, None) => Some("default-service".to_owned()),
        (true, Some(kind))
            if ["service", "batch", "default-service", "default-batch"].contains(&kind.as_str()) =>
        {
            Some(kind)
        }
        (true, Some(_)) => return Err(Refusal::invalid("invalid value for 'token_type'")),
    };
    Ok(MountConfig {
        default_lease_ttl: default,
        max_lease_ttl: max,
        force_no_cache: asked.get("force_no_cache").and_then(Value::as_bool).unwrap_or(false),
        token_type,
        listing_visibility: visibility,
        audit_non_hmac_request_keys: texts(asked.get("audit_non_hmac_request_keys")),
        audit_non_hmac_response_keys: texts(asked.get("audit_non_hmac_response_keys")),
        passthrough_request_headers: texts(asked.get("passthrough_request_headers")),
        allowed_response_headers: texts(asked.get("allowed_response_headers")),
        lockout: None,
    })
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) if !text.is_empty() => {
            text.split(',').map(|item| item.trim().to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// A mount that is at that path, above it or below it.
pub(super) fn conflict(state: &State, path: &str) -> Option<String> {
    let paths = || state.mounts.values().map(|mount| &mount.entry.path);
    paths().find(|used| path.starts_with(used.as_str()) || used.starts_with(path)).cloned()
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    if call.fields.text("path").ends_with("/tune") {
        return Err(Refusal::UnsupportedOperation);
    }
    let (whole, shown, auth) = target(call);
    if auth && shown == "token/" {
        return Err(Refusal::invalid("token credential backend cannot be disabled"));
    }
    if !auth && ["cubbyhole/", "identity/", "sys/"].contains(&shown.as_str()) {
        return Err(Refusal::Invalid(format!("cannot unmount {shown:?}")));
    }
    if state.mounts.at(&whole).is_none() {
        return Ok(Reply::Nothing);
    }
    state.revoke_under(&whole, call.environment);
    let accessor = state.mounts.remove(&whole).map(|mount| mount.entry.accessor).unwrap_or_default();
    let gone: Vec<String> = state
        .identity
        .aliases
        .values()
        .filter(|alias| alias.mount_accessor == accessor)
        .map(|alias| alias.id.clone())
        .collect();
    for alias in gone {
        state.identity.remove_alias(&alias);
    }
    Ok(Reply::Nothing)
}
