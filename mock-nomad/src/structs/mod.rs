//! Nomad's objects with the field names of its API and RPC.

mod access;
mod allocation;
mod canonical;
mod deployment;
mod diff;
mod evaluation;
mod gauge;
mod gotime;
mod job;
mod job_summary;
mod job_update;
mod node;
mod query;
mod registry;
mod scaling;
mod stage;
mod task;
mod validate;
mod version_tag;

pub(crate) use self::access::{
    AclPolicy, AclRole, AclToken, AuthConfig, AuthMethod, BindingRule, OneTimeToken, PolicyLink, RoleLink,
};
pub(crate) use self::allocation::{
    AllocatedCpu, AllocatedMemory, AllocatedResources, AllocatedShared, AllocatedTask, Allocation,
    RescheduleEvent, RescheduleTracker,
};
pub(crate) use self::canonical::canonicalize;
pub(crate) use self::deployment::{AllocationHealth, Deployment, DeploymentState, DesiredTransition};
pub(crate) use self::diff::job_diff;
pub(crate) use self::evaluation::{Evaluation, PlacementMetrics};
pub(crate) use self::gauge::Gauge;
pub(crate) use self::gotime::GoTime;
pub(crate) use self::job::{Constraint, Job, Task, TaskGroup};
pub(crate) use self::job_summary::{ChildrenSummary, GroupSummary, JobSummary};
pub(crate) use self::node::{Driver, Node, NodeEvent};
pub(crate) use self::query::{Body, QueryMeta, QueryOptions, map};
pub(crate) use self::registry::{
    AutopilotConfiguration, EncryptedVariable, KeyMaterial, Namespace, NodePool, RootKey,
    SchedulerConfiguration, ServiceRegistration, VariableLock, VariableMeta,
};
pub(crate) use self::scaling::ScalingEvent;
pub(crate) use self::stage::Stage;
pub(crate) use self::task::{TaskEvent, TaskState};
pub(crate) use self::validate::{faults, listed, warnings};
pub(crate) use self::version_tag::VersionTag;

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
