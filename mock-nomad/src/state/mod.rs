//! The cluster's state: tables with indexes, changed only by [`Command`]s in the order of the log.

mod apply;
mod command;
mod deployments;
mod events;
mod family;
mod jobs;
mod snapshot;
mod store;
mod tables;
mod try_out;
mod watch;
mod work;

pub(crate) use self::command::{
    Command, DeploymentChange, DrainChange, Garbage, JobCommand, PlanResult, StatusChange, StopAllocation,
};
pub(crate) use self::events::{Batch, Event, Subject};
pub(crate) use self::family::{
    Access, AccessCommand, CONFLICT, Keyring, KeyringCommand, Registry, RegistryCommand, Settings,
    SettingsCommand, VariableCommand, Variables,
};
pub(crate) use self::store::Store;
pub(crate) use self::tables::{JobKey, Tables};
pub(crate) use self::watch::Topic;
pub(crate) use self::work::Work;
