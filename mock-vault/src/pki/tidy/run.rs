//! A tidy at work.

use time::OffsetDateTime;

use super::options::Options;
use crate::logical::Environment;
use crate::pki::engine::Pki;
use crate::pki::model::Stored;

/// How many certificates are looked at in one go, between which other requests are served.
const BATCH: usize = 1000;

/// The last tidy of a mount, and how far it is.
#[derive(Clone, Debug, Default)]
pub(in crate::pki) struct Tidying {
    pub(super) options: Options,
    pub(super) phase: Phase,
    pub(super) started: Option<OffsetDateTime>,
    pub(super) finished: Option<OffsetDateTime>,
    pub(super) message: Option<String>,
    pub(super) stored_deleted: u64,
    pub(super) revoked_deleted: u64,
    pub(super) missing_issuers: u64,
    /// When it goes on.
    next: Option<OffsetDateTime>,
    /// How many certificates there were when it began, and how many it has seen.
    total: usize,
    seen: usize,
    /// The last serial number it has seen.
    at: String,
}

/// Where a tidy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Inactive,
    Running,
    Cancelling,
    Cancelled,
    Finished,
}

impl Tidying {
    /// Begins; what is looked at follows from [`Pki::tidy_some`].
    pub(super) fn start(&mut self, options: Options, now: OffsetDateTime) {
        *self =
            Self { options, phase: Phase::Running, started: Some(now), next: Some(now), ..Self::default() };
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Cancelling)
    }

    /// Stops before the next certificate.
    pub(super) fn cancel(&mut self) {
        self.phase = Phase::Cancelling;
    }

    /// When it goes on; `None`: it does not run.
    pub(super) fn next(&self) -> Option<OffsetDateTime> {
        self.next.filter(|_| self.is_running())
    }

    fn end(&mut self, phase: Phase, now: OffsetDateTime) {
        self.phase = phase;
        self.message = None;
        self.next = None;
        self.finished = Some(now);
    }

    /// Whether a certificate goes.
    fn takes(&self, stored: &Stored, now: OffsetDateTime) -> bool {
        let asked =
            if stored.revoked.is_some() { self.options.revoked_certs } else { self.options.cert_store };
        asked && stored.not_after + self.options.safety_buffer < now
    }
}

impl Pki {
    /// Looks at some certificates; tells whether that was the end.
    pub(super) fn tidy_some(&mut self, environment: &Environment) -> bool {
        let now = environment.now;
        if self.tidying.phase == Phase::Cancelling {
            self.tidying.end(Phase::Cancelled, now);
            return false;
        }
        if self.tidying.seen == 0 {
            self.tidying.total = self.certificates.len();
        }
        let pause = self.tidying.options.pause();
        let batch = if pause.is_zero() { BATCH } else { 1 };
        if self.tidy_batch(batch, now) {
            self.tidying.next = Some(now + pause);
            let (at, total) = (self.tidying.seen, self.tidying.total);
            self.tidying.message = Some(format!("Tidying certificate store: checking entry {at} of {total}"));
            return false;
        }
        if self.tidying.revoked_deleted > 0 {
            self.rebuild_crls(environment);
        }
        if self.tidying.options.expired_issuers {
            self.tidy_issuers(now);
        }
        self.tidying.end(Phase::Finished, now);
        true
    }

    /// Looks at the next certificates; tells whether there may be more.
    fn tidy_batch(&mut self, size: usize, now: OffsetDateTime) -> bool {
        if !self.tidying.options.cert_store && !self.tidying.options.revoked_certs {
            return false;
        }
        let mut seen = 0;
        let mut over = Vec::new();
        let mut last = None;
        for (serial, stored) in self.certificates.after(&self.tidying.at).take(size) {
            seen += 1;
            last = Some(serial.clone());
            if self.tidying.takes(stored, now) {
                over.push((serial.clone(), stored.revoked.is_some()));
            }
        }
        for (serial, revoked) in over {
            self.certificates.remove(&serial);
            if revoked {
                self.tidying.revoked_deleted += 1;
            } else {
                self.tidying.stored_deleted += 1;
            }
        }
        self.tidying.seen += seen;
        self.tidying.at = last.unwrap_or_default();
        seen == size
    }

    /// The default issuer stays, however old it is.
    fn tidy_issuers(&mut self, now: OffsetDateTime) {
        let default = self.defaults.get().issuer.clone();
        let buffer = self.tidying.options.issuer_safety_buffer;
        let over: Vec<String> = self
            .issuers
            .values()
            .filter(|issuer| issuer.id != default && issuer.certificate.0.not_after() + buffer < now)
            .map(|issuer| issuer.id.clone())
            .collect();
        for id in over {
            self.issuers.remove(&id);
        }
        self.rebuild_chains();
    }
}
