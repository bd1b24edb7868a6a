//! What follows from an answer that grants something: a token for a login, a lease for a secret.

use std::time::Duration;

use crate::lease::{Grant, Lease, Terms, calculate};
use crate::logical::{Auth, Caller, Environment, MountView, Refusal, Request, Response};
use crate::policy::{PolicyStore, sanitize};
use crate::state::State;
use crate::token::{NewToken, TokenEntry};

impl State {
    /// Makes the token that an auth method granted.
    pub(super) fn finish_login(
        &mut self,
        request: &Request,
        environment: &Environment,
        view: &MountView,
        granted: Auth,
    ) -> Result<(Auth, Vec<String>), Refusal> {
        let terms = Terms {
            ttl: granted.ttl,
            period: granted.period,
            max_ttl: granted.max_ttl,
            explicit_max_ttl: granted.explicit_max_ttl,
            ..Terms::default()
        };
        let (ttl, warnings) = calculate(view, &terms, environment.now, environment.now)
            .map_err(|error| Refusal::Failed(error.to_string()))?;
        let entity_id = match &granted.alias {
            Some(alias) => {
                let id = self.identity.login(view, alias, environment)?;
                self.identity.join_groups(&id, &view.accessor, &granted.group_aliases);
                id
            }
            None => String::new(),
        };
        let policies = sanitize(&granted.policies, !granted.no_default_policy);
        let identity_policies = self.identity.policies_of(&entity_id);
        let all = sanitize(&[policies.clone(), identity_policies.clone()].concat(), false);
        if all.iter().any(|name| name == "root") {
            return Err(Refusal::invalid("auth methods cannot create root tokens"));
        }
        if let Some(name) = all.iter().find(|name| PolicyStore::is_internal(name)) {
            return Err(Refusal::Invalid(format!("cannot assign policy {name:?}")));
        }
        let entry = entry(request, environment, view, &granted, policies, entity_id, ttl);
        let new = NewToken {
            entry,
            renewable: granted.renewable,
            max_ttl: granted.max_ttl,
            internal: granted.internal,
        };
        let mut auth = self.grant_token(new, environment);
        auth.policies = all;
        auth.identity_policies = identity_policies;
        Ok((auth, warnings))
    }

    /// Puts a secret under a lease.
    pub(super) fn finish_secret(
        &mut self,
        request: &Request,
        environment: &Environment,
        view: &MountView,
        caller: Option<&Caller>,
        response: &mut Response,
    ) -> Result<(), Refusal> {
        let Some(secret) = &mut response.secret else { return Ok(()) };
        let Some(internal) = secret.internal.take() else { return Ok(()) };
        let terms = Terms { ttl: secret.ttl, max_ttl: secret.max_ttl, ..Terms::default() };
        let (mut ttl, warnings) = calculate(view, &terms, environment.now, environment.now)
            .map_err(|error| Refusal::Failed(error.to_string()))?;
        if let Some(caller) = caller.filter(|caller| caller.token.batch) {
            ttl = ttl.min(left(caller, environment));
        }
        let id = format!("{}/{}", request.path, environment.entropy.alphanumeric(24));
        self.leases.put(Lease {
            id: id.clone(),
            path: request.path.clone(),
            token: caller.map(|caller| caller.token_id.clone()).unwrap_or_default(),
            issued: environment.now,
            expires: Some(environment.now + ttl),
            renewed: None,
            renewable: secret.renewable,
            grant: Grant::Secret { ttl: secret.ttl, max_ttl: secret.max_ttl, internal },
            attempts: 0,
            irrevocable: None,
        });
        secret.ttl = ttl;
        secret.lease_id = id;
        response.warnings.extend(warnings);
        if caller.is_some_and(|caller| caller.token.num_uses < 0) {
            return Err(Refusal::invalid(
                "Secret cannot be returned; token had one use left, so leased credentials were immediately revoked.",
            ));
        }
        Ok(())
    }
}

/// What is left of a batch token's life.
fn left(caller: &Caller, environment: &Environment) -> Duration {
    let left = caller.token.created + caller.token.ttl - environment.now;
    Duration::from_secs(left.whole_seconds().max(0).unsigned_abs())
}

fn entry(
    request: &Request,
    environment: &Environment,
    view: &MountView,
    granted: &Auth,
    policies: Vec<String>,
    entity_id: String,
    ttl: Duration,
) -> TokenEntry {
    let mount = view.path.strip_prefix("auth/").unwrap_or(&view.path).trim_end_matches('/').replace('/', "-");
    TokenEntry {
        policies,
        meta: granted.metadata.clone(),
        display_name: if granted.display_name.is_empty() {
            mount
        } else {
            format!("{mount}-{}", granted.display_name)
        },
        num_uses: granted.num_uses,
        ttl,
        explicit_max_ttl: granted.explicit_max_ttl,
        period: granted.period,
        entity_id,
        bound_cidrs: granted.bound_cidrs.clone(),
        batch: granted.batch,
        ..TokenEntry::new(&request.path, environment.now)
    }
}
