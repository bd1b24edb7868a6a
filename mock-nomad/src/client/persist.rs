//! What a client keeps of its allocations, so that the next one finds them running.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lab_world::{DiskError, ProcessId};
use serde::{Deserialize, Serialize};

use super::runner::{self, Runner, State};
use super::{Client, LOGGER};
use crate::hclog::pair;
use crate::structs::{Allocation, TaskState};

#[derive(Serialize, Deserialize)]
struct Kept {
    allocation: Allocation,
    tasks: BTreeMap<String, TaskState>,
    /// The number and the start of each task's process.
    #[serde(default)]
    processes: BTreeMap<String, (i32, u64)>,
}

impl From<Kept> for State {
    fn from(kept: Kept) -> Self {
        let id = |(task, (number, started))| (task, ProcessId { number, started });
        Self {
            allocation: kept.allocation,
            tasks: kept.tasks,
            processes: kept.processes.into_iter().map(id).collect(),
        }
    }
}

/// Keeps an allocation as it is now.
pub(super) fn save(client: &Client, runner: &Runner) {
    let state = runner.state().clone();
    let Some(path) = directory(client).map(|directory| directory.join(&state.allocation.id)) else { return };
    let processes = state.processes.into_iter().map(|(task, id)| (task, (id.number, id.started)));
    let kept = Kept { allocation: state.allocation, tasks: state.tasks, processes: processes.collect() };
    // Plain values, into memory.
    let bytes = rmp_serde::to_vec_named(&kept).expect("allocations are made of plain values");
    if let Err(error) = client.parts.host.disk.write_atomic(path, bytes, 0o600) {
        client
            .parts
            .host
            .log
            .error(LOGGER, format!("error persisting allocation: {}", pair("error", &error)));
    }
}

/// Forgets an allocation.
pub(super) fn remove(client: &Client, id: &str) {
    if let Some(directory) = directory(client) {
        // What is not there need not go.
        let _ = client.parts.host.disk.remove(directory.join(id));
    }
}

/// Goes on with everything that was kept.
pub(super) fn restore(client: &Arc<Client>) {
    let Some(directory) = directory(client) else { return };
    let disk = &client.parts.host.disk;
    let files = match disk.list(&directory) {
        Ok(files) => files,
        Err(DiskError::NotFound(_)) => return,
        Err(error) => {
            client
                .parts
                .host
                .log
                .error(LOGGER, format!("failed to restore state: {}", pair("error", &error)));
            return;
        }
    };
    for file in files {
        let kept = disk.read(&file).map_err(|error| error.to_string());
        let kept =
            kept.and_then(|bytes| rmp_serde::from_slice::<Kept>(&bytes).map_err(|error| error.to_string()));
        match kept {
            Ok(kept) => runner::begin(client, kept.into()),
            Err(error) => {
                client.parts.host.log.error(
                    LOGGER,
                    format!("error restoring alloc: file={} {}", file.display(), pair("error", error)),
                );
            }
        }
    }
}

fn directory(client: &Client) -> Option<PathBuf> {
    client.parts.settings.data_dir.as_ref().map(|directory| directory.join("client").join("allocs"))
}
