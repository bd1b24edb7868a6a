//! The environment of a task, and what `${...}` stands for in its settings.

use std::collections::BTreeMap;

use super::alloc_dir::AllocDir;
use crate::structs::{Allocation, Job, Node, Opaque, Task, TaskGroup};

/// The variables of a task, and the facts of its node that its settings may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TaskEnvironment {
    /// What the task finds in its environment.
    pub(super) variables: BTreeMap<String, String>,
    node: BTreeMap<String, String>,
}

/// What an environment is made of.
pub(super) struct Sources<'a> {
    pub(super) node: &'a Node,
    pub(super) region: &'a str,
    pub(super) allocation: &'a Allocation,
    pub(super) job: &'a Job,
    pub(super) group: &'a TaskGroup,
    pub(super) task: &'a Task,
    pub(super) directory: &'a AllocDir,
}

impl TaskEnvironment {
    /// The variables that every task has, its ports, its meta and its own `env`, in this order.
    pub(super) fn of(sources: &Sources<'_>) -> Self {
        let mut environment = Self { variables: BTreeMap::new(), node: node_facts(sources) };
        let variables = &mut environment.variables;
        common(variables, sources);
        ports(variables, &sources.allocation.allocated_resources.shared.ports);
        for meta in [&sources.job.meta, &sources.group.meta, &sources.task.meta] {
            meta.iter().flatten().for_each(|(name, value)| add_meta(variables, name, value));
        }
        let own = sources.task.rest.get("Env").and_then(Opaque::as_object);
        for (name, value) in own.into_iter().flatten() {
            let value = environment.interpolate(value.as_str().unwrap_or_default());
            let name = environment.interpolate(name);
            environment.variables.insert(name, value);
        }
        environment
    }

    /// `text` with each `${name}` that is known replaced; others stay as they are.
    pub(super) fn interpolate(&self, text: &str) -> String {
        let mut replaced = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else { break };
            let name = rest[start + 2..start + length].trim();
            replaced.push_str(&rest[..start]);
            match self.value(name) {
                Some(value) => replaced.push_str(value),
                None => replaced.push_str(&rest[start..=start + length]),
            }
            rest = &rest[start + length + 1..];
        }
        replaced.push_str(rest);
        replaced
    }

    fn value(&self, name: &str) -> Option<&str> {
        let quoted = name.strip_prefix("env[").and_then(|rest| rest.strip_suffix(']'));
        let name = quoted.map_or(name, |inner| inner.trim_matches(['"', '\'']));
        self.variables.get(name).or_else(|| self.node.get(name)).map(String::as_str)
    }
}

fn common(variables: &mut BTreeMap<String, String>, sources: &Sources<'_>) {
    let Sources { allocation, job, group, task, directory, .. } = sources;
    let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.to_owned());
    set("NOMAD_ALLOC_ID", &allocation.id);
    set("NOMAD_SHORT_ALLOC_ID", allocation.id.get(..8).unwrap_or_default());
    set("NOMAD_ALLOC_NAME", &allocation.name);
    set("NOMAD_ALLOC_INDEX", &allocation.index().unwrap_or_default().to_string());
    set("NOMAD_JOB_ID", &job.id);
    set("NOMAD_JOB_NAME", &job.name);
    set("NOMAD_GROUP_NAME", &group.name);
    set("NOMAD_TASK_NAME", &task.name);
    set("NOMAD_NAMESPACE", &allocation.namespace);
    set("NOMAD_REGION", sources.region);
    set("NOMAD_DC", &sources.node.datacenter);
    set("NOMAD_CPU_LIMIT", &task.cpu().to_string());
    set("NOMAD_CPU_CORES", " ");
    set("NOMAD_MEMORY_LIMIT", &task.memory().to_string());
    set("NOMAD_PARENT_CGROUP", &sources.node.cgroup_parent);
    if !job.parent_id().is_empty() {
        set("NOMAD_JOB_PARENT_ID", job.parent_id());
    }
    let own = directory.task(&task.name);
    set("NOMAD_ALLOC_DIR", &directory.shared().display().to_string());
    set("NOMAD_TASK_DIR", &own.local().display().to_string());
    set("NOMAD_SECRETS_DIR", &own.secrets().display().to_string());
}

