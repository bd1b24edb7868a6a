//! Nomad's objects with the field names of its API and RPC.

mod allocation;
mod canonical;
mod evaluation;
mod gotime;
mod job;
mod node;
mod query;
mod task;
mod validate;

pub(crate) use self::allocation::{
    AllocatedCpu, AllocatedMemory, AllocatedResources, AllocatedShared, AllocatedTask, Allocation,
    RescheduleEvent, RescheduleTracker,
};
pub(crate) use self::canonical::canonicalize;
pub(crate) use self::evaluation::{Evaluation, PlacementMetrics};
pub(crate) use self::gotime::GoTime;
pub(crate) use self::job::{Constraint, GroupSummary, Job, JobSummary, Task, TaskGroup};
pub(crate) use self::node::{Driver, Node, NodeEvent};
pub(crate) use self::query::{Body, QueryMeta, QueryOptions, map};
pub(crate) use self::task::{TaskEvent, TaskState};
pub(crate) use self::validate::validate;

use serde::{Deserialize, Deserializer};

/// Anything this crate does not look into: kept as it came.
pub(crate) type Opaque = serde_json::Value;

/// Reads `null` as the default, as Go reads nil slices and maps.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Whether a field equals its default, and is left out where Go writes `omitempty`.
fn empty<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
