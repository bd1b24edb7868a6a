//! What became of an allocation's tasks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::GoTime;

/// A task's state and history.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskState {
    /// `pending`, `running` or `dead`.
    pub(crate) state: String,
    pub(crate) failed: bool,
    pub(crate) restarts: u64,
    pub(crate) last_restart: GoTime,
    pub(crate) started_at: GoTime,
    pub(crate) finished_at: GoTime,
    pub(crate) events: Vec<TaskEvent>,
    pub(crate) paused: String,
}

impl TaskState {
    /// A task that has not begun.
    pub(crate) fn pending() -> Self {
        Self { state: "pending".to_owned(), ..Self::default() }
    }

    /// Adds an event, keeping the last ten as the real program does.
    pub(crate) fn add(&mut self, event: TaskEvent) {
        if self.events.len() >= 10 {
            self.events.remove(0);
        }
        self.events.push(event);
    }
}

/// One event in a task's life.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskEvent {
    /// `Received`, `Task Setup`, `Started`, `Terminated`, `Killing`, `Killed`, `Restarting`, `Not Restarting`, ...
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    pub(crate) message: String,
    pub(crate) display_message: String,
    pub(crate) details: BTreeMap<String, String>,
    pub(crate) fails_task: bool,
    pub(crate) restart_reason: String,
    pub(crate) setup_error: String,
    pub(crate) driver_error: String,
    pub(crate) exit_code: i64,
    pub(crate) signal: i64,
    pub(crate) kill_timeout: i64,
    pub(crate) kill_error: String,
    pub(crate) kill_reason: String,
    pub(crate) start_delay: i64,
    pub(crate) download_error: String,
    pub(crate) validation_error: String,
    pub(crate) disk_limit: i64,
    pub(crate) failed_sibling: String,
    pub(crate) vault_error: String,
    pub(crate) task_signal_reason: String,
    pub(crate) task_signal: String,
    pub(crate) driver_message: String,
    pub(crate) generic_source: String,
}

impl TaskEvent {
    /// An event with the text that people read.
    pub(crate) fn new(kind: &str, display: impl Into<String>, at: OffsetDateTime) -> Self {
        let time = i64::try_from(at.unix_timestamp_nanos()).unwrap_or(i64::MAX);
        Self { kind: kind.to_owned(), display_message: display.into(), time, ..Self::default() }
    }

    /// The same with one more detail.
    pub(crate) fn detail(mut self, key: &str, value: impl Into<String>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }
}
