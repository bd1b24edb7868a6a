//! Runs one allocation: its tasks, and what becomes of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use lab_world::{ProcessId, Tasks};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;

use super::driver::Place;
use super::lifecycle::Lifecycle;
use super::task::Request;
use super::{Client, checks, health, persist, services, task};
use crate::structs::{Allocation, AllocationHealth, Stage, TaskEvent, TaskState};

/// An allocation on this node. Clones are the same.
#[derive(Clone)]
pub(super) struct Runner(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    /// In which order its tasks begin and end.
    lifecycle: Lifecycle,
    /// Whether the tasks shall end.
    stop: watch::Sender<bool>,
    /// Where each task hears what is asked of it.
    requests: Mutex<BTreeMap<String, UnboundedSender<Request>>>,
    /// Where further commands of each task run.
    places: Mutex<BTreeMap<String, Place>>,
    /// Ticks when the servers changed it, or one of its tasks did.
    changed: watch::Sender<()>,
    /// Whether it works, as far as that has been found out here.
    health: Mutex<Option<AllocationHealth>>,
    /// What its checks found.
    checks: checks::Results,
    /// The tasks' own tasks.
    scope: Tasks,
}

/// What is known of it.
#[derive(Clone)]
pub(super) struct State {
    /// As the servers last described it.
    pub(super) allocation: Allocation,
    pub(super) tasks: BTreeMap<String, TaskState>,
    /// The processes of its tasks, where they are real.
    pub(super) processes: BTreeMap<String, ProcessId>,
}

