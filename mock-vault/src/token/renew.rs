//! `auth/token/renew`, `renew-self` and `renew-accessor`.

use std::time::Duration;

use crate::lease::{Grant, Terms, calculate};
use crate::logical::{Auth, Call, Outcome, Refusal, Response};
use crate::mounts::Renewal;
use crate::state::State;
use crate::token::grant::token_lease;
use crate::token::lookup::by_accessor;

/// `renew-self`
pub(super) fn renew_self(state: &mut State, call: &Call<'_>) -> Outcome {
    let caller = call.caller.ok_or(Refusal::Denied)?;
    if caller.token.batch {
        return Err(Refusal::invalid("batch tokens cannot be renewed"));
    }
    renew_named(state, call, &caller.token_id)
}

/// `renew`: the token in the body, or else the caller's.
pub(super) fn renew(state: &mut State, call: &Call<'_>) -> Outcome {
    match call.fields.text("token") {
        "" => Err(Refusal::invalid("missing token ID")),
        token => match state.tokens.find(token, call.now()) {
            Some((_, entry)) if entry.batch => Err(Refusal::invalid("batch tokens cannot be renewed")),
            Some((name, _)) => renew_named(state, call, &name),
            None => Err(Refusal::invalid("token not found")),
        },
    }
}

/// `renew-accessor`
pub(super) fn renew_accessor(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = by_accessor(state, call)?;
    let mut outcome = renew_named(state, call, &name);
    if let Ok(crate::logical::Reply::Respond(response)) = &mut outcome
        && let Some(auth) = &mut response.auth
    {
        auth.client_token.clear();
    }
    outcome
}

fn renew_named(state: &mut State, call: &Call<'_>, name: &str) -> Outcome {
    let Some(entry) = state.tokens.get(name).cloned() else {
        return Err(Refusal::invalid("token not found"));
    };
    let id = token_lease(&entry.path, name);
    let Some(mut lease) = state.leases.get(&id).cloned() else {
        return Err(Refusal::invalid("invalid lease ID"));
    };
    if !lease.renewable {
        return Err(Refusal::invalid("lease is not renewable"));
    }
    let Grant::Token { ttl, max_ttl, explicit_max_ttl, period, num_uses, internal } = &lease.grant else {
        return Err(Refusal::invalid("invalid lease ID"));
    };
    let renewal = state
        .with_engine(&entry.path, |engine, mount| engine.renew(internal, mount, call.environment))
        .unwrap_or_else(|| role_renewal(state, &entry.role))?;
    let terms = Terms {
        increment: call.fields.duration("increment"),
        ttl: renewal.ttl.unwrap_or(*ttl),
        period: renewal.period.unwrap_or(*period),
        max_ttl: renewal.max_ttl.unwrap_or(*max_ttl),
        explicit_max_ttl: *explicit_max_ttl,
    };
    let view = state.view_of(&entry.path);
    let (granted, warnings) = calculate(&view, &terms, lease.issued, call.now())
        .map_err(|error| Refusal::Listed { status: 400, text: error.to_string() })?;
    let num_uses = *num_uses;
    lease.regrant(granted);
    lease.expires = Some(call.now() + granted);
    lease.renewed = Some(call.now());
    state.leases.put(lease);
    let identity_policies = state.identity.policies_of(&entry.entity_id);
    let policies =
        crate::policy::sanitize(&[entry.policies.clone(), identity_policies.clone()].concat(), false);
    let auth = Auth {
        client_token: entry.id,
        accessor: entry.accessor,
        policies,
        token_policies: entry.policies,
        identity_policies,
        metadata: entry.meta,
        ttl: granted,
        renewable: true,
        entity_id: entry.entity_id,
        orphan: entry.parent.is_empty(),
        num_uses,
        ..Auth::default()
    };
    Response { auth: Some(auth), warnings, ..Response::default() }.ok()
}

/// A token role's period counts at each renewal; the role must still be there.
fn role_renewal(state: &State, role: &str) -> Result<Renewal, Refusal> {
    if role.is_empty() {
        return Ok(Renewal::default());
    }
    let role = state.tokens.roles.get(role).ok_or_else(|| {
        Refusal::Failed(format!(
            "failed to renew entry: original token role {role:?} could not be found, not renewing"
        ))
    })?;
    let period = Some(role.period).filter(|period| *period != Duration::ZERO);
    Ok(Renewal { period, ..Renewal::default() })
}
