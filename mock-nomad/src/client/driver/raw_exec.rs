//! `raw_exec`: a process of this machine, with the agent's own rights.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_world::{Clock, Ended, Host, Launch, Output, Process, ProcessId, find_program};

use super::{DriverError, Place, Start};
use crate::structs::Opaque;

/// How often a process that is nobody's child here is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Variables of the agent that tasks do not get.
const DENIED: [&str; 9] = [
    "CONSUL_TOKEN",
    "CONSUL_HTTP_TOKEN",
    "CONSUL_HTTP_TOKEN_FILE",
    "NOMAD_TOKEN",
    "VAULT_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
];

/// A process that runs.
pub(in crate::client) struct RawExec {
    clock: Clock,
    id: ProcessId,
    /// `None`: an earlier agent started it.
    child: Option<Process>,
}

impl RawExec {
    /// Starts the task's command.
    pub(super) fn start(start: &Start<'_>) -> Result<Self, DriverError> {
        let config = start.task.config.clone().unwrap_or_default();
        let text = |value: &Opaque| start.environment.interpolate(value.as_str().unwrap_or_default());
        let command = config.get("command").map(text).unwrap_or_default();
        if command.is_empty() {
            let text = "failed to decode driver config: missing required argument: \"command\"".to_owned();
            return Err(DriverError { text, recoverable: false });
        }
        let arguments = config.get("args").and_then(Opaque::as_array).into_iter().flatten();
        let place = place(start);
        let failed = |text: String| DriverError {
            text: format!("failed to launch command with executor: rpc error: code = Unknown desc = {text}"),
            recoverable: false,
        };
        let own = start.directory.task(&start.task.name);
        let search = format!(
            "{}:{}",
            own.local().display(),
            place.environment.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str)
        );
        let program = match find_program(&command, &search) {
            Some(program) => program,
            // A path may also count from the task's directory.
            None => find_program(&own.path().join(&command).display().to_string(), "")
                .ok_or_else(|| failed(format!("binary {command:?} could not be found")))?,
        };
        let launch = Launch {
            program,
            arguments: arguments.map(text).collect(),
            environment: place.environment,
            directory: place.directory,
            output: Output::Files {
                stdout: start.directory.log(&start.task.name, "stdout"),
                stderr: start.directory.log(&start.task.name, "stderr"),
            },
        };
        let child = Process::start(&launch).map_err(|error| failed(error.to_string()))?;
        Ok(Self { clock: start.host.clock.clone(), id: child.id(), child: Some(child) })
    }

    /// A process that an earlier agent started, if it still runs.
    pub(super) fn find(host: &Host, id: ProcessId) -> Option<Self> {
        id.is_alive().then(|| Self { clock: host.clock.clone(), id, child: None })
    }

    pub(super) fn id(&self) -> ProcessId {
        self.id
    }

    /// Waits for the end of the process, and ends what it left behind. The status of somebody else's child is not told
    /// to anyone but its parent: it counts as a good end.
    pub(super) async fn ended(&mut self) -> Ended {
        let ended = match &mut self.child {
            Some(child) => child.ended().await.unwrap_or(Ended { code: 1, signal: 0 }),
            None => {
                while self.id.is_alive() {
                    self.clock.sleep(LOOK).await;
                }
                Ended::default()
            }
        };
        self.id.kill_group();
        ended
    }

    pub(super) fn signal(&self, name: &str) -> Result<(), String> {
        // The real executor sends SIGINT for a name that it does not know.
        let name = if lab_world::is_signal(name) { name } else { "SIGINT" };
        self.id.signal(name).map_err(|error| error.to_string())
    }

    pub(super) async fn kill(mut self, signal: &str, patience: Duration) -> Ended {
        let signal = if signal.is_empty() { "SIGINT" } else { signal };
        // One that has just ended needs no signal.
        let _ = self.signal(signal);
        let clock = self.clock.clone();
        if let Some(ended) = clock.timeout(patience, self.ended()).await {
            return ended;
        }
        self.id.kill_group();
        match self.child {
            Some(_) => self.ended().await,
            None => Ended { code: 137, signal: 9 },
        }
    }
}

/// Where the task's processes run, and with which environment: the agent's own under the task's.
fn place(start: &Start<'_>) -> Place {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let mut environment: BTreeMap<String, String> = std::env::vars_os().filter_map(text).collect();
    environment.retain(|name, _| !DENIED.contains(&name.as_str()));
    environment.extend(start.environment.variables.clone());
    Place { environment, directory: start.directory.task(&start.task.name).path().to_owned() }
}

impl Place {
    /// Where further commands of the task run.
    pub(in crate::client) fn of(start: &Start<'_>) -> Self {
        place(start)
    }
}
