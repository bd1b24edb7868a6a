//! Blocks that this server reads, shows and does not act on.

use lab_hcl::Kind;
use serde_json::{Value, json};

use super::file::labelled;
use super::values::Fields;
use crate::decode;

/// The kinds of seals that keep their keys elsewhere.
const REMOTE_SEALS: [&str; 7] =
    ["alicloudkms", "awskms", "azurekeyvault", "gcpckms", "ocikms", "pkcs11", "transit"];

/// `hsm`, `seal` and `kms` blocks, as they are shown. Errors: the first mistake.
pub(super) fn seals(fields: &Fields<'_>) -> Result<Vec<Value>, String> {
    let mut seals = Vec::new();
    for (name, most) in [("hsm", 2), ("seal", 5), ("kms", 3)] {
        let failed = |cause: String| format!("error parsing '{name}': {cause}");
        let blocks = labelled(fields, name);
        if blocks.len() > most {
            return Err(failed(format!("only {most} or less {name:?} blocks are permitted")));
        }
        for (kind, body) in blocks {
            let inner = Fields { body, source: fields.source };
            seals.push(seal(name, kind, &inner).map_err(failed)?);
        }
    }
    Ok(seals)
}

fn seal(block: &str, kind: &str, fields: &Fields<'_>) -> Result<Value, String> {
    let disabled = fields.flag("disabled").map_err(|cause| format!("{block}.{kind}: {cause}"))?;
    let place = |cause: String| format!("{block}.{kind} {cause}");
    let priority = fields
        .number("priority")
        .map_err(|cause| place(format!("unable to parse 'priority' in kms type {kind:?}: {cause}")))?;
    if priority < 1 && fields.value("priority").is_some() {
        return Err(place(format!("invalid priority in kms type {kind:?}: {priority}")));
    }
    let mut name = kind.to_lowercase() + if disabled { "-disabled" } else { "" };
    if let Some(value) = fields.value("name") {
        let Kind::String(given) = &value.kind else {
            let kind_of_value = match value.kind {
                Kind::Bool(_) => "bool",
                Kind::Number(_) => "int",
                _ => "[]interface {}",
            };
            return Err(place(format!(
                "unable to parse 'name' in kms type {kind:?}: unexpected type {kind_of_value}"
            )));
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if given.is_empty() || !given.chars().all(fits) {
            return Err(place(
                "'name' field can only include alphanumeric characters, hyphens, and underscores".to_owned(),
            ));
        }
        name.clone_from(given);
    }
    let own = ["purpose", "disabled", "priority", "name"];
    let has_more = fields.body.items.iter().any(|item| !own.contains(&item.name()));
    if has_more && !REMOTE_SEALS.contains(&kind) {
        return Err(format!("{block}.{kind}: unknown seal type {kind}"));
    }
    let mut shown = json!({ "type": kind.to_lowercase(), "disabled": disabled, "name": name });
    if priority > 0 {
        shown["priority"] = priority.into();
    }
    Ok(shown)
}

/// The kind of the seal that there is where none is named.
const SHAMIR: &str = "shamir";

/// That seal, as it is shown.
pub(super) fn shamir() -> Value {
    json!({ "type": SHAMIR, "disabled": false, "name": SHAMIR, "priority": 1 })
}

/// Holds the seals of a file against each other. Errors: what is wrong with them.
pub(super) fn check_seals(seals: &[Value]) -> Result<(), String> {
    let disabled = seals.iter().filter(|seal| seal["disabled"] == true).count();
    let wrong = if seals.len() > 2 {
        format!("at most 2 seals can be provided: received {}", seals.len())
    } else if seals.len() > 1 && disabled == seals.len() {
        "seals provided but all are disabled".to_owned()
    } else if disabled + 1 < seals.len() {
        "only one seal can be enabled".to_owned()
    } else if matches!(seals, [one, other] if one["name"] == other["name"]) {
        "seal names must be unique".to_owned()
    } else {
        return Ok(());
    };
    Err(format!("seals: {wrong}"))
}

/// What the real server cannot do with seals that are well formed, and what this one cannot.
pub(super) fn seal_problem(seals: &[Value]) -> Option<String> {
    let kind = |seal: &Value| seal["type"].as_str().unwrap_or_default().to_owned();
    if seals.iter().any(|seal| seal["disabled"] == true && kind(seal) == SHAMIR) {
        return Some("shamir seals cannot be set disabled (they should simply not be set)".to_owned());
    }
    let other = seals.iter().map(kind).find(|kind| kind != SHAMIR)?;
    Some(if REMOTE_SEALS.contains(&other.as_str()) {
        format!("The lab's vault is unsealed by shares of its key only, not by {other}")
    } else {
        format!("error parsing Seal configuration: Unknown KMS type {other:?}")
    })
}

/// What a user may do wrong before he has to wait, where nothing else is said: attempts, and nanoseconds.
const ATTEMPTS: u64 = 5;
const WAIT: i64 = 900_000_000_000;

/// `user_lockout` blocks, as they are shown. Errors: the first mistake.
pub(super) fn lockouts(fields: &Fields<'_>) -> Result<Vec<Value>, String> {
    let blocks = labelled(fields, "user_lockout");
    if blocks.is_empty() {
        return Ok(Vec::new());
    }
    let mut read = Vec::new();
    for (index, (kind, body)) in blocks.into_iter().enumerate() {
        let inner = Fields { body, source: fields.source };
        let kind = kind.to_lowercase();
        if kind == "user_lockout" {
            return Err(format!(
                "error parsing 'user_lockout': user_lockouts.{index}: auth type for user lockout must be specified, if it \
                 applies to all auth methods specify \"all\" "
            ));
        }
        if !["all", "ldap", "approle", "userpass"].contains(&kind.as_str()) {
            return Err(format!(
                "error parsing 'user_lockout': user_lockouts.{index}: unsupported auth type {kind:?}"
            ));
        }
        check_lockout(&inner)
            .map_err(|cause| format!("error parsing 'user_lockout': user_lockouts.{index} {cause}"))?;
        read.push((kind, inner));
    }
    if !read.iter().any(|(kind, _)| kind == "all") {
        let shown = json!({
            "type": "all", "lockout_threshold": ATTEMPTS, "lockout_duration": WAIT, "lockout_counter_reset": WAIT,
            "disable_lockout": false,
        });
        let mut all = vec![shown];
        all.extend(read.iter().map(|(kind, inner)| lockout(kind, inner, None)));
        return Ok(all);
    }
    let general = read.iter().rev().find(|(kind, _)| kind == "all").map(|(_, inner)| inner);
    Ok(read.iter().map(|(kind, inner)| lockout(kind, inner, general)).collect())
}

fn check_lockout(fields: &Fields<'_>) -> Result<(), String> {
    if fields.value("lockout_threshold").is_some() {
        let text = fields.text("lockout_threshold");
        text.parse::<u64>().map_err(|_| {
            format!("error parsing lockout_threshold: strconv.ParseUint: parsing {text:?}: invalid syntax")
        })?;
    }
    for name in ["lockout_duration", "lockout_counter_reset"] {
        if fields.duration(name).map_err(|cause| format!("error parsing {name}: {cause}"))? < 0 {
            return Err(format!("{name} cannot be negative"));
        }
    }
    fields
        .flag("disable_lockout")
        .map(drop)
        .map_err(|cause| format!("invalid value for disable_lockout: {cause}"))
}

/// What a block does not say the general one says.
fn lockout(kind: &str, fields: &Fields<'_>, general: Option<&Fields<'_>>) -> Value {
    let source = |name: &str| {
        if fields.value(name).is_some() {
            Some(fields)
        } else {
            general.filter(|general| general.value(name).is_some())
        }
    };
    let wait = |name: &str| {
        let seconds = source(name).and_then(|fields| fields.duration(name).ok());
        seconds.map_or(WAIT, |seconds| seconds.saturating_mul(1_000_000_000))
    };
    let attempts =
        source("lockout_threshold").and_then(|fields| fields.text("lockout_threshold").parse().ok());
    let disabled = source("disable_lockout").and_then(|fields| fields.flag("disable_lockout").ok());
    json!({
        "type": kind, "lockout_threshold": attempts.unwrap_or(ATTEMPTS),
        "lockout_duration": wait("lockout_duration"), "lockout_counter_reset": wait("lockout_counter_reset"),
        "disable_lockout": disabled.unwrap_or(false),
    })
}

/// The `telemetry` block as it is shown, with the complaints about it. Errors: the first mistake.
pub(super) fn telemetry(fields: &Fields<'_>) -> Result<(Option<Value>, Vec<String>), String> {
    let failed = |cause: String| format!("error parsing 'telemetry': {cause}");
    if fields.body.blocks().filter(|block| block.kind.eq_ignore_ascii_case("telemetry")).count() > 1 {
        return Err(failed("only one 'telemetry' block is permitted".to_owned()));
    }
    let Some(inner) = fields.block("telemetry") else { return Ok((None, Vec::new())) };
    let mut shown = crate::sys::telemetry_settings();
    shown.insert("disable_hostname".into(), false.into());
    for (name, wanted) in &mut shown {
        let given = read_as(&inner, name, wanted).map_err(|cause| failed(format!("telemetry: {cause}")))?;
        if let Some(given) = given {
            *wanted = given;
        }
    }
    shown.insert("circonus_api_token".into(), "".into());
    for name in ["prometheus_retention_time", "usage_gauge_period", "lease_metrics_epsilon"] {
        let given = match inner.text(name).as_str() {
            "none" if name != "prometheus_retention_time" => Ok(0),
            _ => inner.duration(name),
        };
        let seconds = given.map_err(failed)?;
        if inner.value(name).is_some() {
            shown.insert(name.into(), seconds.saturating_mul(1_000_000_000).into());
        }
    }
    let mut known: Vec<&str> = shown.keys().map(String::as_str).collect();
    known.extend(["enable_hostname_label", "filter_default", "prefix_filter"]);
    let complaints = inner.unknown(&known);
    Ok((Some(shown.into()), complaints))
}

/// A setting of the same kind as its preset.
fn read_as(fields: &Fields<'_>, name: &str, preset: &Value) -> Result<Option<Value>, String> {
    let (text, body) = (fields.source.text.as_str(), fields.body);
    if matches!(name, "prometheus_retention_time" | "usage_gauge_period" | "lease_metrics_epsilon") {
        return Ok(None);
    }
    Ok(match preset {
        Value::String(_) => decode::plain_text(text, body, name, name)?.map(Value::from),
        Value::Bool(_) => decode::truth(text, body, name)?.map(Value::from),
        Value::Number(_) => {
            decode::whole_number(text, body, name)?.filter(|number| *number != 0).map(Value::from)
        }
        _ => fields.value(name).map(decode::value_to_json),
    })
}

/// The kind of the `service_registration` block; empty where there is none. Errors: the first mistake.
pub(super) fn service_registration(fields: &Fields<'_>) -> Result<String, String> {
    let name = "service_registration";
    match labelled(fields, name).as_slice() {
        [] => Ok(String::new()),
        [(kind, _)] => Ok(kind.to_lowercase()),
        _ => Err(format!("error parsing '{name}': only one {name:?} block is permitted")),
    }
}
