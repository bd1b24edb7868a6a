//! `sys/remount`: moving a mount.

use std::collections::BTreeMap;

use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;

const FIELDS: &[Field] = &[Field::text("from"), Field::text("to")];
const STATUS: &[Field] = &[Field::text("migration_id")];

/// Finished moves by id: from and to.
pub(crate) type Remounts = BTreeMap<String, (String, String)>;

/// The endpoints of moving.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("remount", &[FIELDS], &[(Update, remount)]),
    Endpoint::new("remount/status/{migration_id+}", &[STATUS], &[(Read, status)]),
];

fn remount(state: &mut State, call: &Call<'_>) -> Outcome {
    let (from, to) = (call.fields.text("from"), call.fields.text("to"));
    if from.is_empty() || to.is_empty() {
        return Err(Refusal::invalid("both 'from' and 'to' path must be specified as a string"));
    }
    let slash = |path: &str| format!("{}/", path.trim_matches('/'));
    let (from, to) = (slash(from), slash(to));
    if from.starts_with("auth/") && !to.starts_with("auth/") {
        return Err(Refusal::invalid("cannot remount auth mount to non-auth mount"));
    }
    if ["sys/", "cubbyhole/", "identity/", "auth/token/"].contains(&from.as_str()) {
        return Err(Refusal::Invalid(format!("cannot remount {from:?}")));
    }
    let of_auth = from.starts_with("auth/");
    if ["sys/", "cubbyhole/", "identity/", "auth/token/"].contains(&to.as_str())
        || (!of_auth && to.starts_with("auth/"))
    {
        return Err(Refusal::Invalid(format!("cannot remount to destination {to}")));
    }
    if state.mounts.at(&from).is_none() {
        return Err(Refusal::Invalid(format!("no matching mount at {from:?}")));
    }
    if let Some(used) = super::mounts::conflict(state, &to) {
        return Err(Refusal::Invalid(format!("path already in use at {used:?}")));
    }
    state.revoke_under(&from, call.environment);
    state.mounts.rename(&from, &to);
    let id = call.environment.entropy.uuid();
    state.remounts.insert(id.clone(), (from, to));
    let mut response = Response::of(json!({"migration_id": id}));
    response.warnings.push(
        "Mount move has been queued. Progress will be reported in Vault's server log, tagged with the returned migration_id"
            .into(),
    );
    response.ok()
}

fn status(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = call.fields.text("migration_id");
    let Some((from, to)) = state.remounts.get(id) else { return Ok(Reply::Nothing) };
    respond(json!({
        "migration_id": id,
        "migration_info": {"source_mount": from, "target_mount": to, "status": "success"},
    }))
}
