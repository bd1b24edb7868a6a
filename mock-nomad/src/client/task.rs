//! A simulated task: it runs until it is stopped, or as long as its configuration says.

use std::path::Path;
use std::sync::Weak;
use std::time::Duration;

use lab_world::{format_duration, parse_duration};
use time::OffsetDateTime;

use super::Client;
use super::runner::Runner;
use crate::structs::{Job, Opaque, Task, TaskEvent, TaskGroup};

/// How long a task takes to be set up, and to end when asked.
const SETUP: Duration = Duration::from_millis(50);
const KILL: Duration = Duration::from_millis(100);

/// What a task does by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Script {
    /// How long it runs; `None`: until it is stopped.
    runs_for: Option<Duration>,
    exit_code: i64,
    restarts: u64,
    delay: Duration,
    interval: Duration,
    /// Whether it waits for the next interval instead of failing.
    waits: bool,
    /// Whether an end without an error is the end.
    may_end: bool,
}

/// What ended a task's run.
enum End {
    Exited,
    Stopped,
}

/// Lives a task's life. `client` is weak: the task must not keep the agent alive.
pub(super) async fn run(client: Weak<Client>, runner: Runner, name: String) {
    let Some((script, mut begun)) = begin(&client, &runner, &name).await else { return };
    let mut recent = Vec::new();
    let mut stopping = runner.stopping();
    loop {
        let Some(clock) = client.upgrade().map(|client| client.parts.host.clock.clone()) else { return };
        let end = tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => End::Stopped,
            () = until(&clock, script.runs_for.map(|runs_for| begun + runs_for)) => End::Exited,
        };
        let Some(strong) = client.upgrade() else { return };
        if matches!(end, End::Stopped) {
            drop(strong);
            clock.sleep(KILL).await;
            let Some(strong) = client.upgrade() else { return };
            kill(&strong, &runner, &name);
            return;
        }
        let Some(wait) = exited(&strong, &runner, &name, &script, &mut recent) else { return };
        drop(strong);
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => {
                let Some(strong) = client.upgrade() else { return };
                finish(&strong, &runner, &name, false);
                return;
            }
            () = clock.sleep(wait) => {}
        }
        let Some(strong) = client.upgrade() else { return };
        begun = start(&strong, &runner, &name);
    }
}

