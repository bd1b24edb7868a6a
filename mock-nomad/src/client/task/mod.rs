//! Lives a task's life: sets it up, starts it, starts it again, and ends it.

mod again;
mod begin;

use std::sync::Weak;
use std::time::Duration;

use lab_world::{Clock, Ended};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::alloc_dir::AllocDir;
use super::driver::Running;
use super::hooks::Hooks;
use super::restart::Restarts;
use super::runner::Runner;
use super::{Client, events};
use crate::structs::{Job, Opaque, Stage, Task, TaskEvent, TaskGroup};

/// What somebody asks of a task.
#[derive(Debug)]
pub(super) enum Request {
    /// End it and start it again; the event says why.
    Restart(TaskEvent, Option<Answer>),
    /// End it and start it again if its policy lets it, as if it had failed; the event says why.
    RestartFailed(TaskEvent),
    /// Send it a signal; the event says why.
    Signal(String, TaskEvent, Option<Answer>),
    /// End it; the event says why, and whether it has failed with it.
    Kill(TaskEvent),
}

/// Where whoever asked hears how it went.
pub(super) type Answer = oneshot::Sender<Result<(), String>>;

/// What ended a task's run.
enum End {
    /// It ended by itself.
    Exited(Ended),
    /// Nobody wants it any more.
    Stopped,
    Asked(Box<Request>),
}

/// One task with what is needed to live its life. The client is weak: a task must not keep the agent alive.
pub(super) struct Life {
    client: Weak<Client>,
    runner: Runner,
    clock: Clock,
    directory: AllocDir,
    job: std::sync::Arc<Job>,
    group: TaskGroup,
    task: Task,
    requests: UnboundedReceiver<Request>,
    restarts: Restarts,
    hooks: Hooks,
}

/// Lives it. Nothing is done where the allocation has no such task.
pub(super) async fn run(
    client: Weak<Client>,
    runner: Runner,
    name: String,
    requests: UnboundedReceiver<Request>,
) {
    if let Some(mut life) = Life::new(client, runner, &name, requests) {
        // `None`: the agent has gone.
        let _ = life.live().await;
    }
}

impl Life {
    fn new(
        client: Weak<Client>,
        runner: Runner,
        name: &str,
        requests: UnboundedReceiver<Request>,
    ) -> Option<Self> {
        let strong = client.upgrade()?;
        let (job, id) = {
            let state = runner.state();
            (state.allocation.job.clone()?, state.allocation.id.clone())
        };
        let group = job.group(&runner.state().allocation.task_group)?.clone();
        let task = group.tasks.iter().find(|task| task.name == name)?.clone();
        Some(Self {
            clock: strong.parts.host.clock.clone(),
            directory: AllocDir::new(&strong.parts.settings.alloc_dir, &id),
            restarts: Restarts::of(&group, &task, runner.lifecycle().stage(name).may_end(job.is_batch())),
            hooks: Hooks::new(),
            client,
            runner,
            job,
            group,
            task,
            requests,
        })
    }

    async fn live(&mut self) -> Option<()> {
        let Some(mut running) = self.begin().await? else { return Some(()) };
        loop {
            let end = self.wait(&mut running).await;
            match end {
                End::Exited(ended) => {
                    self.event(events::terminated(ended, self.clock.now()))?;
                    running = self.again(ended).await??;
                }
                End::Stopped => {
                    let main_dead = || events::main_dead(self.clock.now());
                    let why = self.stage().is_sidecar().then(main_dead);
                    return self.end(running, why).await;
                }
                End::Asked(request) => match *request {
                    Request::Kill(event) => return self.end(running, Some(event)).await,
                    Request::Signal(name, event, answer) => {
                        self.event(event)?;
                        reply(answer, running.signal(&name));
                    }
                    Request::RestartFailed(event) => {
                        self.event(event)?;
                        let (signal, patience) = self.manners();
                        let ended = running.kill(&signal, patience).await;
                        self.event(events::terminated(ended, self.clock.now()))?;
                        running = self.again(ended).await??;
                    }
                    Request::Restart(event, answer) => {
                        self.event(event)?;
                        running = self.restart(running).await??;
                        reply(answer, Ok(()));
                    }
                },
            }
        }
    }

