//! How often a task that ended is started again.

use std::time::Duration;

use lab_world::{Entropy, format_duration};
use time::OffsetDateTime;

use crate::structs::{Opaque, Task, TaskGroup};

/// `restart { }` of a task, or else of its group, with the restarts of its interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Restarts {
    attempts: usize,
    delay: Duration,
    interval: Duration,
    /// Whether it waits for the next interval instead of giving up.
    waits: bool,
    /// Whether a good end is the end.
    may_end: bool,
    recent: Vec<OffsetDateTime>,
}

/// What to do with a task that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is done, and well.
    Done,
    /// It is started again after this time, for this reason.
    Restart(Duration, &'static str),
    /// It has failed, for this reason.
    Fail(String),
}

impl Restarts {
    pub(super) fn of(group: &TaskGroup, task: &Task, may_end: bool) -> Self {
        let own = task.rest.get("RestartPolicy").filter(|policy| policy.is_object());
        let policy = own.or_else(|| group.rest.get("RestartPolicy"));
        let get = |field: &str| policy.and_then(|policy| policy.get(field));
        let number = |field: &str| get(field).and_then(Opaque::as_u64).unwrap_or_default();
        Self {
            attempts: usize::try_from(number("Attempts")).unwrap_or_default(),
            delay: Duration::from_nanos(number("Delay")),
            interval: Duration::from_nanos(number("Interval")),
            waits: get("Mode").and_then(Opaque::as_str) == Some("delay"),
            may_end,
            recent: Vec::new(),
        }
    }

    /// What becomes of a task that ended with this status.
    pub(super) fn judge(&mut self, code: i32, now: OffsetDateTime, entropy: &Entropy) -> Verdict {
        if self.may_end && code == 0 {
            return Verdict::Done;
        }
        self.recent.retain(|at| *at + self.interval > now);
        if self.attempts == 0 && !self.waits {
            return Verdict::Fail("Policy allows no restarts".to_owned());
        }
        if self.recent.len() < self.attempts {
            self.recent.push(now);
            let jitter = entropy.duration(Duration::ZERO..self.delay / 4);
            return Verdict::Restart(self.delay + jitter, "Restart within policy");
        }
        if self.waits {
            let first = self.recent.first().copied().unwrap_or(now);
            self.recent.push(now);
            let left = (first + self.interval - now).max(time::Duration::ZERO).unsigned_abs();
            return Verdict::Restart(left.max(self.delay), "Exceeded allowed attempts, applying a delay");
        }
        let (attempts, interval) = (self.attempts, format_duration(self.interval));
        Verdict::Fail(format!(
            "Exceeded allowed attempts {attempts} in interval {interval} and mode is \"fail\""
        ))
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    fn restarts(policy: serde_json::Value, may_end: bool) -> Restarts {
        let task = serde_json::from_value(json!({"Name": "t", "RestartPolicy": policy})).expect("a task");
        Restarts::of(&TaskGroup::default(), &task, may_end)
    }

    #[test]
    fn attempts_are_counted_within_an_interval() {
        let entropy = Entropy::seeded(1);
        let now = lab_world::DEFAULT_EPOCH;
        let second = 1_000_000_000_u64;
        let policy = json!({"Attempts": 1, "Delay": second, "Interval": 60 * second, "Mode": "fail"});
        let mut counted = restarts(policy.clone(), false);
        assert!(matches!(counted.judge(3, now, &entropy), Verdict::Restart(_, "Restart within policy")));
        assert_eq!(
            counted.judge(0, now, &entropy),
            Verdict::Fail("Exceeded allowed attempts 1 in interval 1m0s and mode is \"fail\"".into())
        );
        let later = now + Duration::from_secs(61);
        assert!(matches!(counted.judge(3, later, &entropy), Verdict::Restart(..)));
        assert_eq!(restarts(policy, true).judge(0, now, &entropy), Verdict::Done);
        let none = json!({"Attempts": 0, "Interval": 60 * second, "Mode": "fail"});
        assert_eq!(
            restarts(none, true).judge(1, now, &entropy),
            Verdict::Fail("Policy allows no restarts".into())
        );
    }
}
