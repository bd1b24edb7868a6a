//! `auth/token/lookup`, `lookup-self`, `lookup-accessor` and `accessors`.

use lab_world::format_rfc3339_nano;
use serde_json::{Value, json};

use crate::logical::{Call, Data, Outcome, Refusal, Response, respond};
use crate::state::State;
use crate::token::entry::TokenEntry;
use crate::token::grant::token_lease;

/// `lookup-self`
pub(super) fn lookup_self(state: &mut State, call: &Call<'_>) -> Outcome {
    let caller = call.caller.ok_or(Refusal::Denied)?;
    describe(state, call, &caller.token_id, &caller.token, &caller.token.id)
}

/// `lookup`: the token in the body, or else the caller's.
pub(super) fn lookup(state: &mut State, call: &Call<'_>) -> Outcome {
    match call.fields.text("token") {
        "" => lookup_self(state, call),
        token => match state.tokens.find(token, call.now()) {
            Some((name, entry)) => describe(state, call, &name, &entry, token),
            None => Err(Refusal::Plain { status: 403, text: "bad token".into() }),
        },
    }
}

/// `lookup-accessor`
pub(super) fn lookup_accessor(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = by_accessor(state, call)?;
    match state.tokens.get(&name).cloned() {
        Some(entry) => describe(state, call, &name, &entry, ""),
        None => Err(invalid("invalid accessor")),
    }
}

/// `accessors/`
pub(super) fn accessors(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.tokens.accessors().cloned().collect::<Vec<_>>()).ok()
}

/// The name of the token whose accessor was sent.
pub(super) fn by_accessor(state: &State, call: &Call<'_>) -> Result<String, Refusal> {
    match call.fields.text("accessor") {
        "" => Err(invalid("missing accessor")),
        accessor => state.tokens.by_accessor(accessor).cloned().ok_or_else(|| invalid("invalid accessor")),
    }
}

fn invalid(text: &str) -> Refusal {
    Refusal::Listed { status: 400, text: text.into() }
}

fn describe(state: &mut State, call: &Call<'_>, name: &str, entry: &TokenEntry, id: &str) -> Outcome {
    let mut data = Data::new();
    let mut put = |key: &str, value: Value| {
        data.insert(key.to_owned(), value);
    };
    put("accessor", json!(entry.accessor));
    put("creation_time", json!(entry.created.unix_timestamp()));
    put("creation_ttl", json!(entry.ttl.as_secs()));
    put("display_name", json!(entry.display_name));
    put("entity_id", json!(entry.entity_id));
    put("expire_time", Value::Null);
    put("explicit_max_ttl", json!(entry.explicit_max_ttl.as_secs()));
    put("id", json!(id));
    put("meta", json!(entry.meta));
    put("num_uses", json!(entry.num_uses));
    put("orphan", json!(entry.parent.is_empty()));
    put("path", json!(entry.path));
    put("policies", if entry.oidc.is_some() { Value::Null } else { json!(entry.policies) });
    put("ttl", json!(0));
    put("type", json!(entry.kind()));
    if !entry.period.is_zero() {
        put("period", json!(entry.period.as_secs()));
    }
    if !entry.role.is_empty() {
        put("role", json!(entry.role));
    }
    if !entry.bound_cidrs.is_empty() {
        put("bound_cidrs", json!(entry.bound_cidrs));
    }
    if entry.batch {
        // The token carries whole seconds only.
        let created = entry.created.replace_nanosecond(0).unwrap_or(entry.created);
        let expires = created + entry.ttl;
        put("expire_time", json!(format_rfc3339_nano(expires)));
        put("issue_time", json!(format_rfc3339_nano(created)));
        put("renewable", json!(false));
        put("ttl", json!((expires - call.now()).whole_seconds().max(0)));
    } else if let Some(lease) = state.leases.get(&token_lease(&entry.path, name)) {
        if let Some(expires) = lease.expires {
            put("expire_time", json!(format_rfc3339_nano(expires)));
        }
        put("issue_time", json!(format_rfc3339_nano(lease.issued)));
        put("renewable", json!(lease.renewable));
        put("ttl", json!(lease.remaining(call.now())));
        if let Some(renewed) = lease.renewed {
            put("last_renewal", json!(format_rfc3339_nano(renewed)));
            put("last_renewal_time", json!(renewed.unix_timestamp()));
        }
    }
    let identity = state.identity.policies_of(&entry.entity_id);
    if !identity.is_empty() {
        put("identity_policies", json!(identity));
        put("external_namespace_policies", json!({}));
    }
    respond(Value::Object(data))
}
