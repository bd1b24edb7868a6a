//! What the API may do with the allocations of a node.

use std::time::Duration;

use lab_world::{Clock, Launch, Output, Process, find_program};
use serde_json::{Value as Json, json};
use tokio::sync::oneshot;

use super::runner::{self, Runner};
use super::task::Request;
use super::{Client, events};

/// What is said of a task that nobody knows.
const NO_RUNNER: &str = "Could not find task runner for task: ";

impl Client {
    /// Whether an allocation is on this node.
    pub(crate) fn has_allocation(&self, id: &str) -> bool {
        self.runners().contains_key(id)
    }

    /// The namespace of an allocation that is on this node.
    pub(crate) fn namespace_of(&self, id: &str) -> Option<String> {
        self.runners().get(id).map(|runner| runner.state().allocation.namespace.clone())
    }

    /// Whether a task of an allocation has ever run.
    pub(crate) fn has_started(&self, id: &str, task: &str) -> bool {
        self.runners().get(id).is_some_and(|runner| runner.task(task).started_at.0.is_some())
    }

    /// Whether a task of an allocation will say nothing more.
    pub(crate) fn is_over(&self, id: &str, task: &str) -> bool {
        self.runners().get(id).is_none_or(|runner| runner.task(task).state == "dead")
    }

