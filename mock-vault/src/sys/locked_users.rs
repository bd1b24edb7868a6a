//! `sys/locked-users`: who gave a wrong password too often.

use serde_json::{Value, json};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Reply, respond};
use crate::state::State;

const FIELDS: &[Field] = &[Field::text("mount_accessor"), Field::text("alias_identifier")];

/// The endpoints of locked users.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("locked-users", &[FIELDS], &[(Read, read)]),
    Endpoint::new("locked-users/{mount_accessor}/unlock/{alias_identifier}", &[FIELDS], &[(Update, unlock)]),
];

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let wanted = call.fields.text("mount_accessor");
    let mut table = state.lockouts.table();
    if !wanted.is_empty() {
        table.retain(|accessor, _| *accessor == wanted);
        table.entry(wanted).or_default();
    }
    let total: usize = table.values().map(Vec::len).sum();
    let mounts: Vec<Value> = table
        .into_iter()
        .map(|(accessor, aliases)| {
            let count = aliases.len();
            let aliases = Some(aliases).filter(|aliases| !aliases.is_empty());
            json!({"mount_accessor": accessor, "counts": count, "alias_identifiers": aliases})
        })
        .collect();
    if mounts.is_empty() {
        return respond(json!({"by_namespace": [], "total": 0}));
    }
    let root =
        json!({"namespace_id": "root", "namespace_path": "", "counts": total, "mount_accessors": mounts});
    respond(json!({"by_namespace": [root], "total": total}))
}

fn unlock(state: &mut State, call: &Call<'_>) -> Outcome {
    state.lockouts.forget(call.fields.text("mount_accessor"), call.fields.text("alias_identifier"));
    Ok(Reply::Nothing)
}