/// The ports that the allocation was given, under their labels.
fn ports(variables: &mut BTreeMap<String, String>, ports: &Opaque) {
    for port in ports.as_array().into_iter().flatten() {
        let label = port.get("Label").and_then(Opaque::as_str).unwrap_or_default();
        let ip = port.get("HostIP").and_then(Opaque::as_str).unwrap_or_default();
        let host = port.get("Value").and_then(Opaque::as_i64).unwrap_or_default();
        let inside = port.get("To").and_then(Opaque::as_i64).filter(|to| *to > 0).unwrap_or(host);
        for (name, value) in [
            ("NOMAD_IP", ip.to_owned()),
            ("NOMAD_PORT", inside.to_string()),
            ("NOMAD_ADDR", format!("{ip}:{host}")),
            ("NOMAD_HOST_IP", ip.to_owned()),
            ("NOMAD_HOST_PORT", host.to_string()),
            ("NOMAD_HOST_ADDR", format!("{ip}:{host}")),
            ("NOMAD_ALLOC_PORT", inside.to_string()),
        ] {
            variables.insert(format!("{name}_{label}"), value);
        }
    }
}

/// Each entry of a meta block under its name and under its name in capitals.
fn add_meta(variables: &mut BTreeMap<String, String>, name: &str, value: &str) {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    variables.insert(format!("NOMAD_META_{}", plain.to_uppercase()), value.to_owned());
    variables.insert(format!("NOMAD_META_{plain}"), value.to_owned());
}

fn node_facts(sources: &Sources<'_>) -> BTreeMap<String, String> {
    let node = sources.node;
    let mut facts: BTreeMap<String, String> = [
        ("node.unique.id", node.id.as_str()),
        ("node.unique.name", &node.name),
        ("node.datacenter", &node.datacenter),
        ("node.region", sources.region),
        ("node.class", &node.node_class),
        ("node.pool", &node.node_pool),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    facts.extend(node.attributes.iter().map(|(name, value)| (format!("attr.{name}"), value.clone())));
    facts.extend(node.meta.iter().map(|(name, value)| (format!("meta.{name}"), value.clone())));
    facts
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    fn environment() -> TaskEnvironment {
        let node = Node {
            name: "n1".into(),
            attributes: [("kernel.name".to_owned(), "linux".to_owned())].into(),
            ..Node::default()
        };
        let task: Task = serde_json::from_value(json!({
            "Name": "t", "Meta": {"a-b": "two"}, "Env": {"MINE": "a ${NOMAD_TASK_NAME} ${node.unique.name} ${meta.none}"},
        }))
        .expect("a task");
        let mut allocation = Allocation {
            id: "bdfe0ce2-4d32-13ca-851c-a96b0700bc70".into(),
            name: "x.g[3]".into(),
            ..Allocation::default()
        };
        allocation.allocated_resources.shared.ports =
            json!([{"Label": "web", "Value": 31196, "To": 0, "HostIP": "127.0.0.1"}]);
        let directory = AllocDir::new("/allocs".as_ref(), &allocation.id);
        TaskEnvironment::of(&Sources {
            node: &node,
            region: "global",
            allocation: &allocation,
            job: &Job { id: "x".into(), ..Job::default() },
            group: &TaskGroup::default(),
            task: &task,
            directory: &directory,
        })
    }

    #[test]
    fn a_task_finds_out_who_it_is() {
        let environment = environment();
        for (name, value) in [
            ("NOMAD_ALLOC_INDEX", "3"),
            ("NOMAD_SHORT_ALLOC_ID", "bdfe0ce2"),
            ("NOMAD_META_A_B", "two"),
            ("NOMAD_META_a_b", "two"),
            ("NOMAD_ADDR_web", "127.0.0.1:31196"),
            ("NOMAD_SECRETS_DIR", "/allocs/bdfe0ce2-4d32-13ca-851c-a96b0700bc70/t/secrets"),
            ("MINE", "a t n1 ${meta.none}"),
        ] {
            assert_eq!(environment.variables.get(name).map(String::as_str), Some(value), "{name}");
        }
    }

    #[test]
    fn what_is_known_is_filled_in() {
        let environment = environment();
        assert_eq!(
            environment.interpolate("${attr.kernel.name} ${NOMAD_PORT_web} ${env[\"MINE\"]} ${a ${b}"),
            "linux 31196 a t n1 ${meta.none} ${a ${b}"
        );
    }
}
