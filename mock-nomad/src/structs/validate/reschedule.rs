//! Reschedule policies.

use super::group::{SECOND, time};
use super::parts::{Faults, number, text};
use crate::structs::Opaque;

/// The shortest interval and the shortest delay, in nanoseconds.
const LEAST_INTERVAL: i64 = 15 * SECOND;
const LEAST_DELAY: i64 = 5 * SECOND;

/// How attempts follow each other, in nanoseconds.
struct Policy<'p> {
    attempts: i64,
    interval: i64,
    delay: i64,
    most_delay: i64,
    function: &'p str,
}

/// The faults of a policy that is in use.
pub(super) fn faults(block: &Opaque, faults: &mut Faults) {
    let policy = Policy {
        attempts: number(block, "Attempts"),
        interval: number(block, "Interval"),
        delay: number(block, "Delay"),
        most_delay: number(block, "MaxDelay"),
        function: text(block, "DelayFunction"),
    };
    let (attempts, is_unlimited) = (policy.attempts, block["Unlimited"] == true);
    if attempts <= 0 && !is_unlimited {
        return;
    }
    if attempts > 0 && policy.interval <= 0 {
        faults.add("Interval must be a non zero value if Attempts > 0");
    }
    if attempts > 0 && is_unlimited {
        faults.add(format!(
            "Reschedule Policy with Attempts = {attempts}, Interval = {}, and Unlimited = true is ambiguous",
            time(policy.interval)
        ));
        faults.add("If Attempts >0, Unlimited cannot also be set to true");
    }
    let are_delays_sound = delays(&policy, faults);
    if is_unlimited {
        return;
    }
    if policy.interval < LEAST_INTERVAL {
        faults.add(format!("Interval cannot be less than 15s (got {})", time(policy.interval)));
    }
    if are_delays_sound {
        room(&policy, faults);
    }
}

fn delays(policy: &Policy<'_>, faults: &mut Faults) -> bool {
    let mut found = Vec::new();
    if policy.delay < LEAST_DELAY {
        found.push(format!("Delay cannot be less than 5s (got {})", time(policy.delay)));
    }
    let function = policy.function;
    if !matches!(function, "constant" | "exponential" | "fibonacci") {
        found.push(format!(
            "Invalid delay function {function:?}, must be one of [\"constant\" \"exponential\" \"fibonacci\"]"
        ));
    }
    if function != "constant" {
        if policy.most_delay < LEAST_DELAY {
            // The real one tells the other delay, too.
            found.push(format!("Max Delay cannot be less than 5s (got {})", time(policy.delay)));
        }
        if policy.most_delay < policy.delay {
            let (delay, most) = (time(policy.delay), time(policy.most_delay));
            found.push(format!("Max Delay cannot be less than Delay {delay} (got {most})"));
        }
    }
    let are_sound = found.is_empty();
    found.into_iter().for_each(|fault| faults.add(fault));
    are_sound
}

/// Whether the interval has room for the attempts.
fn room(policy: &Policy<'_>, faults: &mut Faults) {
    let (possible, needed) = match policy.function {
        "constant" => constant(policy),
        "exponential" => exponential(policy),
        _ => fibonacci(policy),
    };
    let Some(possible) = possible else { return };
    let ceiling = match policy.function {
        "constant" => format!(" and delay function {:?}", policy.function),
        function => format!(", delay function {function:?}, and delay ceiling {}", time(policy.most_delay)),
    };
    faults.add(format!(
        "Nomad can only make {possible} attempts in {} with initial delay {}{ceiling}",
        time(policy.interval),
        time(policy.delay)
    ));
    let needed = needed.saturating_add(SECOND / 2) / SECOND * SECOND;
    faults.add(format!(
        "Set the interval to at least {} to accommodate {} attempts",
        time(needed),
        policy.attempts
    ));
}

/// How many attempts are possible where not all are, and how long an interval they would need.
type Room = (Option<i64>, i64);

fn constant(policy: &Policy<'_>) -> Room {
    let needed = policy.attempts.saturating_mul(policy.delay);
    ((policy.interval < needed).then(|| policy.interval / policy.delay), needed)
}

fn exponential(policy: &Policy<'_>) -> Room {
    let (mut possible, mut needed) = (0, 0_i64);
    for doublings in 0..policy.attempts {
        let delay = u32::try_from(doublings).ok().and_then(|doublings| 2_i64.checked_pow(doublings));
        let delay = delay.map_or(i64::MAX, |times| policy.delay.saturating_mul(times));
        needed = if delay > policy.most_delay { needed.saturating_add(policy.most_delay) } else { delay };
        possible += i64::from(needed < policy.interval);
        // From here on it only grows.
        if needed == i64::MAX {
            break;
        }
    }
    ((possible < policy.attempts).then_some(possible), needed)
}

fn fibonacci(policy: &Policy<'_>) -> Room {
    let mut slots = vec![policy.delay, policy.delay];
    let mut is_at_ceiling = false;
    while (slots.len() as i64) < policy.attempts && slots.last().is_some_and(|last| *last < i64::MAX) {
        let (last, before) = (slots[slots.len() - 1], slots[slots.len() - 2]);
        let next =
            if is_at_ceiling { last.saturating_add(policy.most_delay) } else { last.saturating_add(before) };
        let passes = !is_at_ceiling && next > policy.most_delay;
        is_at_ceiling |= passes;
        slots.push(if passes { policy.most_delay } else { next });
    }
    let needed = slots.last().copied().unwrap_or(0);
    let possible = || slots.iter().position(|slot| *slot > policy.interval).unwrap_or(0);
    ((policy.interval < needed).then(|| possible() as i64), needed)
}