async fn until(clock: &lab_world::Clock, deadline: Option<OffsetDateTime>) {
    match deadline {
        Some(deadline) => clock.sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Sets the task up and starts it, or finds it running. `None`: there is nothing to run.
async fn begin(client: &Weak<Client>, runner: &Runner, name: &str) -> Option<(Script, OffsetDateTime)> {
    let (script, state, wanted) = {
        let state = runner.state();
        let job = state.allocation.job.clone()?;
        let group = job.group(&state.allocation.task_group)?;
        let task = group.tasks.iter().find(|task| task.name == name)?;
        let wanted = !state.allocation.is_server_terminal();
        (Script::of(&job, group, task), state.tasks.get(name).cloned().unwrap_or_default(), wanted)
    };
    match state.state.as_str() {
        "dead" => return None,
        "running" => {
            // An earlier agent started it, and it went on without one.
            let began =
                state.started_at.0.or(client.upgrade().map(|client| client.parts.host.clock.now()))?;
            return Some((script, began));
        }
        _ => {}
    }
    let strong = client.upgrade()?;
    if !wanted {
        finish(&strong, runner, name, false);
        return None;
    }
    let clock = strong.parts.host.clock.clone();
    runner.event(&strong, name, TaskEvent::new("Received", "Task received by client", clock.now()));
    let setup = TaskEvent {
        message: "Building Task Directory".to_owned(),
        ..TaskEvent::new("Task Setup", "Building Task Directory", clock.now())
    };
    runner.event(&strong, name, setup.detail("message", "Building Task Directory"));
    drop(strong);
    clock.sleep(SETUP).await;
    let strong = client.upgrade()?;
    Some((script, start(&strong, runner, name)))
}

fn start(client: &Client, runner: &Runner, name: &str) -> OffsetDateTime {
    let now = client.parts.host.clock.now();
    runner.change(client, name, |state| {
        state.state = "running".to_owned();
        state.started_at = now.into();
        state.add(TaskEvent::new("Started", "Task started by client", now));
    });
    now
}

/// A task that was told to stop has done so.
fn kill(client: &Client, runner: &Runner, name: &str) {
    let now = client.parts.host.clock.now();
    runner.change(client, name, |state| {
        let text = "Sent interrupt. Waiting 5s before force killing";
        state.add(
            TaskEvent { kill_timeout: 5_000_000_000, ..TaskEvent::new("Killing", text, now) }
                .detail("kill_timeout", "5s"),
        );
        let ended = TaskEvent {
            exit_code: 130,
            signal: 2,
            ..TaskEvent::new("Terminated", "Exit Code: 130, Signal: 2", now)
        };
        state.add(ended.detail("exit_code", "130").detail("signal", "2"));
        state.add(TaskEvent::new("Killed", "Task successfully killed", now));
    });
    finish(client, runner, name, false);
}

fn finish(client: &Client, runner: &Runner, name: &str, failed: bool) {
    let now = client.parts.host.clock.now();
    runner.change(client, name, |state| {
        state.state = "dead".to_owned();
        state.failed = failed;
        state.finished_at = now.into();
    });
}

/// A task ended by itself. How long to wait before it is started again; `None`: it is not.
fn exited(
    client: &Client,
    runner: &Runner,
    name: &str,
    script: &Script,
    recent: &mut Vec<OffsetDateTime>,
) -> Option<Duration> {
    let now = client.parts.host.clock.now();
    let code = script.exit_code;
    let ended =
        TaskEvent { exit_code: code, ..TaskEvent::new("Terminated", format!("Exit Code: {code}"), now) };
    runner.event(client, name, ended.detail("exit_code", code.to_string()).detail("signal", "0"));
    if script.may_end && code == 0 {
        finish(client, runner, name, false);
        return None;
    }
    recent.retain(|at| *at + script.interval > now);
    let wait = if (recent.len() as u64) < script.restarts {
        script.delay + client.entropy.duration(Duration::ZERO..script.delay / 4)
    } else if script.waits {
        recent.first().map_or(script.delay, |first| (*first + script.interval - now).unsigned_abs())
    } else {
        let interval = format_duration(script.interval);
        let text = match script.restarts {
            0 => "Policy allows no restarts".to_owned(),
            attempts => {
                format!("Exceeded allowed attempts {attempts} in interval {interval} and mode is \"fail\"")
            }
        };
        let event = TaskEvent {
            restart_reason: text.clone(),
            fails_task: true,
            ..TaskEvent::new("Not Restarting", text, now)
        };
        runner.event(client, name, event);
        finish(client, runner, name, true);
        return None;
    };
    recent.push(now);
    runner.change(client, name, |state| {
        let text = format!("Task restarting in {}", format_duration(wait));
        state.add(TaskEvent {
            start_delay: i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX),
            ..TaskEvent::new("Restarting", text, now)
        });
        state.state = "pending".to_owned();
        state.restarts += 1;
        state.last_restart = now.into();
    });
    Some(wait)
}

impl Script {
    fn of(job: &Job, group: &TaskGroup, task: &Task) -> Self {
        let policy = |field: &str| group.number("RestartPolicy", field).unwrap_or(0).max(0).unsigned_abs();
        let exit_code = setting(task, "exit_code").and_then(|code| code.parse().ok()).unwrap_or(0);
        Self {
            runs_for: runs_for(job, task),
            exit_code,
            restarts: policy("Attempts"),
            delay: Duration::from_nanos(policy("Delay")),
            interval: Duration::from_nanos(policy("Interval")),
            waits: group.text("RestartPolicy", "Mode") == Some("delay"),
            may_end: job.is_batch(),
        }
    }
}

/// `run_for` of the task's configuration or meta; a batch job's `sleep` sleeps, and its other commands take a second.
fn runs_for(job: &Job, task: &Task) -> Option<Duration> {
    if let Some(told) = setting(task, "run_for").and_then(|text| parse_duration(&text).ok()) {
        return Some(told);
    }
    if !job.is_batch() {
        return None;
    }
    let config = task.config.as_ref();
    let command =
        config.and_then(|config| config.get("command")).and_then(Opaque::as_str).unwrap_or_default();
    let first =
        config.and_then(|config| config.get("args")).and_then(|args| args.get(0)).and_then(Opaque::as_str);
    if Path::new(command).file_name().is_some_and(|name| name == "sleep") {
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
