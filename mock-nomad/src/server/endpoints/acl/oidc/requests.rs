//! Logins that have begun and not come back yet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lab_world::Entropy;
use time::{Duration, OffsetDateTime};

/// How long a provider may take to send somebody back.
const LIFE: Duration = Duration::seconds(60);
/// How long it is remembered that somebody was sent away.
const MEMORY: Duration = Duration::minutes(6);
/// How many random characters are in a state, and in the secret behind a challenge.
const STATE: usize = 20;
const VERIFIER: usize = 43;

/// The logins that a server has sent to a provider, by the caller's nonce. They are its own, as the real one's are.
#[derive(Debug, Default)]
pub(in crate::server) struct LoginRequests(Mutex<BTreeMap<String, LoginRequest>>);

/// A login that somebody was sent to a provider with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoginRequest {
    /// The caller's, which the provider's token must repeat.
    pub(super) nonce: String,
    /// Which the provider must send back.
    pub(super) state: String,
    /// Where the provider sends people.
    pub(super) redirect_uri: String,
    /// The secret whose digest the provider is told before.
    pub(super) verifier: Option<String>,
    began: OffsetDateTime,
}

impl LoginRequest {
    /// Whether the provider has taken too long.
    pub(super) fn is_expired(&self, now: OffsetDateTime) -> bool {
        now - self.began > LIFE
    }
}

impl LoginRequests {
    /// Begins a login; who asks again with the same nonce is given the same.
    pub(super) fn begin(
        &self,
        nonce: &str,
        redirect_uri: &str,
        challenge: bool,
        now: OffsetDateTime,
        random: &Entropy,
    ) -> LoginRequest {
        let mut requests = self.of_now(now);
        let begin = || LoginRequest {
            nonce: nonce.to_owned(),
            state: format!("st_{}", random.alphanumeric(STATE)),
            redirect_uri: redirect_uri.to_owned(),
            verifier: challenge.then(|| random.alphanumeric(VERIFIER)),
            began: now,
        };
        requests.entry(nonce.to_owned()).or_insert_with(begin).clone()
    }

    /// Ends a login, however it goes on.
    pub(super) fn take(&self, nonce: &str, now: OffsetDateTime) -> Option<LoginRequest> {
        self.of_now(now).remove(nonce)
    }

    fn of_now(&self, now: OffsetDateTime) -> MutexGuard<'_, BTreeMap<String, LoginRequest>> {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.retain(|_, request| now - request.began < MEMORY);
        requests
    }
}