impl Runner {
    fn new(state: State, lifecycle: Lifecycle) -> Self {
        Self(Arc::new(Inner {
            lifecycle,
            stop: watch::Sender::new(state.allocation.is_server_terminal()),
            state: Mutex::new(state),
            requests: Mutex::default(),
            places: Mutex::default(),
            changed: watch::Sender::new(()),
            health: Mutex::default(),
            checks: checks::Results::default(),
            scope: Tasks::new(),
        }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no panic while running")
    }

    pub(super) fn lifecycle(&self) -> &Lifecycle {
        &self.0.lifecycle
    }

    pub(super) fn checks(&self) -> &checks::Results {
        &self.0.checks
    }

    /// Waits until it is a task's turn to begin.
    pub(super) async fn may_begin(&self, task: &str) {
        let mut changes = self.changes();
        // The sender lives as long as this does.
        while !self.lifecycle().may_begin(task, &self.state().tasks) && changes.changed().await.is_ok() {}
    }

    /// Waits until it is a task's turn to end.
    pub(super) async fn shall_end(&self, task: &str) {
        let (mut changes, mut stopping) = (self.changes(), self.0.stop.subscribe());
        loop {
            let stops = *stopping.borrow_and_update();
            if self.lifecycle().shall_end(task, stops, &self.state().tasks) {
                return;
            }
            tokio::select! {
                biased;
                _ = stopping.changed() => {}
                _ = changes.changed() => {}
            }
        }
    }

    /// The index at which the servers last changed it.
    pub(super) fn server_index(&self) -> u64 {
        self.state().allocation.alloc_modify_index
    }

    /// Whether nobody wants it any more.
    pub(super) fn is_stopping(&self) -> bool {
        *self.0.stop.borrow()
    }

    /// Ticks when the servers changed it, or one of its tasks did.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// Notes whether it works and lets the servers know.
    pub(super) fn set_health(&self, client: &Client, health: AllocationHealth) {
        *self.0.health.lock().expect("no panic while running") = Some(health);
        let id = self.state().allocation.id.clone();
        client.send(&id);
    }

    /// Lets go of the tasks: nothing more happens to them here.
    pub(super) fn abandon(&self) {
        self.0.scope.abort();
    }

    /// A task's state.
    pub(super) fn task(&self, name: &str) -> TaskState {
        self.state().tasks.get(name).cloned().unwrap_or_default()
    }

    /// Its id, and the index at which it was created.
    pub(super) fn id_and_index(&self) -> (String, u64) {
        let state = self.state();
        (state.allocation.id.clone(), state.allocation.create_index)
    }

    /// The token that the servers signed for a task when they placed it.
    pub(super) fn signed_identity(&self, task: &str) -> Option<String> {
        self.state().allocation.signed_identities.get(task).cloned()
    }

    /// A task's process.
    pub(super) fn process(&self, task: &str) -> Option<ProcessId> {
        self.state().processes.get(task).copied()
    }

    pub(super) fn set_process(&self, task: &str, process: Option<ProcessId>) {
        match process {
            Some(process) => self.state().processes.insert(task.to_owned(), process),
            None => self.state().processes.remove(task),
        };
    }

    /// Ends the processes of its tasks at once.
    pub(super) fn kill_processes(&self) {
        std::mem::take(&mut self.state().processes).into_values().for_each(ProcessId::kill_group);
    }

    /// Notes where further commands of a task run.
    pub(super) fn set_place(&self, task: &str, place: Place) {
        self.0.places.lock().expect("no panic while placing").insert(task.to_owned(), place);
    }

    /// Where further commands of a task run.
    pub(super) fn place(&self, task: &str) -> Option<Place> {
        self.0.places.lock().expect("no panic while placing").get(task).cloned()
    }

    /// Whether all its tasks are over.
    pub(super) fn is_over(&self) -> bool {
        self.state().tasks.values().all(|task| task.state == "dead")
    }

    /// Asks something of a task; `false`: there is no such task that could hear it.
    pub(super) fn ask(&self, task: &str, request: Request) -> bool {
        let requests = self.0.requests.lock().expect("no panic while asking");
        requests.get(task).is_some_and(|task| task.send(request).is_ok())
    }

    /// Ends every task but this one, for the same reason; not what comes after them all.
    pub(super) fn end_others(&self, name: &str, why: &TaskEvent) {
        let requests = self.0.requests.lock().expect("no panic while asking");
        let ends = |other: &str| other != name && self.lifecycle().stage(other) != Stage::Poststop;
        for (_, task) in requests.iter().filter(|(other, _)| ends(other)) {
            // One that is over hears nothing.
            let _ = task.send(Request::Kill(why.clone()));
        }
    }

    fn hear(&self, task: &str) -> UnboundedReceiver<Request> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0.requests.lock().expect("no panic while asking").insert(task.to_owned(), sender);
        receiver
    }

    /// Changes a task's state and lets the servers know.
    pub(super) fn change(&self, client: &Client, task: &str, change: impl FnOnce(&mut TaskState)) {
        let id = {
            let mut state = self.state();
            change(state.tasks.entry(task.to_owned()).or_insert_with(TaskState::pending));
            state.allocation.id.clone()
        };
        self.0.changed.send_replace(());
        persist::save(client, self);
        client.send(&id);
    }

    /// What the servers are told: only what a client may say.
    pub(super) fn report(&self) -> Allocation {
        let state = self.state();
        let (status, description) = status_of(&state.tasks, self.lifecycle());
        Allocation {
            id: state.allocation.id.clone(),
            node_id: state.allocation.node_id.clone(),
            client_status: status.to_owned(),
            client_description: description.to_owned(),
            task_states: state.tasks.clone(),
            deployment_status: self.0.health.lock().expect("no panic while running").clone(),
            network_status: serde_json::json!({"Address": "", "AddressIPv6": "", "DNS": null, "InterfaceName": ""}),
            ..Allocation::default()
        }
    }
}

/// The allocation's status by that of its tasks.
fn status_of(tasks: &BTreeMap<String, TaskState>, lifecycle: &Lifecycle) -> (&'static str, &'static str) {
    let any = |wanted: &str| tasks.values().any(|task| task.state == wanted);
    let works = lifecycle.judged(tasks).any(|(_, task)| task.state == "running");
    if tasks.values().any(|task| task.state == "dead" && task.failed) && !works {
        ("failed", "Failed tasks")
    } else if any("running") {
        ("running", "Tasks are running")
    } else if any("pending") {
        ("pending", "No tasks have started")
    } else {
        ("complete", "All tasks have completed")
    }
}

/// Runs an allocation that is new here.
pub(super) fn add(client: &Arc<Client>, allocation: Allocation) {
    begin(client, State { allocation, tasks: BTreeMap::new(), processes: BTreeMap::new() });
}

/// Runs an allocation, or goes on with it where its tasks have a past.
pub(super) fn begin(client: &Arc<Client>, mut state: State) {
    let allocation = &state.allocation;
    let group = allocation.job.as_ref().and_then(|job| job.group(&allocation.task_group));
    let names: Vec<String> =
        group.map(|group| group.tasks.iter().map(|task| task.name.clone()).collect()).unwrap_or_default();
    let lifecycle = group.map(Lifecycle::of).unwrap_or_default();
    for name in &names {
        state.tasks.entry(name.clone()).or_insert_with(TaskState::pending);
    }
    let id = allocation.id.clone();
    let runner = Runner::new(state, lifecycle);
    client.runners().insert(id, runner.clone());
    let ears: Vec<_> = names.iter().map(|name| runner.hear(name)).collect();
    for (name, requests) in names.into_iter().zip(ears) {
        // A reference to the client that does not keep it alive would end with it; the scope ends with the runner,
        // which the client holds.
        let weak = Arc::downgrade(client);
        runner.0.scope.spawn(task::run(weak, runner.clone(), name, requests));
    }
    runner.0.scope.spawn(health::watch(Arc::downgrade(client), runner.clone()));
    runner.0.scope.spawn(checks::watch(Arc::downgrade(client), runner.clone()));
    runner.0.scope.spawn(services::watch(Arc::downgrade(client), runner.clone()));
    persist::save(client, &runner);
}

/// The servers changed an allocation that runs here.
pub(super) fn update(client: &Client, allocation: Allocation) {
    let Some(runner) = client.runners().get(&allocation.id).cloned() else { return };
    let stop = allocation.is_server_terminal();
    let id = allocation.id.clone();
    {
        let mut state = runner.state();
        if state.allocation.deployment_id != allocation.deployment_id {
            *runner.0.health.lock().expect("no panic while running") = None;
        }
        state.allocation = allocation;
    }
    runner.0.changed.send_replace(());
    runner.0.stop.send_if_modified(|stopping| !std::mem::replace(stopping, *stopping || stop) && stop);
    persist::save(client, &runner);
    if stop {
        // They may hold it for lost; they hear how it really is.
        client.send(&id);
    }
}

/// The servers no longer know an allocation: nothing of it stays.
pub(super) fn destroy(client: &Client, id: &str) {
    let removed = client.runners().remove(id);
    if let Some(runner) = removed {
        runner.abandon();
        runner.kill_processes();
        persist::remove(client, id);
        clean(client, id);
    }
}

/// Removes the files of an allocation.
pub(super) fn clean(client: &Client, id: &str) {
    let directory = client.parts.settings.alloc_dir.join(id);
    if let Err(error) = client.parts.host.disk.remove_tree(&directory) {
        let text = format!("failed to remove alloc dir: {}", crate::hclog::pair("error", error));
        client.parts.host.log.error(super::LOGGER, text);
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn status(tasks: &[(&str, bool)]) -> &'static str {
        let tasks = tasks.iter().enumerate().map(|(number, (state, failed))| {
            (
                number.to_string(),
                TaskState { state: (*state).to_owned(), failed: *failed, ..TaskState::default() },
            )
        });
        status_of(&tasks.collect(), &Lifecycle::default()).0
    }

    #[test]
    fn an_allocation_is_as_its_tasks_are() {
        assert_eq!(status(&[("pending", false), ("pending", false)]), "pending");
        assert_eq!(status(&[("pending", false), ("running", false)]), "running");
        assert_eq!(status(&[("dead", false), ("running", false)]), "running");
        assert_eq!(status(&[("dead", false), ("dead", false)]), "complete");
        assert_eq!(status(&[("dead", true), ("dead", false)]), "failed");
    }
}
