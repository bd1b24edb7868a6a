//! `sys/mounts/<path>/tune` and `sys/auth/<path>/tune`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::logical::{Call, Field, Operation, Outcome, Refusal, Reply, Response, parse_seconds};
use crate::mounts::{Backend, MountEntry, engine};
use crate::state::State;

/// What can be tuned, beside what can be mounted.
pub(super) const FIELDS: &[Field] = &[
    Field::text("default_lease_ttl"),
    Field::text("max_lease_ttl"),
    Field::comma_list("audit_non_hmac_request_keys"),
    Field::comma_list("audit_non_hmac_response_keys"),
    Field::text("listing_visibility"),
    Field::text("token_type"),
    Field::comma_list("passthrough_request_headers"),
    Field::comma_list("allowed_response_headers"),
    Field::object("user_lockout_config"),
    Field::text("identity_token_key"),
    Field::flag("trim_request_trailing_slashes"),
    Field::flag("force_no_cache"),
    Field::comma_list("allowed_managed_keys"),
    Field::comma_list("delegated_auth_accessors"),
];

/// Reads or tunes the mount at `path`.
pub(super) fn serve(state: &mut State, call: &Call<'_>, path: &str) -> Outcome {
    match call.request.operation {
        Operation::Read => read(state, path),
        _ => write(state, call, path),
    }
}

fn read(state: &State, path: &str) -> Outcome {
    let Some(mount) = state.mounts.at(path) else {
        return Err(Refusal::Invalid(format!("cannot fetch sysview for path {path:?}")));
    };
    let entry = &mount.entry;
    let mut response = Response::of(json!({
        "description": entry.description, "default_lease_ttl": entry.default_ttl().as_secs(),
        "max_lease_ttl": entry.max_ttl().as_secs(), "force_no_cache": entry.config.force_no_cache,
    }));
    if let Some(data) = &mut response.data {
        entry.optional_settings(data);
        if let Some(lockout) = entry.config.lockout {
            data.insert("user_lockout_counter_reset_duration".into(), lockout.counter_reset.into());
            data.insert("user_lockout_disable".into(), lockout.disabled.into());
            data.insert("user_lockout_duration".into(), lockout.duration.into());
            data.insert("user_lockout_threshold".into(), lockout.threshold.into());
        }
        if let Some(options) = entry.options.as_ref().filter(|options| !options.is_empty()) {
            data.insert("options".into(), json!(options));
        }
    }
    response.ok()
}

fn write(state: &mut State, call: &Call<'_>, path: &str) -> Outcome {
    if ["sys/", "cubbyhole/", "identity/"].contains(&path) {
        return Err(Refusal::Invalid(format!("cannot tune {path:?}")));
    }
    let Some(mount) = state.mounts.at(path) else {
        return Err(Refusal::Invalid(format!("tune of path {path:?} failed: no mount entry found")));
    };
    let mut entry = mount.entry.clone();
    // Each setting that is good stays, also where a later one is refused.
    let steps: [Step; 4] = [ttls, lockout, described, settings];
    let refused = steps.iter().try_for_each(|step| {
        let mut tried = entry.clone();
        step(&mut tried, call)?;
        entry = tried;
        Ok(())
    });
    let upgrade = refused.and_then(|()| version(&mut entry, call));
    state.mounts.tune(path, |known| *known = entry);
    let upgrade = upgrade?;
    match upgrade {
        Some(from) => {
            upgrade_kv(state, path, call);
            Response::warning(format!(
                "Upgrading mount from version {from} to version 2. This mount will be unavailable for a brief period and \
                 will resume service shortly."
            ))
            .ok()
        }
        None => Ok(Reply::Nothing),
    }
}

