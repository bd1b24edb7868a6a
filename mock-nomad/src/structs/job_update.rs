//! Whether a new version of a job needs new allocations.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::same;
use super::{Job, Opaque, Task, TaskGroup};

/// What of a group needs new allocations where it changes, beside its networks, its namespace in Consul, and its services
/// in Consul's mesh.
const OF_GROUP: [&str; 3] = ["EphemeralDisk", "Volumes", "RestartPolicy/RenderTemplates"];

/// The same of a task, beside its driver, its meta and its resources.
const OF_TASK: [&str; 12] = [
    "User",
    "Env",
    "Artifacts",
    "Vault",
    "Secrets",
    "Templates",
    "CSIPluginConfig",
    "VolumeMounts",
    "Identity",
    "Identities",
    "LogConfig/Disabled",
    "RestartPolicy/RenderTemplates",
];

/// The same of a network, beside its ports.
const OF_NETWORK: [&str; 5] = ["Mode", "MBits", "Hostname", "DNS", "CNI"];

/// The same of a task's resources, beside their networks.
const OF_RESOURCES: [&str; 7] = ["CPU", "Cores", "MemoryMB", "MemoryMaxMB", "Devices", "NUMA", "SecretsMB"];

/// The same of a service in Consul's mesh.
const OF_MESH: [&str; 3] = ["Connect", "PortLabel", "Cluster"];

impl Job {
    /// Whether allocations of a group of this job may become those of `newer` without being started anew.
    pub(crate) fn updates_in_place(&self, newer: &Self, group: &str) -> bool {
        let (Some(old), Some(new)) = (self.group(group), newer.group(group)) else { return false };
        let task = |old_task: &Task| {
            let same = new.tasks.iter().find(|other| other.name == old_task.name);
            same.is_some_and(|new_task| {
                same_task(old_task, new_task)
                    && combined_meta(self, old, old_task) == combined_meta(newer, new, new_task)
            })
        };
        old.tasks.len() == new.tasks.len() && same_group(old, new) && old.tasks.iter().all(task)
    }
}

fn same_group(old: &TaskGroup, new: &TaskGroup) -> bool {
    OF_GROUP.iter().all(|path| same(below(&old.rest, path), below(&new.rest, path)))
        && same_networks(below(&old.rest, "Networks"), below(&new.rest, "Networks"))
        && same_consul(below(&old.rest, "Consul"), below(&new.rest, "Consul"))
        && same_mesh(below(&old.rest, "Services"), below(&new.rest, "Services"))
}

fn same_task(old: &Task, new: &Task) -> bool {
    old.driver == new.driver
        && old.config == new.config
        && OF_TASK.iter().all(|path| same(below(&old.rest, path), below(&new.rest, path)))
        && OF_RESOURCES.iter().all(|name| same(&old.resources[*name], &new.resources[*name]))
        && same_networks(&old.resources["Networks"], &new.resources["Networks"])
        && same_consul(below(&old.rest, "Consul"), below(&new.rest, "Consul"))
}

/// What stands at a path below the fields of something; null where nothing does.
fn below<'a>(fields: &'a BTreeMap<String, Opaque>, path: &str) -> &'a Opaque {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let found = fields.get(first);
    let found = if rest.is_empty() { found } else { found.and_then(|found| found.get(rest)) };
    found.unwrap_or(&Opaque::Null)
}

fn items(list: &Opaque) -> &[Opaque] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn same_networks(old: &Opaque, new: &Opaque) -> bool {
    let same_network = |(old, new): (&Opaque, &Opaque)| {
        OF_NETWORK.iter().all(|name| same(&old[*name], &new[*name])) && ports(old) == ports(new)
    };
    items(old).len() == items(new).len() && items(old).iter().zip(items(new)).all(same_network)
}

/// What is asked of a network's ports, in any order. A dynamic one has no number.
fn ports(network: &Opaque) -> BTreeSet<[String; 4]> {
    let port = |port: &Opaque, names: [&str; 4]| names.map(|name| port[name].to_string());
    let fixed =
        items(&network["ReservedPorts"]).iter().map(|one| port(one, ["Label", "To", "HostNetwork", "Value"]));
    let dynamic =
        items(&network["DynamicPorts"]).iter().map(|one| port(one, ["Label", "To", "HostNetwork", ""]));
    fixed.chain(dynamic).collect()
}

fn same_consul(old: &Opaque, new: &Opaque) -> bool {
    let namespace = |consul: &Opaque| consul["Namespace"].as_str().unwrap_or_default().to_owned();
    namespace(old) == namespace(new)
        && (!old.is_object()
            || !new.is_object()
            || ["Cluster", "Partition"].iter().all(|name| same(&old[*name], &new[*name])))
}

fn same_mesh(old: &Opaque, new: &Opaque) -> bool {
    let meshed = items(old).iter().filter(|service| service["Connect"].is_object());
    let mut pairs =
        meshed.filter_map(|old| Some((old, items(new).iter().find(|new| new["Name"] == old["Name"])?)));
    pairs.all(|(old, new)| OF_MESH.iter().all(|name| same(&old[*name], &new[*name])))
}

/// What a task sees as its meta: its own before its group's before its job's.
fn combined_meta<'a>(job: &'a Job, group: &'a TaskGroup, task: &'a Task) -> BTreeMap<&'a String, &'a String> {
    let layers = [&job.meta, &group.meta, &task.meta];
    layers.into_iter().flatten().flatten().collect()
}
