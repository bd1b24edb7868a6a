//! Finds out whether an allocation works, and tells the servers, who let deployments and drains go on by it.

use std::sync::Weak;
use std::time::Duration;

use lab_world::{Clock, format_duration};
use time::OffsetDateTime;

use super::runner::Runner;
use super::{Client, events};
use crate::structs::{AllocationHealth, Stage, TaskState};

/// How often an allocation is looked at that is not well yet.
const LOOK: Duration = Duration::from_millis(500);

/// What the job asks of an allocation to be healthy.
struct Wanted {
    min_healthy: Duration,
    deadline: Duration,
    /// Whether its checks have to pass, too.
    checks: bool,
    /// For which deployment; empty for none.
    deployment: String,
}

/// Watches over one allocation for as long as it is here.
pub(super) async fn watch(client: Weak<Client>, runner: Runner) {
    let mut judged: Option<String> = None;
    let Some(clock) = client.upgrade().map(|client| client.parts.host.clock.clone()) else { return };
    let mut changed = runner.changes();
    loop {
        changed.borrow_and_update();
        if let Some(wanted) = wanted(&runner).filter(|wanted| judged.as_ref() != Some(&wanted.deployment)) {
            let Some(healthy) = judge(&runner, &wanted, &clock).await else { return };
            judged = Some(wanted.deployment.clone());
            let Some(strong) = client.upgrade() else { return };
            if !healthy && !wanted.deployment.is_empty() {
                complain(&strong, &runner, &wanted);
            }
            let health = AllocationHealth {
                healthy: Some(healthy),
                timestamp: clock.now().into(),
                ..AllocationHealth::default()
            };
            runner.set_health(&strong, health);
        }
        if changed.changed().await.is_err() {
            return;
        }
    }
}

/// What is asked; `None` where nobody asks.
fn wanted(runner: &Runner) -> Option<Wanted> {
    let state = runner.state();
    let allocation = &state.allocation;
    if allocation.is_server_terminal() || allocation.health().is_some() {
        return None;
    }
    let job = allocation.job.as_ref().filter(|job| job.kind == "service")?;
    let group = job.group(&allocation.task_group)?;
    let deployment = allocation.deployment_id.clone();
    // Without a deployment only work that took another's place is watched: drains wait for it.
    let block = match (deployment.is_empty(), allocation.previous_allocation.is_empty()) {
        (false, _) => "Update",
        (true, false) => "Migrate",
        (true, true) => return None,
    };
    let by = group.text(block, "HealthCheck").unwrap_or_default();
    if by == "manual" {
        return None;
    }
    let time =
        |field: &str| Duration::from_nanos(group.number(block, field).unwrap_or(0).max(0).unsigned_abs());
    let checks = by == "checks" && group.nomad_checks().next().is_some();
    let (min_healthy, deadline) = (time("MinHealthyTime"), time("HealthyDeadline"));
    Some(Wanted { min_healthy, deadline, checks, deployment })
}

/// Waits until the allocation has worked for long enough, or has failed, or is late. `None`: it is no longer asked for.
async fn judge(runner: &Runner, wanted: &Wanted, clock: &Clock) -> Option<bool> {
    let until = clock.now() + wanted.deadline;
    let mut changed = runner.changes();
    let mut passing = None;
    loop {
        changed.borrow_and_update();
        let now = clock.now();
        let mut stands = {
            let state = runner.state();
            if state.allocation.is_server_terminal() {
                return None;
            }
            let lifecycle = runner.lifecycle();
            let judged = lifecycle.judged(&state.tasks).map(|(name, task)| (lifecycle.stage(name), task));
            stands(judged, now, wanted.min_healthy)
        };
        if wanted.checks && stands != Standing::Failed {
            stands =
                with_checks(stands, &mut passing, runner.checks().are_passing(), now, wanted.min_healthy);
        }
        let next = match stands {
            Standing::Failed => return Some(false),
            Standing::Well => return Some(true),
            Standing::Until(moment) => moment.min(until),
            Standing::Waiting => (now + LOOK).min(until),
        };
        if now >= until {
            return Some(false);
        }
        tokio::select! {
            biased;
            // The sender lives as long as the allocation is here.
            _ = changed.changed() => {}
            () = clock.sleep_until(next) => {}
        }
    }
}

/// How an allocation stands whose tasks stand so, and whose checks pass or do not; `since` is when they began to.
fn with_checks(
    tasks: Standing,
    since: &mut Option<OffsetDateTime>,
    pass: bool,
    now: OffsetDateTime,
    min_healthy: Duration,
) -> Standing {
    if !pass {
        *since = None;
        return Standing::Waiting;
    }
    let began = *since.get_or_insert(now);
    match tasks {
        Standing::Well if began + min_healthy <= now => Standing::Well,
        // Checks may fail again meanwhile.
        Standing::Well => Standing::Until((began + min_healthy).min(now + LOOK)),
        Standing::Until(moment) => Standing::Until(moment.min(now + LOOK)),
        other => {
            if began + min_healthy <= now {
                // What passes without its tasks proves nothing.
                *since = Some(now);
            }
            other
        }
    }
}

