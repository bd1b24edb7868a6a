//! `auth/token/revoke`, `revoke-self`, `revoke-accessor`, `revoke-orphan` and `tidy`.

use crate::logical::{Call, Environment, Outcome, Refusal, Reply, Response};
use crate::state::State;
use crate::token::grant::token_lease;
use crate::token::lookup::by_accessor;

impl State {
    /// Revokes a token, everything it was granted, and all its descendants.
    pub(crate) fn revoke_token(&mut self, name: &str, environment: &Environment) {
        let mut doomed = vec![name.to_owned()];
        let mut at = 0;
        while at < doomed.len() {
            doomed.extend(self.tokens.children(&doomed[at]));
            at += 1;
        }
        for name in doomed.iter().rev() {
            self.drop_token(name, environment);
        }
    }

    /// Revokes one token and what it was granted; its children become orphans.
    fn drop_token(&mut self, name: &str, environment: &Environment) {
        let Some(entry) = self.tokens.remove(name) else { return };
        self.leases.remove(&token_lease(&entry.path, name));
        self.cubbyhole.forget(name);
        for lease in self.leases.of_token(name) {
            // A lease that cannot be revoked now is tried again by itself.
            let _ = self.revoke_lease(&lease, environment, false);
        }
    }
}

/// `revoke-self`
pub(super) fn revoke_self(state: &mut State, call: &Call<'_>) -> Outcome {
    let caller = call.caller.ok_or(Refusal::Denied)?;
    if caller.token.batch {
        return Err(Refusal::invalid("batch tokens cannot be revoked"));
    }
    state.revoke_token(&caller.token_id, call.environment);
    Ok(Reply::Nothing)
}

/// `revoke`: unknown tokens are none.
pub(super) fn revoke(state: &mut State, call: &Call<'_>) -> Outcome {
    match call.fields.text("token") {
        "" => Err(Refusal::invalid("missing token ID")),
        token => match state.tokens.find(token, call.now()) {
            Some((_, entry)) if entry.batch => Err(Refusal::invalid("batch tokens cannot be revoked")),
            Some((name, _)) => {
                state.revoke_token(&name, call.environment);
                Ok(Reply::Nothing)
            }
            None => Ok(Reply::Nothing),
        },
    }
}

/// `revoke-accessor`
pub(super) fn revoke_accessor(state: &mut State, call: &Call<'_>) -> Outcome {
    let accessor = call.fields.text("accessor");
    if !accessor.is_empty() && state.tokens.by_accessor(accessor).is_none() {
        return Response::warning("No token found with this accessor").ok();
    }
    let name = by_accessor(state, call)?;
    state.revoke_token(&name, call.environment);
    Ok(Reply::Nothing)
}

/// `revoke-orphan`: the children stay.
pub(super) fn revoke_orphan(state: &mut State, call: &Call<'_>) -> Outcome {
    let token = call.fields.text("token");
    if token.is_empty() {
        return Err(Refusal::invalid("missing token ID"));
    }
    let caller = call.caller.ok_or(Refusal::Denied)?;
    if !caller.sudo {
        return Err(Refusal::invalid("root or sudo privileges required to revoke and orphan"));
    }
    let Some((name, entry)) = state.tokens.find(token, call.now()) else {
        return Err(Refusal::invalid("token to revoke not found"));
    };
    if entry.batch {
        return Err(Refusal::invalid("batch tokens cannot be revoked"));
    }
    state.drop_token(&name, call.environment);
    Ok(Reply::Nothing)
}

/// `tidy`: nothing is ever left behind here, so there is nothing to do.
pub(super) fn tidy(_: &mut State, _: &Call<'_>) -> Outcome {
    let warning = "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.";
    Response { status: Some(202), ..Response::warning(warning) }.ok()
}
