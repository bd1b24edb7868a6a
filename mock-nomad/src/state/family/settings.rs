//! Settings of the whole cluster that operators change at run time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::{Tables, Topic};
use crate::structs::{AutopilotConfiguration, SchedulerConfiguration};

/// The settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) scheduler: SchedulerConfiguration,
    pub(crate) autopilot: AutopilotConfiguration,
    /// What the cluster is told from others by.
    pub(crate) cluster_id: String,
}

/// What changes them. With `only_at` nothing happens where the last change was made at another index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum SettingsCommand {
    Scheduler {
        configuration: SchedulerConfiguration,
        only_at: Option<u64>,
    },
    Autopilot {
        configuration: AutopilotConfiguration,
        only_at: Option<u64>,
    },
    /// The cluster is given its id, once.
    Cluster {
        id: String,
    },
}

impl Tables {
    pub(in crate::state) fn apply_settings(&mut self, command: SettingsCommand) -> Result<(), String> {
        let index = self.index;
        let settings = Arc::make_mut(&mut self.settings);
        let fits = |known: u64, only_at: Option<u64>| only_at.is_none_or(|at| at == known);
        match command {
            SettingsCommand::Scheduler { configuration, only_at } => {
                if fits(settings.scheduler.modify_index, only_at) {
                    let create_index = first(settings.scheduler.create_index, index);
                    settings.scheduler =
                        SchedulerConfiguration { create_index, modify_index: index, ..configuration };
                    self.touch(Topic::SchedulerConfiguration);
                }
            }
            SettingsCommand::Autopilot { configuration, only_at } => {
                if fits(settings.autopilot.modify_index, only_at) {
                    let create_index = first(settings.autopilot.create_index, index);
                    settings.autopilot =
                        AutopilotConfiguration { create_index, modify_index: index, ..configuration };
                }
            }
            SettingsCommand::Cluster { id } => {
                if settings.cluster_id.is_empty() {
                    settings.cluster_id = id;
                }
            }
        }
        Ok(())
    }
}

/// The index at which something was made: the present one where it was not made before.
fn first(made: u64, now: u64) -> u64 {
    if made == 0 { now } else { made }
}
