//! `check_restart`: restarts tasks whose checks fail for too long.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;
use std::time::Duration;

use time::OffsetDateTime;

use super::definition::Check;
use super::result::Status;
use crate::client::runner::Runner;
use crate::client::task::Request;
use crate::client::{Client, events};

/// How often results are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What a check may do to tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    id: String,
    check: String,
    /// The task that is restarted; empty for all.
    task: String,
    /// How long after a start it may fail.
    grace: Duration,
    /// How long it may go on failing.
    patience: Duration,
}

impl Rule {
    /// That of a check; `None`: it restarts nothing.
    pub(super) fn of(check: &Check) -> Option<Self> {
        let (limit, grace) = check.restart?;
        Some(Self {
            id: check.id.clone(),
            check: check.name.clone(),
            task: check.task.clone(),
            grace,
            patience: check.interval.saturating_mul(limit.saturating_sub(1)),
        })
    }
}

/// Watches over an allocation's checks for as long as it is here.
pub(super) async fn watch(client: Weak<Client>, runner: Runner, rules: Vec<Rule>) {
    let Some(clock) = client.upgrade().map(|client| client.parts.host.clock.clone()) else { return };
    let mut watched = Watched::from(clock.now());
    loop {
        clock.sleep(watched.pause(&runner, &rules, clock.now())).await;
        let now = clock.now();
        for rule in watched.due(&runner, &rules, now) {
            let event =
                events::restart_signaled(&format!("healthcheck: check {:?} unhealthy", rule.check), now);
            for task in running(&runner, &rule.task) {
                // One that is over needs no restart.
                let _ = runner.ask(&task, Request::RestartFailed(event.clone()));
            }
        }
    }
}

/// Since when checks fail, and since when they are looked at.
struct Watched {
    failing: BTreeMap<String, OffsetDateTime>,
    /// The starts of tasks that were told to restart, and for all tasks the moment when they were.
    told: BTreeMap<String, OffsetDateTime>,
}

impl Watched {
    fn from(now: OffsetDateTime) -> Self {
        Self { failing: BTreeMap::new(), told: [(String::new(), now)].into() }
    }

    /// The rules by which something is restarted now: one for each task, and one for all.
    fn due<'a>(&mut self, runner: &Runner, rules: &'a [Rule], now: OffsetDateTime) -> Vec<&'a Rule> {
        let mut due: BTreeMap<&str, &Rule> = BTreeMap::new();
        for rule in rules {
            if due.contains_key(rule.task.as_str()) {
                continue;
            }
            let fails = match runner.checks().status(&rule.id) {
                Some(Status::Pending | Status::Failure) => true,
                Some(Status::Success) | None => false,
            };
            let counts = self.since(runner, rule).is_some_and(|since| now >= since + rule.grace);
            if !fails || !counts {
                self.failing.remove(&rule.id);
                continue;
            }
            let first = *self.failing.entry(rule.id.clone()).or_insert(now);
            if now >= first + rule.patience {
                due.insert(&rule.task, rule);
            }
        }
        let told: BTreeSet<&str> = due.keys().copied().collect();
        for rule in rules.iter().filter(|rule| told.contains(rule.task.as_str())) {
            self.failing.remove(&rule.id);
            let start = if rule.task.is_empty() { Some(now) } else { runner.task(&rule.task).started_at.0 };
            self.told.insert(rule.task.clone(), start.unwrap_or(now));
        }
        due.into_values().collect()
    }

    /// How long until the next look: whole seconds after a start.
    fn pause(&self, runner: &Runner, rules: &[Rule], now: OffsetDateTime) -> Duration {
        let since = rules.iter().filter_map(|rule| self.since(runner, rule)).max();
        let gone = since.map_or(0, |since| (now - since).unsigned_abs().subsec_nanos());
        LOOK - Duration::from_nanos(gone.into())
    }

    /// Since when a check counts: the start of its task, or for all tasks when they were last restarted. `None`: its
    /// task does not run, or was told to restart and has not yet.
    fn since(&self, runner: &Runner, rule: &Rule) -> Option<OffsetDateTime> {
        let told = self.told.get(&rule.task).copied();
        if rule.task.is_empty() {
            return told;
        }
        let task = runner.task(&rule.task);
        task.started_at.0.filter(|start| task.state == "running" && told != Some(*start))
    }
}

/// The tasks to restart: the one named, or all that run.
fn running(runner: &Runner, named: &str) -> Vec<String> {
    let state = runner.state();
    let wanted = |name: &str| named.is_empty() || name == named;
    let running = state.tasks.iter().filter(|(name, task)| wanted(name) && task.state == "running");
    running.map(|(name, _)| name.clone()).collect()
}
