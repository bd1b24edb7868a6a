//! A client node.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{GoTime, Opaque};

/// A client node, as registered and as the state keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Node {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    /// Known to the node and the servers only.
    #[serde(rename = "SecretID")]
    pub(crate) secret_id: String,
    pub(crate) datacenter: String,
    pub(crate) name: String,
    pub(crate) cgroup_parent: String,
    #[serde(rename = "HTTPAddr")]
    pub(crate) http_addr: String,
    /// Whether its HTTP port speaks TLS.
    #[serde(rename = "TLSEnabled")]
    pub(crate) tls_enabled: bool,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) node_resources: NodeResources,
    pub(crate) reserved_resources: Opaque,
    pub(crate) links: BTreeMap<String, String>,
    pub(crate) meta: BTreeMap<String, String>,
    pub(crate) node_class: String,
    pub(crate) node_pool: String,
    pub(crate) computed_class: String,
    pub(crate) drain_strategy: Opaque,
    /// `eligible` or `ineligible`.
    pub(crate) scheduling_eligibility: String,
    /// `initializing`, `ready`, `down` or `disconnected`.
    pub(crate) status: String,
    pub(crate) status_description: String,
    #[serde(rename = "IdentitySigningKeyID")]
    pub(crate) identity_signing_key_id: String,
    /// Seconds since 1970.
    pub(crate) status_updated_at: i64,
    pub(crate) events: Vec<NodeEvent>,
    pub(crate) drivers: BTreeMap<String, Driver>,
    pub(crate) host_volumes: Opaque,
    pub(crate) host_networks: Opaque,
    #[serde(rename = "CSIControllerPlugins")]
    pub(crate) csi_controller_plugins: Opaque,
    #[serde(rename = "CSINodePlugins")]
    pub(crate) csi_node_plugins: Opaque,
    #[serde(rename = "GCVolumesOnNodeGC")]
    pub(crate) gc_volumes_on_node_gc: bool,
    pub(crate) node_max_allocs: i64,
    pub(crate) last_drain: Opaque,
    pub(crate) last_missed_heartbeat_index: u64,
    pub(crate) last_alloc_update_index: u64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

impl Node {
    /// Whether new work may be placed on it.
    pub(crate) fn is_ready(&self) -> bool {
        self.status == "ready" && self.scheduling_eligibility == "eligible" && self.drain_strategy.is_null()
    }

    /// Whether its work is gone as far as the servers can tell.
    pub(crate) fn is_down(&self) -> bool {
        self.status == "down"
    }

    /// Whether the status ends all heartbeat timers.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_down()
    }

    /// Adds an event, keeping the last ten as the real program does.
    pub(crate) fn add_event(&mut self, event: NodeEvent) {
        if self.events.len() >= 10 {
            self.events.remove(0);
        }
        self.events.push(event);
    }
}

/// What a node has to give, as far as the scheduler counts it; the rest is kept as it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeResources {
    pub(crate) cpu: NodeCpu,
    pub(crate) memory: NodeMemory,
    pub(crate) disk: NodeDisk,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Opaque>,
}

impl NodeResources {
    /// Megahertz, mebibytes of memory, mebibytes of disk.
    pub(crate) fn room(&self) -> [i64; 3] {
        [self.cpu.cpu_shares, self.memory.memory_mb, self.disk.disk_mb]
    }
}

/// Megahertz and cores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeCpu {
    pub(crate) cpu_shares: i64,
    pub(crate) total_cpu_cores: i64,
    pub(crate) reservable_cpu_cores: Opaque,
}

/// Mebibytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NodeMemory {
    #[serde(rename = "MemoryMB")]
    pub(crate) memory_mb: i64,
}

/// Mebibytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NodeDisk {
    #[serde(rename = "DiskMB")]
    pub(crate) disk_mb: i64,
}

/// Something that happened to a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeEvent {
    pub(crate) message: String,
    pub(crate) subsystem: String,
    pub(crate) details: Option<BTreeMap<String, String>>,
    pub(crate) timestamp: GoTime,
    pub(crate) create_index: u64,
}

impl NodeEvent {
    /// An event of the subsystem `Cluster`; its time has whole seconds.
    pub(crate) fn cluster(message: &str, at: time::OffsetDateTime) -> Self {
        let at = at.replace_nanosecond(0).unwrap_or(at);
        Self {
            message: message.to_owned(),
            subsystem: "Cluster".to_owned(),
            timestamp: at.into(),
            ..Self::default()
        }
    }
}

/// A task driver's health on a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Driver {
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) detected: bool,
    pub(crate) healthy: bool,
    pub(crate) health_description: String,
    pub(crate) update_time: GoTime,
}
