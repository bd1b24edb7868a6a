//! The cluster's state: tables with indexes, changed only by [`Command`]s in the order of the log.

mod apply;
mod command;
mod jobs;
mod snapshot;
mod store;
mod tables;
mod watch;

pub(crate) use self::command::{Command, PlanResult, StatusChange, StopAllocation};
pub(crate) use self::store::Store;
pub(crate) use self::tables::Tables;
pub(crate) use self::watch::Topic;
