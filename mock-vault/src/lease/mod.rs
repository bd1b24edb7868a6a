//! Leases: what was granted for a time, and what happens when the time is over.

mod expire;
mod ttl;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::logical::Data;
use crate::storage::{Table, Writes, moment};

pub(crate) use self::ttl::{Terms, calculate};

/// What a lease is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Grant {
    /// A secret of an engine, with what the engine needs to renew or revoke it.
    Secret { ttl: Duration, max_ttl: Duration, internal: Data },
    /// A token, with what its auth method needs to renew it.
    Token {
        ttl: Duration,
        max_ttl: Duration,
        explicit_max_ttl: Duration,
        period: Duration,
        /// As it was when the token was made.
        #[serde(default)]
        num_uses: i64,
        internal: Data,
    },
}

/// Something granted for a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lease {
    pub(crate) id: String,
    /// The path of the request that it came from.
    pub(crate) path: String,
    /// The token it belongs to, by the token store's name for it.
    pub(crate) token: String,
    #[serde(with = "moment")]
    pub(crate) issued: OffsetDateTime,
    /// `None`: never.
    #[serde(with = "moment::option")]
    pub(crate) expires: Option<OffsetDateTime>,
    #[serde(with = "moment::option")]
    pub(crate) renewed: Option<OffsetDateTime>,
    pub(crate) renewable: bool,
    pub(crate) grant: Grant,
    /// How often revoking it failed.
    pub(crate) attempts: u32,
    /// Why it cannot be revoked, once that is given up.
    pub(crate) irrevocable: Option<String>,
}

impl Lease {
    /// What is left of it at `now`, in whole seconds; zero where it never expires.
    pub(crate) fn remaining(&self, now: OffsetDateTime) -> i64 {
        self.expires.map_or(0, |expires| (expires - now).whole_seconds().max(0))
    }

    /// Sets what a renewal that asks for nothing gives: what the last one gave.
    pub(crate) fn regrant(&mut self, granted: Duration) {
        match &mut self.grant {
            Grant::Secret { ttl, .. } | Grant::Token { ttl, .. } => *ttl = granted,
        }
    }
}

/// The leases by id, by token, and by the time at which something has to be done about them.
#[derive(Default)]
pub(crate) struct Leases {
    table: Table<Lease>,
    by_token: BTreeMap<String, BTreeSet<String>>,
    by_deadline: BTreeSet<(OffsetDateTime, String)>,
}

impl Leases {
    /// The lease of that id.
    pub(crate) fn get(&self, id: &str) -> Option<&Lease> {
        self.table.get(id)
    }

    /// Puts a lease in, or in place of the one with its id.
    pub(crate) fn put(&mut self, lease: Lease) {
        self.remove(&lease.id.clone());
        self.index(&lease);
        self.table.insert(lease.id.clone(), lease);
    }

    /// Takes a lease out.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Lease> {
        let lease = self.table.remove(id)?;
        if let Some(ids) = self.by_token.get_mut(&lease.token) {
            ids.remove(id);
            if ids.is_empty() {
                self.by_token.remove(&lease.token);
            }
        }
        if let Some(expires) = lease.expires {
            self.by_deadline.remove(&(expires, id.to_owned()));
        }
        Some(lease)
    }

    /// The ids of what a token was granted, its own lease among them.
    pub(crate) fn of_token(&self, token: &str) -> Vec<String> {
        self.by_token.get(token).into_iter().flatten().cloned().collect()
    }

    /// The ids that begin with `prefix`.
    pub(crate) fn under(&self, prefix: &str) -> Vec<String> {
        self.table.under(prefix).map(|(id, _)| id.clone()).collect()
    }

    /// Every lease, in order of id.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Lease> {
        self.table.values()
    }

    /// What a list of the "directory" `prefix` shows.
    pub(crate) fn list(&self, prefix: &str) -> Vec<String> {
        self.table.list(prefix)
    }

    /// When something has to be done next.
    pub(crate) fn next_deadline(&self) -> Option<OffsetDateTime> {
        self.by_deadline.first().map(|(deadline, _)| *deadline)
    }

    /// The ids of the leases that are over at `now`, the oldest first, at most `limit` of them.
    pub(crate) fn due(&self, now: OffsetDateTime, limit: usize) -> Vec<String> {
        self.by_deadline
            .iter()
            .take_while(|(deadline, _)| *deadline <= now)
            .take(limit)
            .map(|(_, id)| id.clone())
            .collect()
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.table.flush("sys/expire/", writes);
    }

    pub(crate) fn load(&mut self, id: &str, bytes: &[u8]) -> Result<(), String> {
        self.table.load(id, bytes)?;
        if let Some(lease) = self.table.get(id).cloned() {
            self.index(&lease);
        }
        Ok(())
    }

    fn index(&mut self, lease: &Lease) {
        if !lease.token.is_empty() {
            self.by_token.entry(lease.token.clone()).or_default().insert(lease.id.clone());
        }
        if let (Some(expires), None) = (lease.expires, &lease.irrevocable) {
            self.by_deadline.insert((expires, lease.id.clone()));
        }
    }
}
