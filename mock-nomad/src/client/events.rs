//! The events of a task's life, in the words of the real program.

use std::time::Duration;

use lab_world::{Ended, format_duration};
use time::OffsetDateTime;

use crate::structs::TaskEvent;

pub(super) fn received(now: OffsetDateTime) -> TaskEvent {
    TaskEvent::new("Received", "Task received by client", now)
}

pub(super) fn setup(now: OffsetDateTime) -> TaskEvent {
    let text = "Building Task Directory";
    TaskEvent { message: text.to_owned(), ..TaskEvent::new("Task Setup", text, now) }.detail("message", text)
}

pub(super) fn setup_failure(text: &str, now: OffsetDateTime) -> TaskEvent {
    TaskEvent { setup_error: text.to_owned(), fails_task: true, ..TaskEvent::new("Setup Failure", text, now) }
        .detail("setup_error", text)
        .detail("fails_task", "true")
}

pub(super) fn started(now: OffsetDateTime) -> TaskEvent {
    TaskEvent::new("Started", "Task started by client", now)
}

pub(super) fn driver_failure(text: &str, now: OffsetDateTime) -> TaskEvent {
    TaskEvent { driver_error: text.to_owned(), ..TaskEvent::new("Driver Failure", text, now) }
        .detail("driver_error", text)
}

pub(super) fn terminated(ended: Ended, now: OffsetDateTime) -> TaskEvent {
    let Ended { code, signal } = ended;
    let text = match signal {
        0 => format!("Exit Code: {code}"),
        signal => format!("Exit Code: {code}, Signal: {signal}"),
    };
    let event = TaskEvent {
        exit_code: code.into(),
        signal: signal.into(),
        ..TaskEvent::new("Terminated", text, now)
    };
    event
        .detail("exit_code", code.to_string())
        .detail("signal", signal.to_string())
        .detail("oom_killed", "false")
}

/// It is started again after `wait`; the reason is empty where somebody asked for it.
pub(super) fn restarting(wait: Duration, reason: &str, now: OffsetDateTime) -> TaskEvent {
    let delay = i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX);
    TaskEvent {
        start_delay: delay,
        restart_reason: reason.to_owned(),
        ..TaskEvent::new("Restarting", format!("Task restarting in {}", format_duration(wait)), now)
    }
    .detail("start_delay", delay.to_string())
    .detail("restart_reason", reason)
}

pub(super) fn not_restarting(reason: &str, now: OffsetDateTime) -> TaskEvent {
    TaskEvent {
        restart_reason: reason.to_owned(),
        fails_task: true,
        ..TaskEvent::new("Not Restarting", reason, now)
    }
    .detail("restart_reason", reason)
    .detail("fails_task", "true")
}

/// It is asked to end, and has `patience` for it.
pub(super) fn killing(patience: Duration, now: OffsetDateTime) -> TaskEvent {
    let text = format_duration(patience);
    let shown = format!("Sent interrupt. Waiting {text} before force killing");
    TaskEvent {
        kill_timeout: i64::try_from(patience.as_nanos()).unwrap_or(i64::MAX),
        ..TaskEvent::new("Killing", shown, now)
    }
    .detail("kill_timeout", text)
}

/// It is ended for this reason, and has failed with it.
pub(super) fn killing_because(reason: &str, now: OffsetDateTime) -> TaskEvent {
    TaskEvent { message: reason.to_owned(), fails_task: true, ..TaskEvent::new("Killing", reason, now) }
        .detail("fails_task", "true")
}

pub(super) fn killed(now: OffsetDateTime) -> TaskEvent {
    TaskEvent::new("Killed", "Task successfully killed", now)
}

pub(super) fn sibling_failed(name: &str, now: OffsetDateTime) -> TaskEvent {
    let text = format!("Task's sibling {name:?} failed");
    TaskEvent { failed_sibling: name.to_owned(), ..TaskEvent::new("Sibling Task Failed", text, now) }
        .detail("failed_sibling", name)
}

pub(super) fn leader_dead(now: OffsetDateTime) -> TaskEvent {
    TaskEvent::new("Leader Task Dead", "Leader Task in Group dead", now)
}

pub(super) fn main_dead(now: OffsetDateTime) -> TaskEvent {
    TaskEvent::new("Main Tasks Dead", "Main tasks in the group died", now)
}

pub(super) fn restart_signaled(reason: &str, now: OffsetDateTime) -> TaskEvent {
    TaskEvent { restart_reason: reason.to_owned(), ..TaskEvent::new("Restart Signaled", reason, now) }
        .detail("restart_reason", reason)
}

/// It is sent a signal; the reason is empty where somebody asked for it.
pub(super) fn signaling(signal: &str, reason: &str, now: OffsetDateTime) -> TaskEvent {
    let text = match reason {
        "" => "Task being sent a signal".to_owned(),
        reason => format!("Task being sent signal {signal}: {reason}"),
    };
    let event = TaskEvent {
        task_signal: signal.to_owned(),
        task_signal_reason: reason.to_owned(),
        ..TaskEvent::new("Signaling", text, now)
    };
    match reason {
        "" => event.detail("signal", signal),
        reason => event.detail("signal", signal).detail("task_signal_reason", reason),
    }
}

/// Why the allocation counts as broken, as far as it is the task's fault.
pub(super) fn unhealthy(text: &str, now: OffsetDateTime) -> TaskEvent {
    hook("Alloc Unhealthy", text, now)
}

/// What a hook has to say.
pub(super) fn hook(kind: &str, text: &str, now: OffsetDateTime) -> TaskEvent {
    TaskEvent { message: text.to_owned(), ..TaskEvent::new(kind, text, now) }.detail("message", text)
}
