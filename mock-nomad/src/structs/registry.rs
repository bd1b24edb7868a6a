//! What belongs to no job: namespaces, node pools, services, variables, keys and settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Opaque, empty, nullable};

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Namespace {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) quota: String,
    pub(crate) capabilities: Option<NamespaceCapabilities>,
    pub(crate) node_pool_configuration: Opaque,
    pub(crate) vault_configuration: Opaque,
    pub(crate) consul_configuration: Opaque,
    pub(crate) meta: Option<BTreeMap<String, String>>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) hash: String,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// What jobs of a namespace may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NamespaceCapabilities {
    pub(crate) enabled_task_drivers: Option<Vec<String>>,
    pub(crate) disabled_task_drivers: Option<Vec<String>>,
    pub(crate) enabled_network_modes: Option<Vec<String>>,
    pub(crate) disabled_network_modes: Option<Vec<String>>,
}

/// Nodes that jobs choose together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodePool {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) meta: Option<BTreeMap<String, String>>,
    /// Nanoseconds that the identity of a node lives.
    #[serde(rename = "NodeIdentityTTL")]
    pub(crate) node_identity_ttl: i64,
    pub(crate) scheduler_configuration: Opaque,
    pub(crate) hash: Option<String>,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// One instance of a service that an allocation offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ServiceRegistration {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) service_name: String,
    pub(crate) namespace: String,
    #[serde(rename = "NodeID")]
    pub(crate) node_id: String,
    pub(crate) datacenter: String,
    #[serde(rename = "JobID")]
    pub(crate) job_id: String,
    #[serde(rename = "AllocID")]
    pub(crate) alloc_id: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) tags: Vec<String>,
    pub(crate) address: String,
    pub(crate) port: i64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// A variable without what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct VariableMeta {
    pub(crate) namespace: String,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lock: Option<VariableLock>,
    pub(crate) create_index: u64,
    pub(crate) create_time: i64,
    pub(crate) modify_index: u64,
    pub(crate) modify_time: i64,
}

/// Who holds a variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct VariableLock {
    #[serde(rename = "TTL", skip_serializing_if = "empty")]
    pub(crate) ttl: String,
    #[serde(skip_serializing_if = "empty")]
    pub(crate) lock_delay: String,
    #[serde(rename = "ID")]
    pub(crate) id: String,
}

/// A variable as the log and the snapshots have it: what it holds is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EncryptedVariable {
    pub(crate) meta: VariableMeta,
    /// The nonce and the sealed items.
    pub(crate) data: Vec<u8>,
    pub(crate) key_id: String,
}

/// A key of the keyring.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct RootKey {
    #[serde(rename = "KeyID")]
    pub(crate) id: String,
    pub(crate) algorithm: String,
    pub(crate) create_time: i64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
    /// `active`, `inactive`, `prepublished`, `rekeying` or `deprecated`.
    pub(crate) state: String,
    pub(crate) publish_time: i64,
}

/// A key with what makes it one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyMaterial {
    pub(crate) meta: RootKey,
    /// 32 bytes for AES-256-GCM.
    pub(crate) data_key: Vec<u8>,
    /// The RSA key as PKCS #8; empty where tokens are signed with the Ed25519 key that the data key is the seed of.
    pub(crate) rsa_key: Vec<u8>,
}

/// How the scheduler works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SchedulerConfiguration {
    pub(crate) scheduler_algorithm: String,
    pub(crate) preemption_config: PreemptionConfig,
    pub(crate) memory_oversubscription_enabled: bool,
    pub(crate) reject_job_registration: bool,
    pub(crate) pause_eval_broker: bool,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

impl Default for SchedulerConfiguration {
    fn default() -> Self {
        let preemption = PreemptionConfig { system_scheduler_enabled: true, ..PreemptionConfig::default() };
        Self {
            scheduler_algorithm: "binpack".to_owned(),
            preemption_config: preemption,
            memory_oversubscription_enabled: false,
            reject_job_registration: false,
            pause_eval_broker: false,
            create_index: 0,
            modify_index: 0,
        }
    }
}

/// Which schedulers may put other work aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PreemptionConfig {
    pub(crate) system_scheduler_enabled: bool,
    pub(crate) sys_batch_scheduler_enabled: bool,
    pub(crate) batch_scheduler_enabled: bool,
    pub(crate) service_scheduler_enabled: bool,
}

/// How the leader looks after the servers. Times are nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AutopilotConfiguration {
    pub(crate) cleanup_dead_servers: bool,
    pub(crate) last_contact_threshold: i64,
    pub(crate) max_trailing_logs: u64,
    pub(crate) min_quorum: u64,
    pub(crate) server_stabilization_time: i64,
    pub(crate) enable_redundancy_zones: bool,
    pub(crate) disable_upgrade_migration: bool,
    pub(crate) enable_custom_upgrades: bool,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

impl Default for AutopilotConfiguration {
    fn default() -> Self {
        Self {
            cleanup_dead_servers: true,
            last_contact_threshold: 200_000_000,
            max_trailing_logs: 250,
            min_quorum: 0,
            server_stabilization_time: 10_000_000_000,
            enable_redundancy_zones: false,
            disable_upgrade_migration: false,
            enable_custom_upgrades: false,
            create_index: 0,
            modify_index: 0,
        }
    }
}
