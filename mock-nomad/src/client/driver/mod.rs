//! What runs tasks: real processes for `raw_exec` on this machine, simulated ones for everything else.

mod raw_exec;
mod simulated;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lab_world::{Ended, Host, ProcessId};
use time::OffsetDateTime;

use self::raw_exec::RawExec;
use self::simulated::Simulated;
pub(super) use self::simulated::passes;
use super::alloc_dir::AllocDir;
use super::environment::TaskEnvironment;
use crate::structs::Task;

/// A task that runs.
pub(super) enum Running {
    Simulated(Simulated),
    Process(RawExec),
}

/// What a driver is given to start a task.
pub(super) struct Start<'a> {
    pub(super) host: &'a Host,
    pub(super) task: &'a Task,
    pub(super) directory: &'a AllocDir,
    pub(super) environment: &'a TaskEnvironment,
    /// Whether it may end by itself, as the tasks of a batch job.
    pub(super) may_end: bool,
    /// Whether `raw_exec` starts real processes.
    pub(super) real: bool,
}

/// Why a task did not start, and whether another try may help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DriverError {
    pub(super) text: String,
    pub(super) recoverable: bool,
}

/// What is needed to run something more beside a task's own process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) environment: BTreeMap<String, String>,
    pub(super) directory: PathBuf,
}

/// Whether a task is a process, where `raw_exec` starts real ones or does not.
pub(super) fn is_real(task: &Task, real: bool) -> bool {
    real && task.driver == "raw_exec"
}

impl Running {
    /// Starts a task.
    pub(super) fn start(start: &Start<'_>) -> Result<Self, DriverError> {
        match is_real(start.task, start.real) {
            true => RawExec::start(start).map(Self::Process),
            false => Ok(Self::Simulated(Simulated::start(start))),
        }
    }

    /// Finds a task that an earlier agent started; `None`: it is gone.
    pub(super) fn find(start: &Start<'_>, since: OffsetDateTime, process: Option<ProcessId>) -> Option<Self> {
        match process {
            Some(process) => RawExec::find(start.host, process).map(Self::Process),
            None if is_real(start.task, start.real) => None,
            None => Some(Self::Simulated(Simulated::since(start, since))),
        }
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> Ended {
        match self {
            Self::Simulated(task) => task.ended().await,
            Self::Process(task) => task.ended().await,
        }
    }

    /// Sends it a signal; the error is the system's.
    pub(super) fn signal(&self, name: &str) -> Result<(), String> {
        match self {
            Self::Simulated(_) => Ok(()),
            Self::Process(task) => task.signal(name),
        }
    }

    /// Asks it to end, and ends it where it has not within `patience`.
    pub(super) async fn kill(self, signal: &str, patience: Duration) -> Ended {
        match self {
            Self::Simulated(task) => task.kill().await,
            Self::Process(task) => task.kill(signal, patience).await,
        }
    }

    /// The process, where it is a real one.
    pub(super) fn process(&self) -> Option<ProcessId> {
        match self {
            Self::Simulated(_) => None,
            Self::Process(task) => Some(task.id()),
        }
    }
}
