//! How a task begins: its turn, its directory, its hooks and its process.

use std::time::Duration;

use lab_world::Ended;

use super::Life;
use crate::client::driver::{Place, Running, Start};
use crate::client::environment::{Sources, TaskEnvironment};
use crate::client::hooks::Subject;
use crate::client::{Client, events};
use crate::structs::Stage;

/// How long a task takes to be set up.
const SETUP: Duration = Duration::from_millis(50);

impl Life {
    /// Sets the task up and starts it, or finds it running. `Some(None)`: there is nothing to run.
    pub(super) async fn begin(&mut self) -> Option<Option<Running>> {
        let state = self.runner.task(&self.task.name);
        if state.state == "dead" {
            return Some(None);
        }
        if state.state == "running"
            && let Some(found) = self.find(&state)
        {
            return match self.prepare().await? {
                true => Some(Some(found)),
                false => Some(None),
            };
        }
        // What comes after all others had its turn before it if it was here before.
        if self.runner.is_stopping() && (self.stage() != Stage::Poststop || state.events.is_empty()) {
            self.finish(false)?;
            return Some(None);
        }
        if state.events.is_empty() {
            self.event(events::received(self.clock.now()))?;
        }
        let (runner, name) = (self.runner.clone(), self.task.name.clone());
        if let Err(failed) = self.meanwhile(runner.may_begin(&name)).await? {
            self.event(events::killing(self.manners().1, self.clock.now()))?;
            self.finish(failed)?;
            return Some(None);
        }
        if !state.events.iter().any(|event| event.kind == "Task Setup") {
            self.event(events::setup(self.clock.now()))?;
        }
        if self.is_simulated()? {
            self.clock.sleep(SETUP).await;
        }
        match self.prepare().await? {
            true => self.start().await,
            false => Some(None),
        }
    }

    /// What comes before the first start. `Some(false)`: the task is over before it began.
    async fn prepare(&mut self) -> Option<bool> {
        let subject = {
            let client = self.client.upgrade()?;
            if let Err(error) = self.directory.make(&client.parts.host.disk, &self.task.name) {
                let text = format!("failed to build task directory: {error}");
                self.event(events::setup_failure(&text, self.clock.now()))?;
                self.fail()?;
                return Some(false);
            }
            self.subject(&client)
        };
        let hooks = self.hooks.clone();
        let failed = match self.meanwhile(hooks.prepare(&subject)).await? {
            Ok(prepared) => match prepared? {
                Ok(()) => return Some(true),
                Err(event) => self.killed(*event)?,
            },
            Err(failed) => failed,
        };
        if failed {
            self.fail()?
        } else {
            self.finish(false)?
        }
        Some(false)
    }

    fn subject(&self, client: &Client) -> Subject {
        Subject {
            client: self.client.clone(),
            runner: self.runner.clone(),
            clock: self.clock.clone(),
            task: self.task.clone(),
            directory: self.directory.task(&self.task.name),
            environment: self.environment(client).variables,
        }
    }

    /// A task that an earlier agent started, and that went on without one.
    fn find(&self, state: &crate::structs::TaskState) -> Option<Running> {
        let client = self.client.upgrade()?;
        let environment = self.environment(&client);
        let start = self.starting(&client, &environment);
        let since = state.started_at.0.unwrap_or_else(|| self.clock.now());
        let found = Running::find(&start, since, self.runner.process(&self.task.name))?;
        self.runner.set_place(&self.task.name, Place::of(&start));
        Some(found)
    }

    /// Starts it, as often as the policy lets it be tried. `Some(None)`: it is over.
    pub(super) async fn start(&mut self) -> Option<Option<Running>> {
        loop {
            let result = {
                let client = self.client.upgrade()?;
                let made = self.directory.make(&client.parts.host.disk, &self.task.name);
                if let Err(error) = made {
                    self.event(events::setup_failure(
                        &format!("failed to build task directory: {error}"),
                        self.clock.now(),
                    ))?;
                    self.fail()?;
                    return Some(None);
                }
                let environment = self.environment(&client);
                let start = self.starting(&client, &environment);
                let result = Running::start(&start);
                self.runner.set_place(&self.task.name, Place::of(&start));
                result
            };
            let error = match result {
                Ok(running) => {
                    self.runner.set_process(&self.task.name, running.process());
                    let now = self.clock.now();
                    self.change(|state| {
                        state.state = "running".to_owned();
                        state.started_at = now.into();
                        state.add(events::started(now));
                    })?;
                    return Some(Some(running));
                }
                Err(error) => error,
            };
            self.event(events::driver_failure(&error.text, self.clock.now()))?;
            if !error.recoverable {
                self.event(events::not_restarting("Error was unrecoverable", self.clock.now()))?;
                self.fail()?;
                return Some(None);
            }
            if !self.pause(Ended { code: 1, signal: 0 }).await? {
                return Some(None);
            }
        }
    }

    fn environment(&self, client: &Client) -> TaskEnvironment {
        let allocation = self.runner.state().allocation.clone();
        let mut environment = TaskEnvironment::of(&Sources {
            node: &client.node(),
            region: &client.parts.settings.region,
            allocation: &allocation,
            job: &self.job,
            group: &self.group,
            task: &self.task,
            directory: &self.directory,
        });
        environment.variables.extend(self.hooks.variables());
        environment
    }

    fn starting<'a>(&'a self, client: &'a Client, environment: &'a TaskEnvironment) -> Start<'a> {
        Start {
            host: &client.parts.host,
            may_end: self.may_end(),
            task: &self.task,
            directory: &self.directory,
            environment,
            real: client.runs_processes(),
        }
    }

    fn is_simulated(&self) -> Option<bool> {
        Some(self.client.upgrade()?.parts.host.net.is_simulated())
    }
}
