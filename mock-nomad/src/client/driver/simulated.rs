//! A simulated task: it runs until it is stopped, or as long as its configuration says. It serves every port it is asked
//! for, and its checks pass.
//!
//! Its settings, in its configuration or its meta: `run_for` and `exit_code` say how it ends, `stdout_string` and
//! `stderr_string` what it says. `failing_checks` names the checks that fail, separated by commas, or is `*` for all of
//! them; `fail_after` and `fail_for` say when they do, from its start on: at once and for good where they are not given.

use std::time::Duration;

use lab_world::{Clock, Ended, parse_duration};
use time::OffsetDateTime;

use super::Start;
use crate::structs::{Opaque, Task};

/// How long a task takes to end when asked.
const KILL: Duration = Duration::from_millis(100);

/// A simulated task that runs.
pub(in crate::client) struct Simulated {
    clock: Clock,
    /// When it ends by itself; `None`: never.
    ends: Option<OffsetDateTime>,
    code: i32,
}

impl Simulated {
    /// Starts one; what it is told to say goes into its logs.
    pub(super) fn start(start: &Start<'_>) -> Self {
        let log = |kind: &str, setting_name: &str| {
            if let Some(text) = setting(start.task, setting_name) {
                let text = start.environment.interpolate(&text);
                // A log that cannot be written does not stop a task.
                let _ =
                    start.host.disk.append(start.directory.log(&start.task.name, kind), format!("{text}\n"));
            }
        };
        log("stdout", "stdout_string");
        log("stderr", "stderr_string");
        Self::since(start, start.host.clock.now())
    }

    /// One that was started at that time.
    pub(super) fn since(start: &Start<'_>, since: OffsetDateTime) -> Self {
        let code = setting(start.task, "exit_code").and_then(|code| code.parse().ok());
        let code = code.unwrap_or_else(|| i32::from(command_name(start.task) == "false"));
        let ends = runs_for(start.task, start.may_end).map(|runs_for| since + runs_for);
        Self { clock: start.host.clock.clone(), ends, code }
    }

    pub(super) async fn ended(&mut self) -> Ended {
        match self.ends {
            Some(ends) => self.clock.sleep_until(ends).await,
            None => std::future::pending().await,
        }
        Ended { code: self.code, signal: 0 }
    }

    pub(super) async fn kill(self) -> Ended {
        self.clock.sleep(KILL).await;
        Ended { code: 130, signal: 2 }
    }
}

/// Whether a check of a task that has run for so long passes.
pub(in crate::client) fn passes(task: &Task, check: &str, ran: Duration) -> bool {
    let failing = setting(task, "failing_checks").unwrap_or_default();
    if !failing.split(',').map(str::trim).any(|name| name == "*" || name == check) {
        return true;
    }
    let time = |name: &str| setting(task, name).and_then(|text| parse_duration(&text).ok());
    let begin = time("fail_after").unwrap_or_default();
    let end = time("fail_for").map(|length| begin.saturating_add(length));
    ran < begin || end.is_some_and(|end| ran >= end)
}

/// What the task runs, without the directory it is in.
fn command_name(task: &Task) -> &str {
    let command = task.config.as_ref().and_then(|config| config.get("command")).and_then(Opaque::as_str);
    command.unwrap_or_default().rsplit('/').next().unwrap_or_default()
}

/// `run_for` of the task's configuration or meta; of those that may end by themselves `sleep` sleeps, and other commands take
/// a second.
fn runs_for(task: &Task, may_end: bool) -> Option<Duration> {
    if let Some(told) = setting(task, "run_for").and_then(|text| parse_duration(&text).ok()) {
        return Some(told);
    }
    if !may_end {
        return None;
    }
    let arguments = task.config.as_ref().and_then(|config| config.get("args"));
    let first = arguments.and_then(|args| args.get(0)).and_then(Opaque::as_str);
    if command_name(task) == "sleep" {
        let seconds = first.and_then(|text| text.parse::<u64>().ok()).map(Duration::from_secs);
        return seconds.or_else(|| first.and_then(|text| parse_duration(text).ok())).or(Some(Duration::ZERO));
    }
    Some(Duration::from_secs(1))
}

/// A setting of the simulated driver: in the task's configuration, as the real mock driver has it, or in its meta.
fn setting(task: &Task, name: &str) -> Option<String> {
    let config = task.config.as_ref().and_then(|config| config.get(name));
    match config {
        Some(Opaque::String(text)) => Some(text.clone()),
        Some(value @ Opaque::Number(_)) => Some(value.to_string()),
        _ => task.meta.as_ref().and_then(|meta| meta.get(name)).cloned(),
    }
}
