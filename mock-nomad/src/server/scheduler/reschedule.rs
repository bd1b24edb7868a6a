//! When failed work is placed again.

use std::time::Duration;

use time::OffsetDateTime;

use super::{duration, from_nanos, nanos};
use crate::structs::{Allocation, RescheduleEvent, RescheduleTracker, TaskGroup};

/// What becomes of a failed allocation.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// It is replaced at once; the replacement's history.
    Now(RescheduleTracker),
    /// It is replaced then.
    At(OffsetDateTime),
    /// It is not replaced.
    Never,
}

/// Judges by the group's reschedule policy.
pub(super) fn judge(group: &TaskGroup, allocation: &Allocation, now: OffsetDateTime) -> Verdict {
    if !is_eligible(group, allocation, now) {
        return Verdict::Never;
    }
    let tracker = allocation.reschedule_tracker.clone().unwrap_or_default();
    let delay = next_delay(group, &tracker);
    let failed_at = allocation.finished_at().0.unwrap_or_else(|| from_nanos(allocation.modify_time));
    let due = failed_at + delay;
    // A second early is on time, as clocks of nodes and servers differ.
    if due > now + Duration::from_secs(1) {
        return Verdict::At(due);
    }
    let mut tracker = tracker;
    tracker.events.push(RescheduleEvent {
        reschedule_time: nanos(now),
        prev_alloc_id: allocation.id.clone(),
        prev_node_id: allocation.node_id.clone(),
        delay: i64::try_from(delay.as_nanos()).unwrap_or(i64::MAX),
    });
    tracker.last_reschedule = "ok".to_owned();
    Verdict::Now(tracker)
}

/// Whether a failed allocation may be placed anew.
pub(in crate::server) fn is_eligible(
    group: &TaskGroup,
    allocation: &Allocation,
    now: OffsetDateTime,
) -> bool {
    if group.flag("ReschedulePolicy", "Unlimited") {
        return true;
    }
    let number = |field: &str| group.number("ReschedulePolicy", field).unwrap_or(0);
    let window = now - duration(number("Interval"));
    let events = allocation.reschedule_tracker.iter().flat_map(|tracker| &tracker.events);
    let recent = events.filter(|event| from_nanos(event.reschedule_time) >= window).count();
    i64::try_from(recent).is_ok_and(|recent| recent < number("Attempts"))
}

fn next_delay(group: &TaskGroup, tracker: &RescheduleTracker) -> Duration {
    let number = |field: &str| group.number("ReschedulePolicy", field).unwrap_or(0);
    let base = duration(number("Delay"));
    let steps = u32::try_from(tracker.events.len()).unwrap_or(u32::MAX);
    let delay = match group.text("ReschedulePolicy", "DelayFunction") {
        Some("exponential") => base.saturating_mul(2_u32.saturating_pow(steps)),
        Some("fibonacci") => base.saturating_mul(fibonacci(steps)),
        _ => return base,
    };
    match number("MaxDelay") {
        0 => delay,
        max => delay.min(duration(max)),
    }
}

fn fibonacci(steps: u32) -> u32 {
    let (mut one, mut next) = (1_u32, 1_u32);
    for _ in 0..steps.min(64) {
        (one, next) = (next, one.saturating_add(next));
    }
    one
}
