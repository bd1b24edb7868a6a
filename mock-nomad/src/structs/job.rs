//! A job: what users want to run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Opaque, nullable};

/// A job in canonical form; what this crate does not look into stays in `rest` as it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Job {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) region: String,
    /// `service`, `batch`, `system` or `sysbatch`.
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    pub(crate) priority: i64,
    #[serde(deserialize_with = "nullable")]
    pub(crate) datacenters: Vec<String>,
    pub(crate) node_pool: String,
    pub(crate) constraints: Option<Vec<Constraint>>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) task_groups: Vec<TaskGroup>,
    pub(crate) meta: Option<BTreeMap<String, String>>,
    /// `pending`, `running` or `dead`.
    pub(crate) status: String,
    pub(crate) status_description: String,
    pub(crate) stop: bool,
    pub(crate) stable: bool,
    pub(crate) version: u64,
    /// Nanoseconds since 1970.
    pub(crate) submit_time: i64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
    pub(crate) job_modify_index: u64,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Opaque>,
}

impl Job {
    /// Whether it runs once on every node.
    pub(crate) fn is_system(&self) -> bool {
        matches!(self.kind.as_str(), "system" | "sysbatch")
    }

    /// Whether its tasks are meant to end.
    pub(crate) fn is_batch(&self) -> bool {
        matches!(self.kind.as_str(), "batch" | "sysbatch")
    }

    /// The job that this one was made from; empty where there is none.
    pub(crate) fn parent_id(&self) -> &str {
        self.rest.get("ParentID").and_then(Opaque::as_str).unwrap_or_default()
    }

    /// Whether it is a periodic job, and not one of its runs.
    pub(crate) fn is_periodic(&self) -> bool {
        self.rest.get("Periodic").is_some_and(|periodic| !periodic.is_null()) && self.parent_id().is_empty()
    }

    /// Whether it waits for being dispatched, and was not.
    pub(crate) fn is_parameterized(&self) -> bool {
        let dispatched = || self.rest.get("Dispatched").and_then(Opaque::as_bool).unwrap_or(false);
        self.rest.get("ParameterizedJob").is_some_and(|block| !block.is_null()) && !dispatched()
    }

    /// Whether nothing is placed for the job itself: others are made from it.
    pub(crate) fn makes_others(&self) -> bool {
        self.is_periodic() || self.is_parameterized()
    }

    /// The group of that name.
    pub(crate) fn group(&self, name: &str) -> Option<&TaskGroup> {
        self.task_groups.iter().find(|group| group.name == name)
    }

    /// Whether a user would call it the same job: everything but the bookkeeping is equal.
    pub(crate) fn same_specification(&self, other: &Self) -> bool {
        let plain = |job: &Self| Self {
            status: String::new(),
            status_description: String::new(),
            stable: false,
            version: 0,
            submit_time: 0,
            create_index: 0,
            modify_index: 0,
            job_modify_index: 0,
            ..job.clone()
        };
        plain(self) == plain(other)
    }
}

/// Tasks that run together on one node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskGroup {
    pub(crate) name: String,
    pub(crate) count: i64,
    pub(crate) constraints: Option<Vec<Constraint>>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) tasks: Vec<Task>,
    pub(crate) meta: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Opaque>,
}

impl TaskGroup {
    /// The services that are registered with Nomad itself, each with its task; empty for the group's own.
    pub(crate) fn nomad_services(&self) -> impl Iterator<Item = (&str, &Opaque)> {
        let of_tasks = self.tasks.iter().map(|task| (task.name.as_str(), &task.rest));
        [("", &self.rest)].into_iter().chain(of_tasks).flat_map(|(task, rest)| {
            let services = rest.get("Services").and_then(Opaque::as_array).into_iter().flatten();
            services.filter(|service| service["Provider"] == "nomad").map(move |service| (task, service))
        })
    }

    /// The checks of those services, each with its task and its service.
    pub(crate) fn nomad_checks(&self) -> impl Iterator<Item = (&str, &Opaque, &Opaque)> {
        self.nomad_services().flat_map(|(task, service)| {
            let checks = service["Checks"].as_array().into_iter().flatten();
            checks.map(move |check| (task, service, check))
        })
    }

    /// A number below an object of the group, such as `RestartPolicy.Attempts`.
    pub(crate) fn number(&self, object: &str, field: &str) -> Option<i64> {
        self.rest.get(object)?.get(field)?.as_i64()
    }

    /// A text below an object of the group, such as `RestartPolicy.Mode`.
    pub(crate) fn text(&self, object: &str, field: &str) -> Option<&str> {
        self.rest.get(object)?.get(field)?.as_str()
    }

    /// A flag below an object of the group, such as `ReschedulePolicy.Unlimited`.
    pub(crate) fn flag(&self, object: &str, field: &str) -> bool {
        self.rest.get(object).and_then(|value| value.get(field)).and_then(Opaque::as_bool).unwrap_or(false)
    }
}

/// One task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) driver: String,
    pub(crate) config: Option<BTreeMap<String, Opaque>>,
    pub(crate) constraints: Option<Vec<Constraint>>,
    pub(crate) meta: Option<BTreeMap<String, String>>,
    pub(crate) resources: Opaque,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Opaque>,
}

impl Task {
    /// Megahertz.
    pub(crate) fn cpu(&self) -> i64 {
        self.resources.get("CPU").and_then(Opaque::as_i64).unwrap_or(100)
    }

    /// Mebibytes.
    pub(crate) fn memory(&self) -> i64 {
        self.resources.get("MemoryMB").and_then(Opaque::as_i64).unwrap_or(300)
    }
}

/// A rule about the nodes that may run something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Constraint {
    #[serde(rename = "LTarget", deserialize_with = "nullable")]
    pub(crate) left: String,
    #[serde(rename = "RTarget", deserialize_with = "nullable")]
    pub(crate) right: String,
    #[serde(rename = "Operand", deserialize_with = "nullable")]
    pub(crate) operand: String,
}