    /// Waits for `work` while no process runs. `Err`: the task was ended meanwhile; whether it failed by that.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Option<Result<T, bool>> {
        let mut work = std::pin::pin!(work);
        loop {
            let request = tokio::select! {
                biased;
                request = self.requests.recv() => request?,
                () = self.runner.shall_end(&self.task.name) => {
                    if self.stage().is_sidecar() {
                        self.event(events::main_dead(self.clock.now()))?;
                    }
                    return Some(Err(false));
                }
                done = &mut work => return Some(Ok(done)),
            };
            match request {
                Request::Kill(event) => return Some(Err(self.killed(event)?)),
                Request::RestartFailed(_) => {}
                Request::Restart(_, answer) | Request::Signal(_, _, answer) => {
                    reply(answer, Err("Task not running".to_owned()));
                }
            }
        }
    }

    /// Keeps why the task was ended while no process ran. Whether it failed by that.
    fn killed(&self, why: TaskEvent) -> Option<bool> {
        let failed = why.fails_task;
        self.event(why)?;
        Some(failed)
    }

    async fn wait(&mut self, running: &mut Running) -> End {
        tokio::select! {
            biased;
            // One that is to end for a reason hears the reason first.
            request = self.requests.recv() => request.map_or(End::Stopped, |request| End::Asked(request.into())),
            () = self.runner.shall_end(&self.task.name) => End::Stopped,
            ended = running.ended() => End::Exited(ended),
        }
    }

    /// Ends it for good; `why` comes before what is said of every end.
    async fn end(&mut self, mut running: Running, why: Option<TaskEvent>) -> Option<()> {
        let (signal, patience) = self.manners();
        let failed = why.as_ref().is_some_and(|event| event.fails_task);
        match why {
            Some(event) if event.kind == "Killing" => self.event(event)?,
            Some(event) => {
                self.event(event)?;
                if self.stage().is_sidecar() {
                    // Those that it is there for end first.
                    tokio::select! {
                        biased;
                        () = self.runner.shall_end(&self.task.name) => {}
                        _ = running.ended() => {}
                    }
                }
                self.event(events::killing(patience, self.clock.now()))?;
            }
            None => self.event(events::killing(patience, self.clock.now()))?,
        }
        let ended = running.kill(&signal, patience).await;
        self.event(events::terminated(ended, self.clock.now()))?;
        self.event(events::killed(self.clock.now()))?;
        if failed { self.fail() } else { self.finish(false) }
    }

    fn may_end(&self) -> bool {
        self.stage().may_end(self.job.is_batch())
    }

    fn stage(&self) -> Stage {
        self.runner.lifecycle().stage(&self.task.name)
    }

    /// The signal that asks it to end, and how long it has then.
    fn manners(&self) -> (String, Duration) {
        let signal = self.task.rest.get("KillSignal").and_then(Opaque::as_str).unwrap_or_default();
        let patience = self.task.rest.get("KillTimeout").and_then(Opaque::as_u64).unwrap_or(5_000_000_000);
        (signal.to_owned(), Duration::from_nanos(patience))
    }

    fn fail(&self) -> Option<()> {
        self.finish(true)?;
        self.runner.end_others(&self.task.name, &events::sibling_failed(&self.task.name, self.clock.now()));
        Some(())
    }

    fn finish(&self, failed: bool) -> Option<()> {
        let now = self.clock.now();
        self.runner.set_process(&self.task.name, None);
        self.count(if failed { "failed" } else { "complete" })?;
        self.change(|state| {
            state.state = "dead".to_owned();
            state.failed = failed;
            state.finished_at = now.into();
        })?;
        if !failed && self.runner.lifecycle().leads(&self.task.name) {
            self.runner.end_others(&self.task.name, &events::leader_dead(now));
        }
        Some(())
    }

    fn event(&self, event: TaskEvent) -> Option<()> {
        match event.kind.as_str() {
            "Started" => self.count("running")?,
            "Restarting" => self.count("restart")?,
            _ => {}
        }
        self.change(|state| state.add(event))
    }

    /// Counts what happened to the task.
    fn count(&self, what: &str) -> Option<()> {
        let state = self.runner.state().clone();
        let labels = [
            ("alloc_id", state.allocation.id.as_str()),
            ("job", state.allocation.job_id.as_str()),
            ("namespace", state.allocation.namespace.as_str()),
            ("task", self.task.name.as_str()),
            ("task_group", state.allocation.task_group.as_str()),
        ];
        self.client.upgrade()?.telemetry().count_of(&format!("client.allocs.{what}"), &labels, 1.0);
        Some(())
    }

    fn change(&self, change: impl FnOnce(&mut crate::structs::TaskState)) -> Option<()> {
        self.runner.change(&*self.client.upgrade()?, &self.task.name, change);
        Some(())
    }
}

/// Whoever asked may not wait for the answer.
fn reply(answer: Option<Answer>, result: Result<(), String>) {
    if let Some(answer) = answer {
        let _ = answer.send(result);
    }
}
