//! Finds the best node for an allocation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lab_world::Entropy;
use serde_json::json;

use super::constraint::{self, Feasibility};
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
        };
        let Some(job) = job else { return cluster };
        for node in tables.nodes.values().filter(|node| node.is_ready()) {
            if job.node_pool != "all" && node.node_pool != job.node_pool {
                continue;
            }
            cluster.in_pool += 1;
            if job.datacenters.iter().any(|pattern| matches_glob(pattern, &node.datacenter)) {
                *cluster.available.entry(node.datacenter.clone()).or_default() += 1;
                cluster.nodes.push(Arc::clone(node));
            }
        }
        dice.shuffle(&mut cluster.nodes);
        for node in &cluster.nodes {
            let mut used = [0; 3];
            for present in tables.allocations_of_node(&node.id).filter(|present| !present.is_terminal()) {
                add(&mut used, present.allocated_resources.total(), 1);
                if present.job_id == job.id && present.namespace == job.namespace {
                    *cluster.own.entry((node.id.clone(), present.task_group.clone())).or_default() += 1;
                }
            }
            cluster.used.insert(node.id.clone(), used);
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
        let resources = demand(group);
        let mut best: Option<(f64, Arc<Node>, serde_json::Value)> = None;
        let mut scores = Vec::new();
        for node in &self.nodes {
            metrics.nodes_evaluated += 1;
            let Some(score) = self.score(job, group, node, previous, &resources, &mut metrics) else {
                continue;
            };
            scores.push(score.1.clone());
            if best.as_ref().is_none_or(|(known, ..)| score.0 > *known) {
                best = Some((score.0, Arc::clone(node), score.1));
            }
        }
        let Some((_, node, _)) = best else { return Err(Box::new(metrics)) };
        scores.truncate(5);
        metrics.score_meta_data = scores.into();
        self.count(&node, group, &resources);
        Ok(Placed { node, resources, metrics })
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
        let resources = demand(group);
        let Some((_, score)) = self.score(job, group, node, None, &resources, &mut metrics) else {
            return Err(Box::new(metrics));
        };
        metrics.score_meta_data = vec![score].into();
        self.count(node, group, &resources);
        Ok(Placed { node: Arc::clone(node), resources, metrics })
    }

    /// Whether a node is one that the job may run on at all.
    pub(super) fn is_feasible(&self, job: &Job, group: &TaskGroup, node: &Node) -> bool {
        self.nodes.iter().any(|known| known.id == node.id)
            && constraint::check(job, group, node, 0) == Feasibility::Feasible
    }

    fn count(&mut self, node: &Node, group: &TaskGroup, resources: &AllocatedResources) {
        add(self.used.entry(node.id.clone()).or_default(), resources.total(), 1);
        *self.own.entry((node.id.clone(), group.name.clone())).or_default() += 1;
    }

    fn metrics(&self, job: &Job) -> PlacementMetrics {
        PlacementMetrics {
            node_pool: job.node_pool.clone(),
            nodes_in_pool: self.in_pool,
            nodes_available: self.available.clone(),
            ..PlacementMetrics::default()
        }
    }

    /// A node's score for an allocation, or `None` with the reason counted.
    fn score(
        &self,
        job: &Job,
        group: &TaskGroup,
        node: &Node,
        previous: Option<&Allocation>,
        resources: &AllocatedResources,
        metrics: &mut PlacementMetrics,
    ) -> Option<(f64, serde_json::Value)> {
        let of_group = self.own.get(&(node.id.clone(), group.name.clone())).copied().unwrap_or(0);
        let of_job: u64 = self.own.iter().filter(|((id, _), _)| *id == node.id).map(|(_, count)| count).sum();
        let distinct = if constraint::is_distinct_for_job(job) { of_job } else { of_group };
        if let Feasibility::Filtered(reason) = constraint::check(job, group, node, distinct) {
            metrics.nodes_filtered += 1;
            *metrics.constraint_filtered.get_or_insert_default().entry(reason).or_default() += 1;
            return None;
        }
        let mut with = self.used.get(&node.id).copied().unwrap_or_default();
        add(&mut with, resources.total(), 1);
        let room = [
            node.node_resources.cpu.cpu_shares,
            node.node_resources.memory.memory_mb,
            node.node_resources.disk.disk_mb,
        ];
        for (dimension, (with, room)) in ["cpu", "memory", "disk"].into_iter().zip(with.iter().zip(room)) {
            if *with > room {
                metrics.nodes_exhausted += 1;
                *metrics
                    .dimension_exhausted
                    .get_or_insert_default()
                    .entry(dimension.to_owned())
                    .or_default() += 1;
                return None;
            }
        }
        Some(rank(node, group, of_group, previous, with, room))
    }
}

/// Binpacking, less for each allocation of the same group that is there already, and for the node it failed on.
fn rank(
    node: &Node,
    group: &TaskGroup,
    of_group: u64,
    previous: Option<&Allocation>,
    with: [i64; 3],
    room: [i64; 3],
) -> (f64, serde_json::Value) {
    let free = |dimension: usize| 1.0 - with[dimension] as f64 / (room[dimension].max(1)) as f64;
    let packed = ((20.0 - (10_f64.powf(free(0)) + 10_f64.powf(free(1)))) / 18.0).clamp(0.0, 1.0);
    let crowd = if of_group > 0 { -((of_group + 1) as f64) / (group.count.max(1)) as f64 } else { 0.0 };
    let failed_here =
        previous.is_some_and(|previous| previous.node_id == node.id && previous.client_status == "failed");
    let penalty = if failed_here { -1.0 } else { 0.0 };
    let counted: Vec<f64> = [packed, crowd, penalty]
        .into_iter()
        .enumerate()
        .filter(|(at, score)| *at == 0 || *score != 0.0)
        .map(|(_, score)| score)
        .collect();
    let score = counted.iter().sum::<f64>() / counted.len() as f64;
    let meta = json!({
        "NodeID": node.id, "NormScore": score,
        "Scores": {"binpack": packed, "job-anti-affinity": crowd, "node-affinity": 0.0, "node-reschedule-penalty": penalty},
    });
    (score, meta)
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
        resources.task_lifecycles.insert(task.name.clone(), serde_json::Value::Null);
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
