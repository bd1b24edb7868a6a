//! Finds the best node for an allocation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lab_world::Entropy;

use super::constraint::{self, Feasibility};
use super::ports;
use super::score::{Asked, rank, spreads};
use crate::state::Tables;
use crate::structs::{
    AllocatedCpu, AllocatedMemory, AllocatedResources, AllocatedShared, AllocatedTask, Allocation, Job, Node,
    PlacementMetrics, TaskGroup,
};

/// Nodes and what is taken of them, with what the plan adds and removes.
pub(super) struct Cluster<'a> {
    tables: &'a Tables,
    /// Ready nodes of the job's datacenters and pool, in random order.
    nodes: Vec<Arc<Node>>,
    available: BTreeMap<String, u64>,
    in_pool: u64,
    used: BTreeMap<String, [i64; 3]>,
    /// How many allocations of the job's groups are on a node.
    own: BTreeMap<(String, String), u64>,
    released: BTreeSet<String>,
    /// Ports that are taken, by node.
    ports: BTreeMap<String, BTreeSet<i64>>,
    /// Where the search for a free port begins.
    first_port: i64,
}

/// A place for an allocation.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) node: Arc<Node>,
    pub(super) resources: AllocatedResources,
    pub(super) metrics: PlacementMetrics,
}

impl<'a> Cluster<'a> {
    pub(super) fn new(tables: &'a Tables, job: Option<&Job>, dice: &Entropy) -> Self {
        let mut cluster = Self {
            tables,
            nodes: Vec::new(),
            available: BTreeMap::new(),
            in_pool: 0,
            used: BTreeMap::new(),
            own: BTreeMap::new(),
            released: BTreeSet::new(),
            ports: BTreeMap::new(),
            first_port: 20_000,
        };
        let Some(job) = job else { return cluster };
        for node in tables.nodes.values().filter(|node| node.is_ready()) {
            if is_asked(job, node) {
                cluster.in_pool += 1;
                *cluster.available.entry(node.datacenter.clone()).or_default() += 1;
                cluster.nodes.push(Arc::clone(node));
            }
        }
        dice.shuffle(&mut cluster.nodes);
        if job.task_groups.iter().any(|group| group.rest.get("Networks").is_some_and(|list| !list.is_null()))
        {
            cluster.first_port += i64::try_from(dice.below(12_000)).unwrap_or(0);
        }
        for node in &cluster.nodes {
            let mut used = [0; 3];
            for present in tables.allocations_of_node(&node.id).filter(|present| !present.is_terminal()) {
                add(&mut used, present.allocated_resources.total(), 1);
                if present.job_id == job.id && present.namespace == job.namespace {
                    *cluster.own.entry((node.id.clone(), present.task_group.clone())).or_default() += 1;
                }
            }
            cluster.used.insert(node.id.clone(), used);
            let open = tables.allocations_of_node(&node.id).filter(|found| !found.is_client_terminal());
            let taken = ports::taken(open.map(|found| &**found));
            if !taken.is_empty() {
                cluster.ports.insert(node.id.clone(), taken);
            }
        }
        cluster
    }

    /// An allocation of the plan goes: what it took is free.
    pub(super) fn release(&mut self, id: &str) {
        let Some(allocation) = self.tables.allocations.get(id).filter(|allocation| !allocation.is_terminal())
        else {
            return;
        };
        if !self.released.insert(id.to_owned()) {
            return;
        }
        for port in ports::taken(std::iter::once(&**allocation)) {
            if let Some(taken) = self.ports.get_mut(&allocation.node_id) {
                taken.remove(&port);
            }
        }
        if let Some(used) = self.used.get_mut(&allocation.node_id) {
            add(used, allocation.allocated_resources.total(), -1);
        }
        if let Some(own) = self.own.get_mut(&(allocation.node_id.clone(), allocation.task_group.clone())) {
            *own = own.saturating_sub(1);
        }
    }

