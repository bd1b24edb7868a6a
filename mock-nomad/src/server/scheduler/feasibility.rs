//! Which nodes may run a group: what is looked at in which order, and what is remembered of kinds of nodes.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::constraint::{is_met, resolve};
use crate::structs::{Constraint, Job, Node, PlacementMetrics, Task, TaskGroup};

/// What is known of each class of nodes in one evaluation. Nodes of a class are alike but for what is unique to them, so
/// that a class of which one node was found not to do is not looked at again.
#[derive(Debug, Default)]
pub(super) struct Eligibility {
    /// Whether the job's rules are about something unique to a node: then classes say nothing.
    job_escapes: bool,
    /// The same of each group's.
    group_escapes: BTreeMap<String, bool>,
    job: BTreeMap<String, bool>,
    groups: BTreeMap<String, BTreeMap<String, bool>>,
}

impl Eligibility {
    pub(super) fn of(job: &Job) -> Self {
        let of_tasks = |group: &TaskGroup| group.tasks.iter().any(|task| escapes(&task.constraints));
        let group_escapes = job
            .task_groups
            .iter()
            .map(|group| (group.name.clone(), escapes(&group.constraints) || of_tasks(group)))
            .collect();
        Self { job_escapes: escapes(&job.constraints), group_escapes, ..Self::default() }
    }

    /// Forgets what it knows of classes, and that groups' rules may be about something unique.
    pub(super) fn reset(&mut self) {
        *self = Self { job_escapes: self.job_escapes, ..Self::default() };
    }

    /// Whether classes say nothing of who may run something of the job.
    pub(super) fn has_escaped(&self) -> bool {
        self.job_escapes || self.group_escapes.values().any(|escapes| *escapes)
    }

    /// Each class that was looked at, with whether it may run something of the job.
    pub(super) fn classes(&self) -> BTreeMap<String, bool> {
        let mut classes: BTreeMap<String, bool> = BTreeMap::new();
        for (class, is_eligible) in self.groups.values().flatten() {
            *classes.entry(class.clone()).or_default() |= is_eligible;
        }
        for (class, is_eligible) in &self.job {
            let known = classes.entry(class.clone()).or_insert(*is_eligible);
            *known &= is_eligible;
        }
        classes
    }

    /// Whether a node may run a group by what it is; if not, it is counted with the reason.
    pub(super) fn admits(
        &mut self,
        job: &Job,
        group: &TaskGroup,
        node: &Node,
        metrics: &mut PlacementMetrics,
    ) -> bool {
        let class = node.computed_class.as_str();
        let of_job = self.job.get(class).filter(|_| !self.job_escapes).copied();
        if of_job == Some(false) {
            return refuse(metrics, node, INELIGIBLE);
        }
        let fault = job_fault(job, node);
        if !self.job_escapes {
            self.job.insert(class.to_owned(), fault.is_none());
        }
        if let Some(fault) = fault {
            return refuse(metrics, node, &fault);
        }
        let escapes = self.group_escapes.get(&group.name).copied().unwrap_or(false);
        let known = self.groups.entry(group.name.clone()).or_default();
        match known.get(class).filter(|_| !escapes) {
            Some(true) => {}
            Some(false) => return refuse(metrics, node, INELIGIBLE),
            None => {
                let fault = group_fault(group, node);
                if !escapes {
                    known.insert(class.to_owned(), fault.is_none());
                }
                if let Some(fault) = fault {
                    return refuse(metrics, node, &fault);
                }
            }
        }
        volume_fault(group, node).is_none_or(|fault| refuse(metrics, node, &fault))
    }
}

const INELIGIBLE: &str = "computed class ineligible";

/// Counts a node that cannot be taken, with the reason.
pub(super) fn refuse(metrics: &mut PlacementMetrics, node: &Node, reason: &str) -> bool {
    metrics.nodes_filtered += 1;
    *metrics.constraint_filtered.get_or_insert_default().entry(reason.to_owned()).or_default() += 1;
    if !node.node_class.is_empty() {
        *metrics.class_filtered.get_or_insert_default().entry(node.node_class.clone()).or_default() += 1;
    }
    false
}

/// Whether a node may run a group by what it is.
pub(super) fn is_feasible(job: &Job, group: &TaskGroup, node: &Node) -> bool {
    job_fault(job, node).or_else(|| group_fault(group, node)).or_else(|| volume_fault(group, node)).is_none()
}

