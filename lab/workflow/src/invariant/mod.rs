//! What must hold, watched over the timeline as it grows.

mod allocations;
mod certificates;
mod clients;
mod connections;
mod quorum;
mod roles;
mod secrets;

use std::sync::{Arc, Mutex};

use time::OffsetDateTime;

use crate::scenario::{InvariantSpec, Plan};
use crate::timeline::{Entry, Event, FindingState};
use crate::verdict::{Finding, Violation};

/// The texts that must never show in a timeline.
pub(crate) type Secrets = Arc<Mutex<Vec<String>>>;

/// An observer of the timeline. It never looks anywhere else, so that a replayed timeline gives the same verdicts.
pub(crate) trait Invariant: Send {
    /// Looks at a new entry.
    fn observe(&mut self, entry: &Entry) -> Check;

    /// Looks at the time, for what must not last too long.
    fn tick(&mut self, _now: OffsetDateTime) -> Check {
        Check::Nothing
    }
}

/// What an invariant makes of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// It says nothing about it.
    Nothing,
    /// It could have failed and did not.
    Passed,
    /// It failed; the evidence in words.
    Failed(String),
}

/// An invariant with what became of it so far.
pub(crate) struct Watched {
    spec: InvariantSpec,
    invariant: Box<dyn Invariant>,
    checks: u64,
    violation: Option<Violation>,
}

impl Watched {
    /// Watches all invariants of a plan.
    pub(crate) fn all(plan: &Plan, secrets: &Secrets) -> Vec<Self> {
        plan.invariants
            .iter()
            .map(|spec| {
                let invariant = build(spec, plan, secrets);
                Self { spec: spec.clone(), invariant, checks: 0, violation: None }
            })
            .collect()
    }

    /// Shows it an entry; a first failure is returned as the event to record.
    pub(crate) fn observe(&mut self, entry: &Entry) -> Option<Event> {
        let check = self.invariant.observe(entry);
        self.count(check, entry)
    }

    /// Shows it the time; `last` is the newest entry.
    pub(crate) fn tick(&mut self, now: OffsetDateTime, last: &Entry) -> Option<Event> {
        let check = self.invariant.tick(now);
        self.count(check, last)
    }

    fn count(&mut self, check: Check, entry: &Entry) -> Option<Event> {
        if check != Check::Nothing {
            self.checks += 1;
        }
        let Check::Failed(evidence) = check else { return None };
        if self.violation.is_some() {
            return None;
        }
        self.violation =
            Some(Violation { step: entry.step.clone(), by: entry.seq, evidence: evidence.clone() });
        Some(Event::Violation { invariant: self.spec.name().to_owned(), by: entry.seq, evidence })
    }

    /// How it stands.
    pub(crate) fn finding(&self) -> Finding {
        let state = match (&self.violation, self.checks) {
            (Some(_), _) => FindingState::Violated,
            (None, 0) => FindingState::NotExercised,
            (None, _) => FindingState::Held,
        };
        Finding {
            invariant: self.spec.name().to_owned(),
            description: self.spec.describe().to_owned(),
            state,
            checks: self.checks,
            violation: self.violation.clone(),
        }
    }
}

fn build(spec: &InvariantSpec, plan: &Plan, secrets: &Secrets) -> Box<dyn Invariant> {
    match spec {
        InvariantSpec::Quorum { longest_election } => Box::new(quorum::Quorum::new(*longest_election)),
        InvariantSpec::NoClientDown => Box::new(clients::NoClientDown::default()),
        InvariantSpec::NoAllocationLost => Box::new(allocations::NoAllocationLost::new(&plan.jobs)),
        InvariantSpec::NewWorkStarts { within } => Box::new(allocations::NewWorkStarts::new(*within)),
        InvariantSpec::NoPlaintext { after } => Box::new(connections::NoPlaintext::new(after)),
        InvariantSpec::RoleAndRegion { after } => Box::new(roles::RoleAndRegion::new(after)),
        InvariantSpec::KeyMatchesCertificate => Box::new(certificates::KeyMatchesCertificate),
        InvariantSpec::CertificatesFresh { max_age } => {
            Box::new(certificates::CertificatesFresh::new(*max_age))
        }
        InvariantSpec::NoStaleConnection { after } => Box::new(connections::NoStaleConnection::new(after)),
        InvariantSpec::NoSecret => Box::new(secrets::NoSecret::new(secrets)),
    }
}

/// Whether a step's actions are done: from then on some invariants hold.
#[derive(Clone, Debug)]
struct After {
    step: String,
    is_past: bool,
}

impl After {
    fn new(step: &str) -> Self {
        Self { step: step.to_owned(), is_past: false }
    }

    /// Whether it is past with this entry.
    fn is_past(&mut self, entry: &Entry) -> bool {
        self.is_past |= match &entry.event {
            Event::StepFinished { .. } => entry.step == self.step,
            Event::StepSkipped { skipped: name } | Event::StepDoneBefore { done: name } => *name == self.step,
            _ => false,
        };
        self.is_past
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use time::macros::datetime;

    /// An entry at some second of a day, in a step.
    pub(crate) fn entry(second: i64, step: &str, event: Event) -> Entry {
        let at = datetime!(2026-01-05 09:00 UTC) + time::Duration::seconds(second);
        Entry { v: 1, seq: second.unsigned_abs(), at, step: step.to_owned(), event }
    }

    pub(crate) fn finished(second: i64, step: &str) -> Entry {
        entry(second, step, Event::StepFinished { took_ms: 0 })
    }
}
