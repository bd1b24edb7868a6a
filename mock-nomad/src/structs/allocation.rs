//! An allocation: one instance of a task group on one node.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    AllocationHealth, DesiredTransition, GoTime, Job, Opaque, PlacementMetrics, Stage, TaskState, empty,
};

/// An allocation. Empty fields are left out, as the real program does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Allocation {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) namespace: String,
    #[serde(rename = "EvalID", skip_serializing_if = "empty")]
    pub(crate) eval_id: String,
    /// `<job>.<group>[<index>]`
    #[serde(skip_serializing_if = "empty")]
    pub(crate) name: String,
    #[serde(rename = "NodeID", skip_serializing_if = "empty")]
    pub(crate) node_id: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) node_name: String,
    #[serde(rename = "JobID", skip_serializing_if = "empty")]
    pub(crate) job_id: String,
    #[serde(skip_serializing_if = "Option::is_none", with = "shared_job")]
    pub(crate) job: Option<Arc<Job>>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) task_group: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) allocated_resources: AllocatedResources,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) metrics: PlacementMetrics,
    /// `run`, `stop` or `evict`: what the servers want.
    #[serde(skip_serializing_if = "empty")]
    pub(crate) desired_status: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) desired_description: String,
    /// `pending`, `running`, `complete`, `failed`, `lost` or `unknown`: what is so.
    #[serde(skip_serializing_if = "empty")]
    pub(crate) client_status: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) client_description: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) task_states: BTreeMap<String, TaskState>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) previous_allocation: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) next_allocation: String,
    #[serde(rename = "FollowupEvalID", skip_serializing_if = "empty")]
    pub(crate) followup_eval_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reschedule_tracker: Option<RescheduleTracker>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) network_status: Opaque,
    /// The allocations that were put aside for it.
    #[serde(skip_serializing_if = "empty", deserialize_with = "super::nullable")]
    pub(crate) preempted_allocations: Vec<String>,
    /// The allocation that it was put aside for.
    #[serde(skip_serializing_if = "empty")]
    pub(crate) preempted_by_allocation: String,
    #[serde(rename = "DeploymentID", skip_serializing_if = "empty")]
    pub(crate) deployment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deployment_status: Option<AllocationHealth>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) desired_transition: DesiredTransition,
    /// When it became unknown, and came back.
    #[serde(skip_serializing_if = "empty")]
    pub(crate) alloc_states: Opaque,
    /// The key that its tasks' identities were signed with when it was placed.
    #[serde(rename = "SigningKeyID", skip_serializing_if = "empty")]
    pub(crate) signing_key_id: String,
    /// The default identities of its tasks, which only the client gets.
    #[serde(skip_serializing_if = "empty", deserialize_with = "super::nullable")]
    pub(crate) signed_identities: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) create_index: u64,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) modify_index: u64,
    /// The index at which the servers last changed it: what makes a client fetch it again.
    #[serde(skip_serializing_if = "empty")]
    pub(crate) alloc_modify_index: u64,
    /// Nanoseconds since 1970.
    #[serde(skip_serializing_if = "empty")]
    pub(crate) create_time: i64,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) modify_time: i64,
}

impl Allocation {
    /// Whether it is a canary that nobody promoted.
    pub(crate) fn is_canary(&self) -> bool {
        self.deployment_status.as_ref().is_some_and(|health| health.canary)
    }

    /// What is known of its health.
    pub(crate) fn health(&self) -> Option<bool> {
        self.deployment_status.as_ref().and_then(|health| health.healthy)
    }

    /// Its job: namespace and id.
    pub(crate) fn job_key(&self) -> (String, String) {
        (self.namespace.clone(), self.job_id.clone())
    }

    /// Whether the servers no longer want it.
    pub(crate) fn is_server_terminal(&self) -> bool {
        matches!(self.desired_status.as_str(), "stop" | "evict")
    }

    /// Whether the client is done with it.
    pub(crate) fn is_client_terminal(&self) -> bool {
        matches!(self.client_status.as_str(), "complete" | "failed" | "lost")
    }

    /// Whether it uses no resources any more.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_server_terminal() || self.is_client_terminal()
    }

    /// The number in its name.
    pub(crate) fn index(&self) -> Option<usize> {
        self.name.rsplit_once('[')?.1.trim_end_matches(']').parse().ok()
    }
}

/// What an allocation takes of its node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AllocatedResources {
    pub(crate) tasks: BTreeMap<String, AllocatedTask>,
    pub(crate) task_lifecycles: BTreeMap<String, Opaque>,
    pub(crate) shared: AllocatedShared,
}

impl AllocatedResources {
    /// Megahertz, mebibytes of memory, mebibytes of disk: the most that runs at once.
    pub(crate) fn total(&self) -> [i64; 3] {
        let (mut cpu, mut memory) = ([0; 3], [0; 3]);
        for (name, task) in &self.tasks {
            let stage = self.task_lifecycles.get(name).map_or(Stage::Main, Stage::of_block);
            for (moment, takes_room) in stage.takes_room().into_iter().enumerate() {
                cpu[moment] += i64::from(takes_room) * task.cpu.cpu_shares;
                memory[moment] += i64::from(takes_room) * task.memory.memory_mb;
            }
        }
        let most = |moments: [i64; 3]| moments.into_iter().max().unwrap_or_default();
        [most(cpu), most(memory), self.shared.disk_mb]
    }
}

/// What one task takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AllocatedTask {
    pub(crate) cpu: AllocatedCpu,
    pub(crate) memory: AllocatedMemory,
    pub(crate) devices: Opaque,
    pub(crate) networks: Opaque,
}

/// Megahertz.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AllocatedCpu {
    pub(crate) cpu_shares: i64,
    pub(crate) reserved_cores: Opaque,
}

/// Mebibytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AllocatedMemory {
    #[serde(rename = "MemoryMB")]
    pub(crate) memory_mb: i64,
    #[serde(rename = "MemoryMaxMB")]
    pub(crate) memory_max_mb: i64,
}

/// What the tasks of the group take together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AllocatedShared {
    #[serde(rename = "DiskMB")]
    pub(crate) disk_mb: i64,
    pub(crate) networks: Opaque,
    pub(crate) ports: Opaque,
}

/// How often an allocation's predecessors failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct RescheduleTracker {
    pub(crate) events: Vec<RescheduleEvent>,
    /// `ok` where the last failure was followed by one.
    pub(crate) last_reschedule: String,
}

/// One failure that was followed by a new allocation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct RescheduleEvent {
    /// Nanoseconds since 1970.
    pub(crate) reschedule_time: i64,
    #[serde(rename = "PrevAllocID")]
    pub(crate) prev_alloc_id: String,
    #[serde(rename = "PrevNodeID")]
    pub(crate) prev_node_id: String,
    /// Nanoseconds.
    pub(crate) delay: i64,
}

impl Allocation {
    /// When the last task ended, or the last change where no task says so.
    pub(crate) fn finished_at(&self) -> GoTime {
        self.task_states.values().map(|task| task.finished_at).max().unwrap_or_default()
    }
}

mod shared_job {
    use super::{Arc, Deserialize, Deserializer, Job, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(job: &Option<Arc<Job>>, serializer: S) -> Result<S::Ok, S::Error> {
        job.as_deref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Arc<Job>>, D::Error> {
        Option::<Job>::deserialize(deserializer).map(|job| job.map(Arc::new))
    }
}
