//! `sys/leases`, and of old `sys/renew` and `sys/revoke`.

use lab_world::format_rfc3339_nano;
use serde_json::json;

use crate::lease::{Grant, Terms, calculate};
use crate::logical::{
    Call, Endpoint, Environment, Field, Operation::*, Outcome, Refusal, Reply, Response, Secret, respond,
};
use crate::state::State;

const LEASE: &[Field] = &[
    Field::text("lease_id"),
    Field::text("url_lease_id"),
    Field::seconds("increment"),
    Field::flag("sync").or_true(),
    Field::text("prefix"),
];

/// The endpoints of leases.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("leases/lookup", &[LEASE], &[(Update, lookup)]),
    Endpoint::new("leases/lookup/{prefix*}", &[LEASE], &[(List, list)]),
    Endpoint::new("leases/renew", &[LEASE], &[(Update, renew)]),
    Endpoint::new("leases/renew/{url_lease_id+}", &[LEASE], &[(Update, renew)]),
    Endpoint::new("leases/revoke", &[LEASE], &[(Update, revoke)]),
    Endpoint::new("leases/revoke/{url_lease_id+}", &[LEASE], &[(Update, revoke)]),
    Endpoint::new("leases/revoke-prefix/{prefix*}", &[LEASE], &[(Update, revoke_prefix)]),
    Endpoint::new("leases/revoke-force/{prefix*}", &[LEASE], &[(Update, revoke_force)]),
    Endpoint::new("leases/tidy", &[], &[(Update, tidy)]),
    Endpoint::new(
        "leases/count",
        &[&[Field::text("type"), Field::flag("include_child_namespaces")]],
        &[(Read, count)],
    ),
    Endpoint::new("leases", &[&[Field::text("type")]], &[(Read, irrevocable)]),
    Endpoint::new("renew", &[LEASE], &[(Update, renew)]),
    Endpoint::new("renew/{url_lease_id+}", &[LEASE], &[(Update, renew)]),
    Endpoint::new("revoke", &[LEASE], &[(Update, revoke)]),
    Endpoint::new("revoke/{url_lease_id+}", &[LEASE], &[(Update, revoke)]),
    Endpoint::new("revoke-prefix/{prefix*}", &[LEASE], &[(Update, revoke_prefix)]),
    Endpoint::new("revoke-force/{prefix*}", &[LEASE], &[(Update, revoke_force)]),
];

fn lease_id<'a>(call: &'a Call<'_>) -> Result<&'a str, Refusal> {
    match (call.fields.text("lease_id"), call.fields.text("url_lease_id")) {
        ("", "") => Err(Refusal::invalid("lease_id must be specified")),
        ("", id) | (id, _) => Ok(id),
    }
}

fn lookup(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = lease_id(call)?;
    let lease = state.leases.get(id).ok_or_else(|| Refusal::invalid("invalid lease"))?;
    respond(json!({
        "id": id, "issue_time": format_rfc3339_nano(lease.issued), "expire_time": lease.expires.map(format_rfc3339_nano),
        "last_renewal": lease.renewed.map(format_rfc3339_nano), "renewable": lease.renewable,
        "ttl": lease.remaining(call.now()),
    }))
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let prefix = call.fields.text("prefix").trim_end_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Response::keys(state.leases.list(&prefix)).ok()
}

fn renew(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = lease_id(call)?;
    let mut lease = state.leases.get(id).cloned().ok_or_else(|| Refusal::invalid("lease not found"))?;
    if lease.expires.is_some_and(|expires| expires <= call.now()) {
        return Err(Refusal::invalid("lease expired"));
    }
    let Grant::Secret { ttl, max_ttl, internal } = &lease.grant else {
        return Err(Refusal::invalid("tokens cannot be renewed through this endpoint"));
    };
    if !lease.renewable {
        return Err(Refusal::invalid("lease is not renewable"));
    }
    let renewal = state
        .with_engine(&lease.path, |engine, mount| engine.renew(internal, mount, call.environment))
        .unwrap_or_else(|| Ok(Default::default()))?;
    let terms = Terms {
        increment: call.fields.duration("increment"),
        ttl: renewal.ttl.unwrap_or(*ttl),
        max_ttl: renewal.max_ttl.unwrap_or(*max_ttl),
        ..Terms::default()
    };
    let view = state.view_of(&lease.path);
    let (granted, warnings) = calculate(&view, &terms, lease.issued, call.now())
        .map_err(|error| Refusal::Listed { status: 400, text: error.to_string() })?;
    let max_ttl = *max_ttl;
    lease.regrant(granted);
    lease.expires = Some(call.now() + granted);
    lease.renewed = Some(call.now());
    let secret = Secret { ttl: granted, max_ttl, renewable: true, internal: None, lease_id: id.to_owned() };
    state.leases.put(lease);
    Response { secret: Some(secret), warnings, ..Response::default() }.ok()
}

/// 204 where the client waits for it, 202 where it does not.
fn done(call: &Call<'_>) -> Outcome {
    if call.fields.flag("sync") {
        Ok(Reply::Nothing)
    } else {
        Response::raw(202, "application/json", "").ok()
    }
}

fn revoke(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = lease_id(call)?.to_owned();
    state.revoke_lease(&id, call.environment, false)?;
    done(call)
}

fn revoke_prefix(state: &mut State, call: &Call<'_>) -> Outcome {
    let prefix = format!("{}/", call.fields.text("prefix").trim_end_matches('/'));
    state.revoke_under(&prefix, call.environment);
    done(call)
}

fn revoke_force(state: &mut State, call: &Call<'_>) -> Outcome {
    let prefix = format!("{}/", call.fields.text("prefix").trim_end_matches('/'));
    for id in state.leases.under(&prefix) {
        state.revoke_lease(&id, call.environment, true)?;
    }
    Ok(Reply::Nothing)
}

fn tidy(_: &mut State, _: &Call<'_>) -> Outcome {
    let warning = "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.";
    Response { status: Some(202), ..Response::warning(warning) }.ok()
}

fn count(state: &mut State, call: &Call<'_>) -> Outcome {
    if call.fields.text("type") != "irrevocable" {
        return Ok(Reply::Nothing);
    }
    let count = state.leases.values().filter(|lease| lease.irrevocable.is_some()).count();
    respond(json!({"lease_count": count, "counts": {}}))
}

fn irrevocable(state: &mut State, call: &Call<'_>) -> Outcome {
    if call.fields.text("type") != "irrevocable" {
        return Ok(Reply::Nothing);
    }
    let leases: Vec<_> = state
        .leases
        .values()
        .filter_map(|lease| Some(json!({"error": lease.irrevocable.clone()?, "lease_id": lease.id})))
        .collect();
    respond(json!({"lease_count": leases.len(), "leases": leases}))
}

impl State {
    /// Revokes everything whose lease begins with `prefix`. What cannot be revoked now is tried again later.
    pub(crate) fn revoke_under(&mut self, prefix: &str, environment: &Environment) {
        for id in self.leases.under(prefix) {
            // A failure is recorded in the lease.
            let _ = self.revoke_lease(&id, environment, false);
        }
    }
}