fn job_fault(job: &Job, node: &Node) -> Option<String> {
    unmet(job.constraints.iter().flatten(), node)
}

fn group_fault(group: &TaskGroup, node: &Node) -> Option<String> {
    let healthy =
        |driver: &str| node.drivers.get(driver).is_some_and(|driver| driver.detected && driver.healthy);
    if group.tasks.iter().any(|task| !healthy(&task.driver)) {
        return Some("missing drivers".to_owned());
    }
    let of_tasks = group.tasks.iter().flat_map(|task| task.constraints.iter().flatten());
    let wants_devices =
        |task: &Task| task.resources["Devices"].as_array().is_some_and(|list| !list.is_empty());
    unmet(group.constraints.iter().flatten().chain(of_tasks), node)
        .or_else(|| group.tasks.iter().any(wants_devices).then(|| "missing devices".to_owned()))
        .or_else(|| network_fault(group, node))
}

/// The first rule that a node does not meet. Those about other allocations are not looked at.
fn unmet<'a>(mut constraints: impl Iterator<Item = &'a Constraint>, node: &Node) -> Option<String> {
    let found = constraints.find(|constraint| {
        !matches!(constraint.operand.as_str(), "distinct_hosts" | "distinct_property")
            && !is_met(constraint, node)
    });
    found.map(|constraint| format!("{} {} {}", constraint.left, constraint.operand, constraint.right))
}

/// The mode of the group's network, and the networks of the host that its ports are to be on.
fn network_fault(group: &TaskGroup, node: &Node) -> Option<String> {
    let network = group.rest.get("Networks").and_then(|networks| networks.get(0))?;
    let mode_of = |network: &Json| match network["Mode"].as_str() {
        None | Some("") => "host".to_owned(),
        Some(mode) => mode.to_owned(),
    };
    let mode = mode_of(network);
    if mode == "none" {
        return None;
    }
    let of_node = |field: &str| node.node_resources.rest.get(field).and_then(Json::as_array);
    if !of_node("Networks").into_iter().flatten().any(|known| mode_of(known) == mode) {
        return Some("missing network".to_owned());
    }
    let lists = ["DynamicPorts", "ReservedPorts"].map(|list| network[list].as_array());
    for port in lists.into_iter().flatten().flatten() {
        let wanted = port["HostNetwork"].as_str().filter(|wanted| !wanted.is_empty());
        let Some(wanted) = wanted else { continue };
        let label = port["Label"].as_str().unwrap_or_default();
        let Some(wanted) = resolve(wanted, node) else {
            return Some(format!("invalid host network {wanted:?} template for port {label:?}"));
        };
        let has_alias = |known: &Json| {
            let addresses = known["Addresses"].as_array().into_iter().flatten();
            addresses.into_iter().any(|address| address["Alias"] == wanted.as_str())
        };
        if !of_node("NodeNetworks").into_iter().flatten().any(has_alias) {
            return Some(format!("missing host network {wanted:?} for port {label:?}"));
        }
    }
    None
}

/// There are no volumes anywhere.
fn volume_fault(group: &TaskGroup, _: &Node) -> Option<String> {
    let volumes = group.rest.get("Volumes").and_then(Json::as_object);
    let volumes = volumes.into_iter().flatten().map(|(_, volume)| volume);
    let mut volumes: Vec<&Json> =
        volumes.filter(|volume| volume["Type"] == "host" || volume["Type"] == "csi").collect();
    volumes.sort_by_key(|volume| volume["Type"] != "host");
    volumes.first().map(|volume| match volume["Type"].as_str() {
        Some("host") => "missing compatible host volumes".to_owned(),
        _ => format!("missing CSI Volume {}", volume["Source"].as_str().unwrap_or_default()),
    })
}

/// Whether rules are about something unique to a node.
fn escapes(constraints: &Option<Vec<Constraint>>) -> bool {
    let is_unique = |target: &str| {
        ["${unique.", "${node.unique.", "${attr.unique.", "${meta.unique."]
            .iter()
            .any(|prefix| target.starts_with(prefix))
    };
    constraints.iter().flatten().any(|rule| is_unique(&rule.left) || is_unique(&rule.right))
}