/// Says at each task what is wrong with it.
fn complain(client: &Client, runner: &Runner, wanted: &Wanted) {
    let tasks = runner.state().tasks.clone();
    for (name, task) in &tasks {
        if let Some(text) = complaint(runner.lifecycle().stage(name), task, wanted) {
            let event = events::unhealthy(&text, client.parts.host.clock.now());
            runner.change(client, name, |state| state.add(event));
        }
    }
}

/// What is wrong with a task. Of one that runs it is always said that it ran for too short a time.
fn complaint(stage: Stage, task: &TaskState, wanted: &Wanted) -> Option<String> {
    let deadline = format_duration(wanted.deadline);
    match task.state.as_str() {
        _ if task.failed => Some("Unhealthy because of failed task".to_owned()),
        "pending" => Some(format!("Task not running by healthy_deadline of {deadline}")),
        "running" => Some(format!(
            "Task not running for min_healthy_time of {} by healthy_deadline of {deadline}",
            format_duration(wanted.min_healthy)
        )),
        "dead" if stage == Stage::Main || stage.is_sidecar() => {
            Some("Unhealthy because of dead task".to_owned())
        }
        _ => None,
    }
}

/// How an allocation's tasks stand.
#[derive(Debug, PartialEq)]
enum Standing {
    Waiting,
    Failed,
    Well,
    /// They run, and are well when they still do then.
    Until(OffsetDateTime),
}

fn stands<'a>(
    tasks: impl Iterator<Item = (Stage, &'a TaskState)>,
    now: OffsetDateTime,
    min_healthy: Duration,
) -> Standing {
    let mut latest = None;
    for (stage, task) in tasks {
        match (task.state.as_str(), stage) {
            ("dead", _) if task.failed => return Standing::Failed,
            ("dead", Stage::Poststart) => continue,
            // Work that shall not end has.
            ("dead", stage) if stage != Stage::Prestart => return Standing::Failed,
            ("running" | "dead", _) => {}
            _ => return Standing::Waiting,
        }
        latest = latest.max(Some(task.last_restart.0.max(task.started_at.0).unwrap_or(now)));
    }
    match latest {
        None => Standing::Waiting,
        Some(since) if since + min_healthy <= now => Standing::Well,
        Some(since) => Standing::Until(since + min_healthy),
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use lab_world::DEFAULT_EPOCH;

    const SECOND: Duration = Duration::from_secs(1);

    fn task(stage: Stage, state: &str, failed: bool) -> (Stage, TaskState) {
        let started_at = DEFAULT_EPOCH.into();
        (stage, TaskState { state: state.to_owned(), failed, started_at, ..TaskState::default() })
    }

    #[test]
    fn work_is_well_when_it_has_run_for_long_enough() {
        let stand = |tasks: &[(Stage, TaskState)], after: u32| {
            let tasks = tasks.iter().map(|(stage, task)| (*stage, task));
            stands(tasks, DEFAULT_EPOCH + SECOND * after, SECOND * 10)
        };
        let main = |state, failed| task(Stage::Main, state, failed);
        assert_eq!(stand(&[main("pending", false)], 20), Standing::Waiting);
        assert_eq!(stand(&[main("running", false)], 5), Standing::Until(DEFAULT_EPOCH + SECOND * 10));
        assert_eq!(
            stand(&[main("running", false), task(Stage::Prestart, "dead", false)], 10),
            Standing::Well
        );
        assert_eq!(
            stand(&[main("running", false), task(Stage::Poststart, "dead", false)], 10),
            Standing::Well
        );
        assert_eq!(stand(&[main("running", false), main("dead", true)], 10), Standing::Failed);
        assert_eq!(stand(&[main("running", false), main("dead", false)], 10), Standing::Failed);
    }

    #[test]
    fn checks_have_to_pass_for_long_enough_too() {
        let mut since = None;
        let mut stand = |tasks, pass, after: u32| {
            with_checks(tasks, &mut since, pass, DEFAULT_EPOCH + SECOND * after, SECOND * 10)
        };
        let soon = |after: u32| Standing::Until(DEFAULT_EPOCH + SECOND * after + LOOK);
        assert_eq!(stand(Standing::Well, false, 1), Standing::Waiting);
        assert_eq!(stand(Standing::Well, true, 2), soon(2));
        assert_eq!(stand(Standing::Well, false, 5), Standing::Waiting, "it starts anew");
        assert_eq!(stand(Standing::Until(DEFAULT_EPOCH + SECOND * 20), true, 6), soon(6));
        assert_eq!(stand(Standing::Well, true, 16), Standing::Well);
        assert_eq!(stand(Standing::Waiting, true, 17), Standing::Waiting);
        assert_eq!(stand(Standing::Well, true, 26), soon(26), "what passed without the tasks does not count");
    }
}
