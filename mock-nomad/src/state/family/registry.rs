//! Namespaces, node pools and services.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::{Subject, Tables, Topic};
use crate::structs::{Namespace, NodePool, ServiceRegistration};

/// How long the identity of a node lives unless its pool says otherwise: a day, in nanoseconds.
const IDENTITY_TTL: i64 = 86_400_000_000_000;

/// The tables.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Registry {
    pub(crate) namespaces: BTreeMap<String, Namespace>,
    pub(crate) node_pools: BTreeMap<String, NodePool>,
    /// By id.
    pub(crate) services: BTreeMap<String, ServiceRegistration>,
}

impl Default for Registry {
    /// What every cluster has from its first moment.
    fn default() -> Self {
        let namespace = Namespace {
            name: "default".to_owned(),
            description: "Default shared namespace".to_owned(),
            hash: "C7UbjDwBK0dK8wQq7Izg7SJIzaV+lIo2X7wRtzY3pSw=".to_owned(),
            create_index: 1,
            modify_index: 1,
            ..Namespace::default()
        };
        let pool = |name: &str, description: &str| NodePool {
            name: name.to_owned(),
            description: description.to_owned(),
            node_identity_ttl: IDENTITY_TTL,
            create_index: 1,
            modify_index: 1,
            ..NodePool::default()
        };
        let pools =
            [pool("all", "Node pool with all nodes in the cluster."), pool("default", "Default node pool.")];
        Self {
            namespaces: BTreeMap::from([(namespace.name.clone(), namespace)]),
            node_pools: pools.into_iter().map(|pool| (pool.name.clone(), pool)).collect(),
            services: BTreeMap::new(),
        }
    }
}

/// What changes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum RegistryCommand {
    UpsertNamespaces(Vec<Namespace>),
    DeleteNamespaces(Vec<String>),
    UpsertNodePools(Vec<NodePool>),
    DeleteNodePools(Vec<String>),
    UpsertServices(Vec<ServiceRegistration>),
    DeleteServices(Vec<String>),
}

impl Tables {
    pub(in crate::state) fn apply_registry(&mut self, command: RegistryCommand) -> Result<(), String> {
        let index = self.index;
        let registry = Arc::make_mut(&mut self.registry);
        let topic = match command {
            RegistryCommand::UpsertNamespaces(namespaces) => {
                for mut namespace in namespaces {
                    let known = registry.namespaces.get(&namespace.name);
                    namespace.create_index = known.map_or(index, |known| known.create_index);
                    namespace.modify_index = index;
                    registry.namespaces.insert(namespace.name.clone(), namespace);
                }
                Topic::Namespaces
            }
            RegistryCommand::DeleteNamespaces(names) => {
                names.iter().for_each(|name| drop(registry.namespaces.remove(name)));
                Topic::Namespaces
            }
            RegistryCommand::UpsertNodePools(pools) => {
                for mut pool in pools {
                    let known = registry.node_pools.get(&pool.name);
                    pool.create_index = known.map_or(index, |known| known.create_index);
                    pool.modify_index = index;
                    if pool.node_identity_ttl == 0 {
                        pool.node_identity_ttl = IDENTITY_TTL;
                    }
                    registry.node_pools.insert(pool.name.clone(), pool);
                }
                Topic::NodePools
            }
            RegistryCommand::DeleteNodePools(names) => {
                names.iter().for_each(|name| drop(registry.node_pools.remove(name)));
                Topic::NodePools
            }
            RegistryCommand::UpsertServices(services) => {
                for mut service in services {
                    let known = registry.services.get(&service.id);
                    service.create_index = known.map_or(index, |known| known.create_index);
                    service.modify_index = index;
                    registry.services.insert(service.id.clone(), service);
                }
                Topic::Services
            }
            RegistryCommand::DeleteServices(ids) => {
                ids.iter().for_each(|id| drop(registry.services.remove(id)));
                Topic::Services
            }
        };
        self.touch(topic);
        Ok(())
    }

    /// Forgets the services of an allocation that has ended.
    pub(in crate::state) fn remove_services_of(&mut self, allocation: &str) {
        let is_of = |service: &ServiceRegistration| service.alloc_id == allocation;
        let gone: Vec<ServiceRegistration> =
            self.registry.services.values().filter(|service| is_of(service)).cloned().collect();
        if gone.is_empty() {
            return;
        }
        Arc::make_mut(&mut self.registry).services.retain(|_, service| !is_of(service));
        self.changed.extend(gone.into_iter().map(|service| Subject::Service(Box::new(service))));
        self.touch(Topic::Services);
    }
}
