//! Making a token and its lease.

use std::time::Duration;

use time::OffsetDateTime;

use crate::lease::{Grant, Lease};
use crate::logical::{Auth, Data, Environment};
use crate::state::State;
use crate::token::entry::TokenEntry;

/// A token to be made.
pub(crate) struct NewToken {
    pub(crate) entry: TokenEntry,
    pub(crate) renewable: bool,
    /// The longest lifetime that its auth method sets.
    pub(crate) max_ttl: Duration,
    /// What its auth method needs to renew it.
    pub(crate) internal: Data,
}

impl State {
    /// Makes a token with a lease of its lifetime, and tells the client of it. A lifetime of zero never ends.
    pub(crate) fn grant_token(&mut self, new: NewToken, environment: &Environment) -> Auth {
        let NewToken { entry, renewable, max_ttl, internal } = new;
        let mut auth = Auth {
            policies: entry.policies.clone(),
            token_policies: entry.policies.clone(),
            metadata: entry.meta.clone(),
            ttl: entry.ttl,
            renewable,
            entity_id: entry.entity_id.clone(),
            batch: entry.batch,
            orphan: entry.parent.is_empty(),
            num_uses: entry.num_uses,
            ..Auth::default()
        };
        if entry.batch {
            auth.renewable = false;
            auth.client_token = self.tokens.encode_batch(&entry, &environment.entropy);
            return auth;
        }
        let grant = Grant::Token {
            ttl: entry.ttl,
            max_ttl,
            explicit_max_ttl: entry.explicit_max_ttl,
            period: entry.period,
            num_uses: entry.num_uses,
            internal,
        };
        let (path, ttl) = (entry.path.clone(), entry.ttl);
        let name = self.tokens.add(entry, &environment.entropy);
        if let Some(entry) = self.tokens.get(&name) {
            auth.client_token = entry.id.clone();
            auth.accessor = entry.accessor.clone();
        }
        self.leases.put(Lease {
            id: token_lease(&path, &name),
            path,
            token: name,
            issued: environment.now,
            expires: (!ttl.is_zero()).then(|| environment.now + ttl),
            renewed: None,
            renewable,
            grant,
            attempts: 0,
            irrevocable: None,
        });
        auth
    }

    /// The token made when a server is initialised: it has no lease.
    pub(crate) fn grant_root(&mut self, path: &str, environment: &Environment) -> String {
        let entry = root_entry(path, "root", environment.now);
        let name = self.tokens.add(entry, &environment.entropy);
        self.tokens.get(&name).map(|entry| entry.id.clone()).unwrap_or_default()
    }
}

/// An orphan with the root policy that never ends.
pub(crate) fn root_entry(path: &str, display_name: &str, created: OffsetDateTime) -> TokenEntry {
    TokenEntry {
        policies: vec!["root".to_owned()],
        display_name: display_name.to_owned(),
        ..TokenEntry::new(path, created)
    }
}

/// The id of a token's own lease.
pub(crate) fn token_lease(path: &str, name: &str) -> String {
    format!("{path}/{name}")
}
