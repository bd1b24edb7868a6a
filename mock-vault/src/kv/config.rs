//! `config` of KV version 2.

use lab_world::format_duration;
use serde_json::json;

use crate::kv::versioned::Versioned;
use crate::logical::{Call, Field, Outcome, Reply, respond};

pub(super) const FIELDS: &[Field] = &[
    Field::number("max_versions"),
    Field::flag("cas_required"),
    Field::signed_seconds("delete_version_after"),
];

pub(super) fn read(kv: &mut Versioned, _: &Call<'_>) -> Outcome {
    let config = kv.config.get();
    respond(json!({
        "cas_required": config.cas_required, "delete_version_after": format_duration(config.delete_version_after),
        "max_versions": config.max_versions,
    }))
}

pub(super) fn write(kv: &mut Versioned, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let config = kv.config.get_mut();
    if fields.has("max_versions") {
        config.max_versions = u64::try_from(fields.number("max_versions")).unwrap_or(0);
    }
    if fields.has("cas_required") {
        config.cas_required = fields.flag("cas_required");
    }
    if fields.has("delete_version_after") {
        config.delete_version_after = fields.duration("delete_version_after");
    }
    Ok(Reply::Nothing)
}