    /// The best node for one more allocation of the group, which is then counted as taken.
    pub(super) fn find(
        &mut self,
        job: &Job,
        group: &TaskGroup,
        previous: Option<&Allocation>,
    ) -> Result<Placed, Box<PlacementMetrics>> {
        let mut metrics = self.metrics(job);
        let asked = self.asked(job, group, previous);
        let mut best: Option<(f64, Arc<Node>, AllocatedResources)> = None;
        let mut scores = Vec::new();
        let mut classes = BTreeSet::new();
        for node in &self.nodes {
            metrics.nodes_evaluated += 1;
            let Some((score, meta, resources)) = self.score(&asked, node, &mut classes, &mut metrics) else {
                continue;
            };
            scores.push((score, meta));
            if best.as_ref().is_none_or(|(known, ..)| score > *known) {
                best = Some((score, Arc::clone(node), resources));
            }
        }
        let Some((_, node, resources)) = best else { return Err(Box::new(metrics)) };
        scores.sort_by(|one, other| other.0.total_cmp(&one.0));
        scores.truncate(5);
        metrics.score_meta_data = scores.into_iter().map(|(_, meta)| meta).collect();
        self.count(&node, group, &resources);
        Ok(Placed { node, resources, metrics })
    }

    fn asked<'b>(&self, job: &'b Job, group: &'b TaskGroup, previous: Option<&'b Allocation>) -> Asked<'b> {
        let nodes: BTreeMap<&str, &Node> =
            self.nodes.iter().map(|node| (node.id.as_str(), &**node)).collect();
        let placed = self
            .own
            .iter()
            .filter(|((_, of), _)| *of == group.name)
            .filter_map(|((node, _), count)| Some((*nodes.get(node.as_str())?, *count)));
        let spreads = spreads(job, group, placed);
        Asked { job, group, previous, spreads }
    }

    /// The same for one given node.
    pub(super) fn find_on(
        &mut self,
        job: &Job,
        group: &TaskGroup,
        node: &Arc<Node>,
    ) -> Result<Placed, Box<PlacementMetrics>> {
        let mut metrics = self.metrics(job);
        metrics.nodes_evaluated = 1;
        let asked = self.asked(job, group, None);
        let Some((_, score, resources)) = self.score(&asked, node, &mut BTreeSet::new(), &mut metrics) else {
            return Err(Box::new(metrics));
        };
        metrics.score_meta_data = vec![score].into();
        self.count(node, group, &resources);
        Ok(Placed { node: Arc::clone(node), resources, metrics })
    }

    /// Whether a node is one that the job may run on at all.
    pub(super) fn is_feasible(&self, job: &Job, group: &TaskGroup, node: &Node) -> bool {
        self.nodes.iter().any(|known| known.id == node.id)
            && constraint::check(job, group, node, 0, &|_, _| 0) == Feasibility::Feasible
    }

    fn count(&mut self, node: &Node, group: &TaskGroup, resources: &AllocatedResources) {
        add(self.used.entry(node.id.clone()).or_default(), resources.total(), 1);
        *self.own.entry((node.id.clone(), group.name.clone())).or_default() += 1;
        let ports = resources.shared.ports.as_array().into_iter().flatten();
        let values: Vec<i64> = ports.filter_map(|port| port["Value"].as_i64()).collect();
        if let Some(last) = values.last() {
            self.first_port = last + 1;
            self.ports.entry(node.id.clone()).or_default().extend(values);
        }
    }

    /// How many of the job's allocations are on nodes with a value of a property.
    fn like(&self, property: &str, value: Option<&str>) -> u64 {
        let has = |id: &str| {
            let node = self.tables.nodes.get(id);
            node.is_some_and(|node| constraint::resolve(property, node).as_deref() == value)
        };
        self.own.iter().filter(|((node, _), _)| has(node)).map(|(_, count)| count).sum()
    }

    fn metrics(&self, job: &Job) -> PlacementMetrics {
        PlacementMetrics {
            node_pool: job.node_pool.clone(),
            nodes_in_pool: self.in_pool,
            nodes_available: self.available.clone(),
            ..PlacementMetrics::default()
        }
    }

    /// A node's score for an allocation and what it would take, or `None` with the reason counted. `classes`: kinds of
    /// nodes that were found not to do.
    fn score(
        &self,
        asked: &Asked<'_>,
        node: &Node,
        classes: &mut BTreeSet<String>,
        metrics: &mut PlacementMetrics,
    ) -> Option<(f64, serde_json::Value, AllocatedResources)> {
        let (job, group) = (asked.job, asked.group);
        let of_group = self.own.get(&(node.id.clone(), group.name.clone())).copied().unwrap_or(0);
        let of_job: u64 = self.own.iter().filter(|((id, _), _)| *id == node.id).map(|(_, count)| count).sum();
        let distinct = if constraint::is_distinct_for_job(job) { of_job } else { of_group };
        let like = |property: &str, value: Option<&str>| self.like(property, value);
        if let Feasibility::Filtered(reason) = constraint::check(job, group, node, distinct, &like) {
            let by_place = reason.starts_with("distinct_") || reason.contains("unique.");
            let class = node.computed_class.clone();
            let known = !by_place && !class.is_empty() && !classes.insert(class);
            let reason = if known { "computed class ineligible".to_owned() } else { reason };
            metrics.nodes_filtered += 1;
            *metrics.constraint_filtered.get_or_insert_default().entry(reason).or_default() += 1;
            if !node.node_class.is_empty() {
                *metrics
                    .class_filtered
                    .get_or_insert_default()
                    .entry(node.node_class.clone())
                    .or_default() += 1;
            }
            return None;
        }
        let mut resources = demand(group);
        let none = BTreeSet::new();
        let taken = self.ports.get(&node.id).unwrap_or(&none);
        if let Err(reason) = ports::choose(group, node, taken, self.first_port, &mut resources.shared) {
            exhausted(metrics, node, reason);
            return None;
        }
        let mut with = self.used.get(&node.id).copied().unwrap_or_default();
        add(&mut with, resources.total(), 1);
        let room = node.node_resources.room();
        for (dimension, (with, room)) in ["cpu", "memory", "disk"].into_iter().zip(with.iter().zip(room)) {
            if *with > room {
                exhausted(metrics, node, dimension.to_owned());
                note_resources(metrics, group, dimension);
                return None;
            }
        }
        let (score, meta) = rank(asked, node, of_group, with, room);
        Some((score, meta, resources))
    }
}