    /// The node's clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.parts.host.clock
    }

    /// Now, in nanoseconds since 1970.
    pub(crate) fn now_nanos(&self) -> i64 {
        i64::try_from(self.parts.host.clock.now().unix_timestamp_nanos()).unwrap_or(i64::MAX)
    }

    /// How long the client has run.
    pub(crate) fn uptime(&self) -> Duration {
        (self.parts.host.clock.now() - self.began).unsigned_abs()
    }

    /// Restarts one task, those that run, or all of an allocation; waits until they run again.
    pub(crate) async fn restart(&self, id: &str, task: &str, all: bool) -> Result<(), String> {
        let runner = self.runner(id)?;
        let running: Vec<String> = {
            let state = runner.state();
            let wanted = |state: &str| state == "running" || all && state == "pending";
            state.tasks.iter().filter(|(_, task)| wanted(&task.state)).map(|(name, _)| name.clone()).collect()
        };
        let (tasks, reason) = match (task, all) {
            ("", false) => (running, "User requested running tasks to restart"),
            ("", true) => (running, "User requested all tasks to restart"),
            (task, _) if !runner.state().tasks.contains_key(task) => {
                return Err(format!("{NO_RUNNER}{task}"));
            }
            (task, _) => (vec![task.to_owned()], "User requested task to restart"),
        };
        let event = events::restart_signaled(reason, self.clock().now());
        self.ask_all(&runner, &tasks, |answer| Request::Restart(event.clone(), Some(answer))).await
    }

    /// Sends a signal to one task of an allocation, or to all.
    pub(crate) async fn signal(&self, id: &str, task: &str, signal: &str) -> Result<(), String> {
        let runner = self.runner(id)?;
        let known: Vec<String> = runner.state().tasks.keys().cloned().collect();
        let tasks = match task {
            "" => known,
            task if !known.iter().any(|known| known == task) => return Err("Task not found".to_owned()),
            task => vec![task.to_owned()],
        };
        let signal = if signal.is_empty() { "SIGINT" } else { signal };
        let event = events::signaling(signal, "", self.clock().now());
        let request = |answer| Request::Signal(signal.to_owned(), event.clone(), Some(answer));
        if !task.is_empty() {
            return self.ask_all(&runner, &tasks, request).await;
        }
        let mut faults = Vec::new();
        for task in &tasks {
            if let Err(fault) = self.ask_all(&runner, std::slice::from_ref(task), request).await {
                faults.push(format!("Failed to signal task: {task}, err: {fault}"));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(format!("{}\n\n", crate::structs::listed(&faults))) }
    }

    async fn ask_all(
        &self,
        runner: &Runner,
        tasks: &[String],
        request: impl Fn(oneshot::Sender<Result<(), String>>) -> Request,
    ) -> Result<(), String> {
        let mut answers = Vec::new();
        for task in tasks {
            let (sender, receiver) = oneshot::channel();
            if !runner.ask(task, request(sender)) {
                return Err("Task not running".to_owned());
            }
            answers.push(receiver);
        }
        for answer in answers {
            answer.await.unwrap_or_else(|_| Err("Task not running".to_owned()))?;
        }
        Ok(())
    }

    /// Starts a command in the surroundings of a task that runs.
    pub(crate) fn execute(&self, id: &str, task: &str, command: &[String]) -> Result<Process, String> {
        let runner = self.runner(id)?;
        let task = match task {
            "" => runner.state().tasks.keys().next().cloned().unwrap_or_default(),
            task => task.to_owned(),
        };
        let state = runner.task(&task);
        if state.state.is_empty() {
            return Err(format!("task not found: {task}"));
        }
        if state.state != "running" {
            return Err(format!("task {task:?} is not running."));
        }
        let place = runner.place(&task).ok_or("task is not running")?;
        let (name, arguments) = command.split_first().ok_or("command is not present")?;
        let shows_environment = name == "printenv" || (name == "env" && arguments.is_empty());
        if runner.process(&task).is_none() && !shows_environment {
            return Err(format!(
                "{name:?} cannot be run: the task is simulated, and has nothing but its environment, which \"env\" and \
                 \"printenv\" show; tasks of raw_exec are real"
            ));
        }
        let search = place.environment.get("PATH").cloned().unwrap_or_default();
        let program = find_program(name, &search)
            .ok_or_else(|| format!("exec: {name:?}: executable file not found in $PATH"))?;
        let launch = Launch {
            program,
            arguments: arguments.to_vec(),
            environment: place.environment,
            directory: place.directory,
            output: Output::Pipes,
        };
        Process::start(&launch).map_err(|error| error.to_string())
    }

    /// What the tasks of an allocation use.
    pub(crate) fn usage(&self, id: &str, only: Option<&str>) -> Result<Json, String> {
        let runner = self.runner(id)?;
        let only = only.filter(|task| !task.is_empty());
        let now = self.now_nanos();
        let (mut tasks, mut total) = (serde_json::Map::new(), 0);
        let running = runner.state().tasks.clone();
        for (name, _) in running.iter().filter(|(_, task)| task.state == "running") {
            if only.is_some_and(|only| only != name) {
                continue;
            }
            let memory = runner.process(name).map_or(0, |process| process.memory());
            total += memory;
            let mut pids = serde_json::Map::new();
            if let Some(process) = runner.process(name) {
                pids.insert(process.number.to_string(), resources(memory, Json::Null));
            }
            tasks.insert(
                name.clone(),
                json!({"ResourceUsage": resources(memory, Json::Null), "Pids": pids, "Timestamp": now}),
            );
        }
        if let Some(only) = only.filter(|only| !tasks.contains_key(*only)) {
            return Err(format!("allocation {id:?} has no task {only:?}"));
        }
        Ok(json!({"ResourceUsage": resources(total, json!([])), "Tasks": tasks, "Timestamp": now}))
    }

    /// What the checks of an allocation found, by their ids; null where it has none.
    pub(crate) fn checks(&self, id: &str) -> Result<Json, String> {
        Ok(self.runner(id)?.checks().shown())
    }

    /// Forgets an allocation that is over; `false`: there is none.
    pub(crate) fn collect(&self, id: &str) -> bool {
        let is_over = self.runners().get(id).is_some_and(Runner::is_over);
        if is_over {
            runner::clean(self, id);
        }
        is_over
    }

    /// Removes what is left of all allocations that are over.
    pub(crate) fn collect_garbage(&self) {
        let over: Vec<String> = {
            let runners = self.runners();
            runners.iter().filter(|(_, runner)| runner.is_over()).map(|(id, _)| id.clone()).collect()
        };
        over.iter().for_each(|id| runner::clean(self, id));
    }

    fn runner(&self, id: &str) -> Result<Runner, String> {
        self.runners().get(id).cloned().ok_or_else(|| format!("Unknown allocation {id:?}"))
    }
}

fn resources(memory: u64, devices: Json) -> Json {
    json!({
        "CpuStats": {"Measured": ["System Mode", "User Mode", "Percent"], "Percent": 0.0, "SystemMode": 0.0,
                     "ThrottledPeriods": 0, "ThrottledTime": 0, "TotalTicks": 0.0, "UserMode": 0.0},
        "DeviceStats": devices,
        "MemoryStats": {"Cache": 0, "KernelMaxUsage": 0, "KernelUsage": 0, "MappedFile": 0, "MaxUsage": 0,
                        "Measured": ["RSS", "Swap"], "RSS": memory, "Swap": 0, "Usage": 0},
    })
}
