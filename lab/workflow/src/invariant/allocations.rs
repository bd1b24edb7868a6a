//! No allocation is lost or moved, and new ones start.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use time::OffsetDateTime;

use super::{Check, Invariant};
use crate::action::Job;
use crate::timeline::{Entry, Event};

/// The allocations that ran before the first step are the ones that run after the last.
pub(super) struct NoAllocationLost {
    jobs: BTreeSet<String>,
    known: BTreeSet<String>,
    has_begun: bool,
}

impl NoAllocationLost {
    pub(super) fn new(jobs: &[Job]) -> Self {
        let jobs = jobs.iter().map(|job| job.name.clone()).collect();
        Self { jobs, known: BTreeSet::new(), has_begun: false }
    }
}

impl Invariant for NoAllocationLost {
    fn observe(&mut self, entry: &Entry) -> Check {
        match &entry.event {
            Event::StepStarted { .. } => self.has_begun = true,
            Event::Allocation { id, job, name, node, desired, status, .. } if self.jobs.contains(job) => {
                let is_new = self.known.insert(id.clone());
                if !self.has_begun {
                    return Check::Nothing;
                }
                if is_new {
                    return Check::Failed(format!("{name} moved: it was placed again, on {node}"));
                }
                return match status.as_str() {
                    "lost" | "failed" | "unknown" | "complete" => {
                        Check::Failed(format!("{name} on {node} is {status}"))
                    }
                    _ if desired != "run" => Check::Failed(format!("{name} on {node} is to {desired}")),
                    _ => Check::Passed,
                };
            }
            Event::StepFinished { .. } if !self.known.is_empty() => return Check::Passed,
            _ => {}
        }
        Check::Nothing
    }
}

/// What a ready client is given it starts.
pub(super) struct NewWorkStarts {
    within: Duration,
    ready: BTreeSet<String>,
    pending: BTreeMap<String, Pending>,
}

struct Pending {
    name: String,
    node: String,
    since: OffsetDateTime,
}

impl NewWorkStarts {
    pub(super) fn new(within: Duration) -> Self {
        Self { within, ready: BTreeSet::new(), pending: BTreeMap::new() }
    }
}

impl Invariant for NewWorkStarts {
    fn observe(&mut self, entry: &Entry) -> Check {
        match &entry.event {
            Event::NodeStatus { node, status, .. } => {
                if status == "ready" {
                    self.ready.insert(node.clone());
                } else {
                    self.ready.remove(node);
                }
                Check::Nothing
            }
            Event::Allocation { id, name, node, desired, status, .. } => match status.as_str() {
                "pending" if desired == "run" && self.ready.contains(node) => {
                    let pending = Pending { name: name.clone(), node: node.clone(), since: entry.at };
                    self.pending.entry(id.clone()).or_insert(pending);
                    Check::Nothing
                }
                "running" => {
                    self.pending.remove(id);
                    Check::Passed
                }
                "pending" if desired == "run" => Check::Nothing,
                // It was given to a ready client and came to an end without ever having run.
                _ => match self.pending.remove(id) {
                    Some(Pending { name, node, .. }) => Check::Failed(format!(
                        "{name} was given to {node} while it was ready, and never started"
                    )),
                    None => Check::Nothing,
                },
            },
            _ => Check::Nothing,
        }
    }

    fn tick(&mut self, now: OffsetDateTime) -> Check {
        let late = self
            .pending
            .values()
            .find(|pending| self.ready.contains(&pending.node) && now - pending.since > self.within);
        match late {
            Some(Pending { name, node, since }) => {
                let seconds = (now - *since).whole_seconds();
                Check::Failed(format!("{node} is ready, but {name} has been pending on it for {seconds} s"))
            }
            None => Check::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::entry;
    use super::*;

    fn allocation(id: &str, job: &str, desired: &str, status: &str) -> Event {
        Event::Allocation {
            id: id.into(),
            job: job.into(),
            name: format!("{job}.{job}[0]"),
            node: "client-1".into(),
            desired: desired.into(),
            status: status.into(),
            was: None,
        }
    }

    fn ready() -> Event {
        Event::NodeStatus { node: "client-1".into(), status: "ready".into(), was: None }
    }

    #[test]
    fn a_lost_or_second_allocation_fails_and_other_jobs_do_not_count() {
        let mut invariant = NoAllocationLost::new(&[Job { name: "app".into(), system: false, count: 1 }]);
        let begun = Event::StepStarted { number: 1, summary: String::new() };
        assert_eq!(
            invariant.observe(&entry(0, "", allocation("a", "app", "run", "running"))),
            Check::Nothing
        );
        invariant.observe(&entry(1, "vault", begun));
        assert_eq!(
            invariant.observe(&entry(2, "vault", allocation("a", "app", "run", "running"))),
            Check::Passed
        );
        assert_eq!(
            invariant.observe(&entry(3, "vault", allocation("n", "new", "run", "lost"))),
            Check::Nothing
        );
        let lost = invariant.observe(&entry(4, "vault", allocation("a", "app", "run", "lost")));
        assert_eq!(lost, Check::Failed("app.app[0] on client-1 is lost".into()));
        let moved = invariant.observe(&entry(5, "vault", allocation("b", "app", "run", "pending")));
        assert_eq!(moved, Check::Failed("app.app[0] moved: it was placed again, on client-1".into()));
    }

    #[test]
    fn pending_on_a_ready_client_fails_after_a_while() {
        let mut invariant = NewWorkStarts::new(Duration::from_secs(30));
        invariant.observe(&entry(0, "", ready()));
        invariant.observe(&entry(10, "", allocation("n", "new", "run", "pending")));
        assert_eq!(invariant.tick(entry(40, "", ready()).at), Check::Nothing);
        let late = invariant.tick(entry(41, "", ready()).at);
        assert_eq!(
            late,
            Check::Failed("client-1 is ready, but new.new[0] has been pending on it for 31 s".into())
        );
        let lost = invariant.observe(&entry(50, "", allocation("n", "new", "stop", "lost")));
        assert!(matches!(lost, Check::Failed(_)));
    }
}
