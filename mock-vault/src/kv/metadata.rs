//! `metadata` of KV version 2.

use std::collections::BTreeMap;

use lab_world::{format_duration, format_rfc3339_nano};
use serde_json::{Value, json};

use crate::kv::model::{Secret, deletion};
use crate::kv::versioned::Versioned;
use crate::logical::{Call, Data, Field, Outcome, Refusal, Reply, Response, respond};

pub(super) const FIELDS: &[Field] = &[
    Field::text("path"),
    Field::flag("cas_required"),
    Field::number("max_versions"),
    Field::seconds("delete_version_after"),
    Field::object("custom_metadata"),
];

pub(super) fn read(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let Some(secret) = kv.secrets.get(call.fields.text("path")) else { return Ok(Reply::Nothing) };
    let versions = secret.versions.iter().map(|(number, version)| {
        let described = json!({
            "created_by": version.created_by, "created_time": format_rfc3339_nano(version.created),
            "deleted_by": version.deleted_by, "deletion_time": deletion(version), "destroyed": version.destroyed,
        });
        (number.to_string(), described)
    });
    respond(json!({
        "cas_required": secret.cas_required, "created_time": format_rfc3339_nano(secret.created),
        "current_version": secret.current, "custom_metadata": secret.custom_metadata,
        "delete_version_after": format_duration(secret.delete_version_after), "last_updated_by": secret.last_updated_by,
        "max_versions": secret.max_versions, "oldest_version": secret.oldest,
        "updated_time": format_rfc3339_nano(secret.updated), "versions": versions.collect::<Data>(),
    }))
}

pub(super) fn list(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    Response::keys(kv.secrets.list(call.fields.text("path"))).ok()
}

pub(super) fn write(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let path = call.fields.text("path");
    let settings_sent = ["max_versions", "cas_required", "delete_version_after", "custom_metadata"];
    if !settings_sent.into_iter().any(|name| call.fields.has(name)) {
        return Ok(Reply::Nothing);
    }
    let custom = call.fields.object("custom_metadata").map(checked).transpose()?;
    let mut secret = kv.secrets.get(path).cloned().unwrap_or_else(|| Secret::new(call.now()));
    settings(&mut secret, call);
    if let Some(custom) = custom {
        secret.custom_metadata = (!custom.is_empty()).then_some(custom);
    }
    kv.secrets.insert(path, secret);
    Ok(Reply::Nothing)
}

/// Changes what is sent; null removes custom metadata.
pub(super) fn patch(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let path = call.fields.text("path");
    let Some(mut secret) = kv.secrets.get(path).cloned() else { return crate::kv::data::absent() };
    patchable(call)?;
    settings(&mut secret, call);
    if let Some(patch) = call.fields.object("custom_metadata") {
        let mut merged = secret.custom_metadata.clone().unwrap_or_default();
        for (name, value) in patch {
            match value {
                Value::Null => {
                    merged.remove(name);
                }
                value => merged.extend(checked(&Data::from_iter([(name.clone(), value.clone())]))?),
            }
        }
        secret.custom_metadata = (!merged.is_empty()).then_some(merged);
    }
    kv.secrets.insert(path, secret);
    Ok(Reply::Nothing)
}

/// Refuses what does not fit into the metadata as it is: a patch is not converted.
fn patchable(call: &Call<'_>) -> Result<(), Refusal> {
    let failed = |kind: &str, field: &str, wanted: &str| {
        Refusal::Failed(format!(
            "json: cannot unmarshal {kind} into Go struct field KeyMetadata.{field} of type {wanted}"
        ))
    };
    let versions = call.fields.number("max_versions");
    if u32::try_from(versions).is_err() {
        return Err(failed(&format!("number {versions}"), "max_versions", "uint32"));
    }
    let Some(custom) = call.fields.object("custom_metadata") else { return Ok(()) };
    too_many(custom)?;
    for value in custom.values() {
        let kind = match value {
            Value::Number(_) => "number",
            Value::Bool(_) => "bool",
            Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        return Err(failed(kind, "custom_metadata", "string"));
    }
    Ok(())
}

fn listed(text: &str) -> Refusal {
    Refusal::Invalid(crate::logical::one_error(&format!("custom_metadata validation failed: {text}")))
}

fn too_many(sent: &Data) -> Result<(), Refusal> {
    if sent.len() > 64 {
        return Err(listed(&format!("payload must contain at most 64 keys, provided {}", sent.len())));
    }
    Ok(())
}

fn settings(secret: &mut Secret, call: &Call<'_>) {
    let fields = &call.fields;
    if fields.has("cas_required") {
        secret.cas_required = fields.flag("cas_required");
    }
    if fields.has("max_versions") {
        // It has 32 bits there, whatever was sent.
        secret.max_versions = u64::from(fields.number("max_versions") as u32);
    }
    if fields.has("delete_version_after") {
        secret.delete_version_after = fields.duration("delete_version_after");
    }
}

pub(super) fn delete(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    kv.secrets.remove(call.fields.text("path"));
    Ok(Reply::Nothing)
}

/// At most 64 texts, with short names and values.
fn checked(sent: &Data) -> Result<BTreeMap<String, String>, Refusal> {
    let refuse = |text: String| Refusal::Invalid(format!("custom_metadata validation failed: {text}"));
    too_many(sent)?;
    let mut checked = BTreeMap::new();
    for (name, value) in sent {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => String::from(if *flag { "1" } else { "0" }),
            other => {
                let go = if other.is_object() { "map[string]interface {}" } else { "[]interface {}" };
                let shown = crate::logical::go_print(other);
                return Err(refuse(format!(
                    "'' expected type 'string', got unconvertible type '{go}', value: '{shown}'"
                )));
            }
        };
        if name.is_empty() || name.len() > 128 {
            return Err(listed(&format!(
                "length of key {name:?} is {} but must be 0 < len(key) <= 128",
                name.len()
            )));
        }
        if text.is_empty() || text.len() > 512 {
            return Err(listed(&format!(
                "length of value for key {name:?} is {} but must be 0 < len(value) <= 512",
                text.len()
            )));
        }
        for (what, text) in [("key", name), ("value for key", &text)] {
            if text.contains(char::is_control) {
                return Err(listed(&format!("{what} {name:?} contains unprintable characters")));
            }
        }
        checked.insert(name.clone(), text);
    }
    Ok(checked)
}
