//! What happens before a task starts, and beside it while it runs: its identities, its Vault token and its templates.

mod identity;
mod template;
mod vault;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lab_world::{Clock, Tasks};

use super::Client;
use super::alloc_dir::TaskDir;
use super::events;
use super::runner::Runner;
use super::task::Request;
use crate::structs::{Opaque, Task, TaskEvent};

/// What hooks gave a task, and what goes on beside it.
#[derive(Clone)]
pub(super) struct Hooks {
    given: Arc<Mutex<Given>>,
    /// Renewals; they end with the task's life.
    scope: Tasks,
}

#[derive(Default)]
struct Given {
    /// By source, so that a renewal replaces what it gave before.
    variables: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// The signed tokens of the task's identities by their names; `default` for the one without.
    identities: BTreeMap<String, String>,
    vault_token: String,
}

/// Why a task is not started: it has failed with this event.
pub(super) type Refusal = Box<TaskEvent>;

/// The task that hooks work for. The client is weak: a hook must not keep the agent alive.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) client: std::sync::Weak<Client>,
    pub(super) runner: Runner,
    pub(super) clock: Clock,
    pub(super) task: Task,
    pub(super) directory: TaskDir,
    /// The variables that the task has without any hook.
    pub(super) environment: BTreeMap<String, String>,
}

impl Hooks {
    pub(super) fn new() -> Self {
        Self { given: Arc::default(), scope: Tasks::new() }
    }

    /// Does everything that comes before the task's start. `None`: the agent has gone.
    pub(super) async fn prepare(&self, subject: &Subject) -> Option<Result<(), Refusal>> {
        identity::prepare(self, subject).await?;
        if let Err(refusal) = vault::prepare(self, subject).await? {
            return Some(Err(refusal));
        }
        template::prepare(self, subject).await
    }

    /// The variables that hooks gave the task.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        self.given(|given| given.variables.values().flatten().map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn given<T>(&self, look: impl FnOnce(&mut Given) -> T) -> T {
        look(&mut self.given.lock().expect("no panic while giving"))
    }
}

impl Subject {
    /// Something below an object of the task, such as `Vault.Role`.
    fn text<'a>(&'a self, object: &str, field: &str) -> &'a str {
        self.task
            .rest
            .get(object)
            .and_then(|value| value.get(field))
            .and_then(Opaque::as_str)
            .unwrap_or_default()
    }

    fn event(&self, event: TaskEvent) -> Option<()> {
        let client = self.client.upgrade()?;
        self.runner.change(&client, &self.task.name, |state| state.add(event));
        Some(())
    }

    fn log_error(&self, hook: &str, text: String) {
        if let Some(client) = self.client.upgrade() {
            let name = format!("client.alloc_runner.task_runner.task_hook.{hook}");
            client.parts.host.log.error(&name, text);
        }
    }

    /// Does what a change asks for: nothing, a restart or a signal.
    fn change(&self, mode: &str, signal: &str, reason: &str) {
        let now = self.clock.now();
        let request = match mode {
            "restart" => Request::Restart(events::restart_signaled(reason, now), None),
            "signal" => Request::Signal(signal.to_owned(), events::signaling(signal, reason, now), None),
            _ => return,
        };
        // A task that is over needs no change.
        self.runner.ask(&self.task.name, request);
    }

    /// Ends the task, which has failed.
    fn kill(&self, reason: &str) {
        let event = events::killing_because(reason, self.clock.now());
        self.runner.ask(&self.task.name, Request::Kill(event));
    }

    fn refusal(&self, reason: &str) -> Refusal {
        Box::new(events::killing_because(reason, self.clock.now()))
    }

    /// Writes a file with a secret.
    fn write(&self, path: impl AsRef<std::path::Path>, text: &str, mode: u32) -> Option<Result<(), String>> {
        let client = self.client.upgrade()?;
        let written = client.parts.host.disk.write_atomic(path, text, mode);
        Some(written.map_err(|error| error.to_string()))
    }
}