fn exhausted(metrics: &mut PlacementMetrics, node: &Node, dimension: String) {
    metrics.nodes_exhausted += 1;
    *metrics.dimension_exhausted.get_or_insert_default().entry(dimension).or_default() += 1;
    if !node.node_class.is_empty() {
        *metrics.class_exhausted.get_or_insert_default().entry(node.node_class.clone()).or_default() += 1;
    }
}

/// What each task wanted of a dimension that there is not enough of.
fn note_resources(metrics: &mut PlacementMetrics, group: &TaskGroup, dimension: &str) {
    if !metrics.resources_exhausted.is_null() {
        return;
    }
    let wanted = |task: &crate::structs::Task| {
        let (cpu, memory) = match dimension {
            "cpu" => (task.cpu(), 0),
            "memory" => (0, task.memory()),
            _ => (0, 0),
        };
        let fields = serde_json::json!({"CPU": cpu, "Cores": 0, "Devices": null, "DiskMB": 0, "IOPS": 0,
            "MemoryMB": memory, "MemoryMaxMB": 0, "NUMA": null, "Networks": null, "SecretsMB": 0});
        (task.name.clone(), fields)
    };
    if dimension != "disk" {
        metrics.resources_exhausted = serde_json::Value::Object(group.tasks.iter().map(wanted).collect());
    }
}

fn demand(group: &TaskGroup) -> AllocatedResources {
    let mut resources = AllocatedResources {
        shared: AllocatedShared {
            disk_mb: group.number("EphemeralDisk", "SizeMB").unwrap_or(300),
            ..AllocatedShared::default()
        },
        ..AllocatedResources::default()
    };
    for task in &group.tasks {
        let max = task.resources.get("MemoryMaxMB").and_then(serde_json::Value::as_i64).unwrap_or(0);
        let lifecycle = task.rest.get("Lifecycle").cloned().unwrap_or_default();
        resources.task_lifecycles.insert(task.name.clone(), lifecycle);
        resources.tasks.insert(
            task.name.clone(),
            AllocatedTask {
                cpu: AllocatedCpu { cpu_shares: task.cpu(), ..AllocatedCpu::default() },
                memory: AllocatedMemory { memory_mb: task.memory(), memory_max_mb: max },
                ..AllocatedTask::default()
            },
        );
    }
    resources
}

fn add(sum: &mut [i64; 3], part: [i64; 3], sign: i64) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += sign * part);
}

/// Whether a node is of the datacenters and the pool that a job asks for.
pub(super) fn is_asked(job: &Job, node: &Node) -> bool {
    (job.node_pool == "all" || node.node_pool == job.node_pool)
        && job.datacenters.iter().any(|pattern| matches_glob(pattern, &node.datacenter))
}

/// `*` stands for anything.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}