/// A part of tuning.
type Step = fn(&mut MountEntry, &Call<'_>) -> Result<(), Refusal>;

fn ttls(entry: &mut MountEntry, call: &Call<'_>) -> Result<(), Refusal> {
    let ttl = |name: &str, known: Duration| match call.fields.text(name) {
        "" => Ok(known),
        "system" => Ok(Duration::ZERO),
        text => parse_seconds(&Value::from(text))
            .map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
            .map_err(Refusal::Invalid),
    };
    let default = ttl("default_lease_ttl", entry.config.default_lease_ttl)?;
    let max = ttl("max_lease_ttl", entry.config.max_lease_ttl)?;
    if !max.is_zero() && default > max {
        return Err(Refusal::Invalid(format!(
            "backend max lease TTL of {} would be less than backend default lease TTL of {}",
            max.as_secs(),
            default.as_secs()
        )));
    }
    if max.is_zero() && default > entry.system.max {
        return Err(Refusal::Invalid(format!(
            "backend max lease TTL of {} would be less than backend default lease TTL of {}",
            entry.system.max.as_secs(),
            default.as_secs()
        )));
    }
    (entry.config.default_lease_ttl, entry.config.max_lease_ttl) = (default, max);
    Ok(())
}

fn described(entry: &mut MountEntry, call: &Call<'_>) -> Result<(), Refusal> {
    if call.fields.has("description") {
        entry.description = call.fields.text("description").to_owned();
    }
    Ok(())
}

/// When wrong passwords lock users out; what was never set is zero.
fn lockout(entry: &mut MountEntry, call: &Call<'_>) -> Result<(), Refusal> {
    let Some(asked) = call.fields.object("user_lockout_config").filter(|asked| !asked.is_empty()) else {
        return Ok(());
    };
    if !matches!(entry.kind.as_str(), "userpass" | "approle" | "ldap") {
        return Err(Refusal::Invalid(format!(
            "tuning of user lockout configuration for auth type {:?} not allowed",
            entry.kind
        )));
    }
    let text = |name: &str| {
        asked.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let seconds = |name: &str, what: &str, known: u64| match asked.get(name) {
        None | Some(Value::Null) => Ok(known),
        Some(value) => parse_seconds(value)
            .map(|seconds| u64::try_from(seconds).unwrap_or(0))
            .map_err(|error| Refusal::Failed(format!("unable to parse user lockout {what}: {error}"))),
    };
    let mut config = entry.config.lockout.unwrap_or_default();
    if let Some(threshold) = text("lockout_threshold") {
        config.threshold = threshold.parse().map_err(|_| {
            Refusal::Failed(format!(
                "unable to parse user lockout threshold: strconv.ParseUint: parsing {threshold:?}: invalid syntax"
            ))
        })?;
    }
    config.duration = seconds("lockout_duration", "duration", config.duration)?;
    config.counter_reset =
        seconds("lockout_counter_reset_duration", "counter reset duration", config.counter_reset)?;
    if let Some(disable) = text("lockout_disable") {
        config.disabled = disable == "true";
    }
    entry.config.lockout = Some(config);
    Ok(())
}

fn settings(entry: &mut MountEntry, call: &Call<'_>) -> Result<(), Refusal> {
    let fields = &call.fields;
    if fields.has("listing_visibility") {
        entry.config.listing_visibility = match fields.text("listing_visibility") {
            "" => None,
            kind @ ("hidden" | "unauth") => Some(kind.to_owned()),
            other => return Err(Refusal::Invalid(format!("invalid listing_visibility {other}"))),
        };
    }
    if fields.has("token_type") {
        if !entry.is_auth() {
            return Err(Refusal::invalid("'token_type' can only be modified on auth mounts"));
        }
        match fields.text("token_type") {
            "" => {}
            kind @ ("service" | "batch" | "default-service" | "default-batch") => {
                entry.config.token_type = Some(kind.to_owned());
            }
            _ => return Err(Refusal::invalid("invalid value for 'token_type'")),
        }
    }
    for (name, list) in [
        ("audit_non_hmac_request_keys", &mut entry.config.audit_non_hmac_request_keys),
        ("audit_non_hmac_response_keys", &mut entry.config.audit_non_hmac_response_keys),
        ("passthrough_request_headers", &mut entry.config.passthrough_request_headers),
        ("allowed_response_headers", &mut entry.config.allowed_response_headers),
    ] {
        if fields.has(name) {
            *list = fields.list(name);
        }
    }
    Ok(())
}

/// A KV mount can be turned into a versioned one, and into nothing else. Gives the version it had.
fn version(entry: &mut MountEntry, call: &Call<'_>) -> Result<Option<u8>, Refusal> {
    let Some(wanted) = call.fields.pairs("options").remove("version") else { return Ok(None) };
    let known = entry.options.as_ref().and_then(|options| options.get("version")).cloned();
    if entry.kind != "kv" {
        return Err(Refusal::Invalid(format!(
            "secrets engine {:?} does not allow setting a version",
            entry.kind
        )));
    }
    let from = match known.as_deref() {
        Some("2") => 2,
        Some("1") => 1,
        _ => 0,
    };
    let to = match wanted.as_str() {
        "1" => 1,
        "2" => 2,
        other => return Err(Refusal::Invalid(format!("invalid version provided: {other}"))),
    };
    if from == 2 && to == 1 {
        return Err(Refusal::invalid("cannot downgrade mount from version 2"));
    }
    entry.options.get_or_insert_default().insert("version".into(), wanted);
    Ok((from < 2 && to == 2).then_some(from))
}

/// Carries the secrets of an unversioned mount over into a versioned one.
fn upgrade_kv(state: &mut State, path: &str, call: &Call<'_>) {
    let Some(mount) = state.mounts.at_mut(path) else { return };
    let options = mount.entry.options.clone().unwrap_or_default();
    let Some(mut versioned) = engine("kv", &options) else { return };
    if let Backend::Engine(old) = &mut mount.backend {
        versioned.adopt(old.surrender(), call.environment);
    }
    mount.backend = Backend::Engine(versioned);
}
