//! Runs one allocation: its tasks, and what becomes of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use lab_world::Tasks;
use tokio::sync::watch;

use super::{Client, persist, task};
use crate::structs::{Allocation, TaskEvent, TaskState};

/// An allocation on this node. Clones are the same.
#[derive(Clone)]
pub(super) struct Runner(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    /// Whether the tasks shall end.
    stop: watch::Sender<bool>,
    /// The tasks' own tasks.
    scope: Tasks,
}

/// What is known of it.
#[derive(Clone)]
pub(super) struct State {
    /// As the servers last described it.
    pub(super) allocation: Allocation,
    pub(super) tasks: BTreeMap<String, TaskState>,
}

impl Runner {
    fn new(allocation: Allocation, tasks: BTreeMap<String, TaskState>) -> Self {
        let stop = watch::Sender::new(allocation.is_server_terminal());
        Self(Arc::new(Inner { state: Mutex::new(State { allocation, tasks }), stop, scope: Tasks::new() }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no panic while running")
    }

    /// The index at which the servers last changed it.
    pub(super) fn server_index(&self) -> u64 {
        self.state().allocation.alloc_modify_index
    }

    /// Wakes when the tasks shall end.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }

    /// Lets go of the tasks: nothing more happens to them here.
    pub(super) fn abandon(&self) {
        self.0.scope.abort();
    }

    /// Changes a task's state and lets the servers know.
    pub(super) fn change(&self, client: &Client, task: &str, change: impl FnOnce(&mut TaskState)) {
        let id = {
            let mut state = self.state();
            change(state.tasks.entry(task.to_owned()).or_insert_with(TaskState::pending));
            state.allocation.id.clone()
        };
        persist::save(client, self);
        client.send(&id);
    }

    /// Notes an event of a task.
    pub(super) fn event(&self, client: &Client, task: &str, event: TaskEvent) {
        self.change(client, task, |state| state.add(event));
    }

    /// What the servers are told: only what a client may say.
    pub(super) fn report(&self) -> Allocation {
        let state = self.state();
        let (status, description) = status_of(&state.tasks);
        Allocation {
            id: state.allocation.id.clone(),
            node_id: state.allocation.node_id.clone(),
            client_status: status.to_owned(),
            client_description: description.to_owned(),
            task_states: state.tasks.clone(),
            network_status: serde_json::json!({"Address": "", "AddressIPv6": "", "DNS": null, "InterfaceName": ""}),
            ..Allocation::default()
        }
    }
}

/// The allocation's status by that of its tasks.
fn status_of(tasks: &BTreeMap<String, TaskState>) -> (&'static str, &'static str) {
    let any = |wanted: &str| tasks.values().any(|task| task.state == wanted);
    if tasks.values().any(|task| task.state == "dead" && task.failed) && !any("running") {
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
    begin(client, allocation, BTreeMap::new());
}

/// Runs an allocation, or goes on with it where its tasks have a past.
pub(super) fn begin(client: &Arc<Client>, allocation: Allocation, mut tasks: BTreeMap<String, TaskState>) {
    let names: Vec<String> = allocation
        .job
        .as_ref()
        .and_then(|job| job.group(&allocation.task_group))
        .map(|group| group.tasks.iter().map(|task| task.name.clone()).collect())
        .unwrap_or_default();
    for name in &names {
        tasks.entry(name.clone()).or_insert_with(TaskState::pending);
    }
    let id = allocation.id.clone();
    let runner = Runner::new(allocation, tasks);
    client.runners().insert(id, runner.clone());
    for name in names {
        // A reference to the client that does not keep it alive would end with it; the scope ends with the runner,
        // which the client holds.
        let weak = Arc::downgrade(client);
        runner.0.scope.spawn(task::run(weak, runner.clone(), name));
    }
    persist::save(client, &runner);
}

/// The servers changed an allocation that runs here.
pub(super) fn update(client: &Client, allocation: Allocation) {
    let Some(runner) = client.runners().get(&allocation.id).cloned() else { return };
    let stop = allocation.is_server_terminal();
    let id = allocation.id.clone();
    runner.state().allocation = allocation;
    runner.0.stop.send_if_modified(|stopping| !std::mem::replace(stopping, *stopping || stop) && stop);
    persist::save(client, &runner);
    if stop {
        // They may hold it for lost; they hear how it really is.
        client.send(&id);
    }
}

/// The servers no longer know an allocation: nothing of it stays.
pub(super) fn destroy(client: &Client, id: &str) {
    if let Some(runner) = client.runners().remove(id) {
        runner.abandon();
        persist::remove(client, id);
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
        status_of(&tasks.collect()).0
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
