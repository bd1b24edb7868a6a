//! Finds the best node for an allocation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lab_world::Entropy;

use super::constraint;
use super::feasibility::{Eligibility, refuse};
use super::ports;
use super::preemption::{self, Candidate};
use super::score::{Asked, rank, spreads};
use crate::state::Tables;
use crate::structs::{
    AllocatedCpu, AllocatedMemory, AllocatedResources, AllocatedShared, AllocatedTask, Allocation,
    Constraint, Job, Node, PlacementMetrics, TaskGroup,
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
    /// What is known of kinds of nodes.
    eligibility: Eligibility,
    /// Whether less important work may be put aside.
    preempts: bool,
    /// How many allocations of a job's group are put aside, by namespace, job and group.
    preempted: BTreeMap<(String, String, String), i64>,
    /// The job: its namespace and its id.
    job: Option<(String, String)>,
}

/// A place for an allocation.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) node: Arc<Node>,
    pub(super) resources: AllocatedResources,
    pub(super) metrics: PlacementMetrics,
    /// Allocations that are put aside for it.
    pub(super) preempted: Vec<Arc<Allocation>>,
}

/// A place with its score.
struct Offer {
    score: f64,
    meta: serde_json::Value,
    resources: AllocatedResources,
    preempted: Vec<Arc<Allocation>>,
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
            eligibility: Eligibility::default(),
            preempts: false,
            preempted: BTreeMap::new(),
            job: job.map(|job| (job.namespace.clone(), job.id.clone())),
        };
        let Some(job) = job else { return cluster };
        cluster.eligibility = Eligibility::of(job);
        let preemption = &tables.settings.scheduler.preemption_config;
        cluster.preempts = match job.kind.as_str() {
            "system" => preemption.system_scheduler_enabled,
            "sysbatch" => preemption.sys_batch_scheduler_enabled,
            "batch" => preemption.batch_scheduler_enabled,
            _ => preemption.service_scheduler_enabled,
        };
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
            }
            cluster.used.insert(node.id.clone(), used);
            let open = tables.allocations_of_node(&node.id).filter(|found| !found.is_client_terminal());
            let taken = ports::taken(open.map(|found| &**found));
            if !taken.is_empty() {
                cluster.ports.insert(node.id.clone(), taken);
            }
        }
        for own in tables.allocations_of_job(&job.namespace, &job.id).filter(|own| !own.is_terminal()) {
            *cluster.own.entry((own.node_id.clone(), own.task_group.clone())).or_default() += 1;
        }
        cluster
    }

    /// What was found out about kinds of nodes.
    pub(super) fn eligibility(&self) -> &Eligibility {
        &self.eligibility
    }

    /// The nodes that the job may ask for, in random order.
    pub(super) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// An allocation of the plan stays after all.
    pub(super) fn keep(&mut self, id: &str) {
        if !self.released.remove(id) {
            return;
        }
        let Some(allocation) = self.tables.allocations.get(id) else { return };
        let ports = ports::taken(std::iter::once(&**allocation));
        self.ports.entry(allocation.node_id.clone()).or_default().extend(ports);
        if let Some(used) = self.used.get_mut(&allocation.node_id) {
            add(used, allocation.allocated_resources.total(), 1);
        }
        if self.own_job(allocation) {
            *self.own.entry((allocation.node_id.clone(), allocation.task_group.clone())).or_default() += 1;
        }
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
        if self.own_job(allocation)
            && let Some(own) = self.own.get_mut(&(allocation.node_id.clone(), allocation.task_group.clone()))
        {
            *own = own.saturating_sub(1);
        }
    }

    fn own_job(&self, allocation: &Allocation) -> bool {
        self.job
            .as_ref()
            .is_some_and(|(namespace, id)| *namespace == allocation.namespace && *id == allocation.job_id)
    }

    /// The best node for one more allocation of the group, which is then counted as taken. Only where there is none,
    /// less important work is put aside for it, if it may be.
    pub(super) fn find(
        &mut self,
        job: &Job,
        group: &TaskGroup,
        previous: Option<&Allocation>,
    ) -> Result<Placed, Box<PlacementMetrics>> {
        let may_preempt = std::mem::take(&mut self.preempts);
        let found = self.search(job, group, previous);
        self.preempts = may_preempt;
        if found.is_err() && may_preempt { self.search(job, group, previous) } else { found }
    }

    fn search(
        &mut self,
        job: &Job,
        group: &TaskGroup,
        previous: Option<&Allocation>,
    ) -> Result<Placed, Box<PlacementMetrics>> {
        let mut metrics = self.metrics();
        metrics.node_pool.clone_from(&job.node_pool);
        let asked = self.asked(job, group, previous);
        let nodes = std::mem::take(&mut self.nodes);
        let mut best: Option<(Arc<Node>, Offer)> = None;
        let mut scores = Vec::new();
        let hosts = constraint_on_hosts(job, group);
        for node in &nodes {
            metrics.nodes_evaluated += 1;
            if !self.eligibility.admits(job, group, node, &mut metrics) {
                continue;
            }
            if hosts.is_some_and(|of_job| self.is_present(&node.id, group, of_job)) {
                refuse(&mut metrics, node, "distinct_hosts");
                continue;
            }
            let Some(offer) = self.offer(&asked, node, &mut metrics) else { continue };
            scores.push((offer.score, offer.meta.clone()));
            if best.as_ref().is_none_or(|(_, known)| offer.score > known.score) {
                best = Some((Arc::clone(node), offer));
            }
        }
        self.nodes = nodes;
        let Some((node, offer)) = best else { return Err(Box::new(metrics)) };
        scores.sort_by(|one, other| other.0.total_cmp(&one.0));
        scores.truncate(5);
        metrics.score_meta_data = scores.into_iter().map(|(_, meta)| meta).collect();
        Ok(self.take(node, group, offer, metrics))
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

    /// The same for one given node, which is a system job's: it has one of a group there anyway.
    pub(super) fn find_on(
        &mut self,
        job: &Job,
        group: &TaskGroup,
        node: &Arc<Node>,
    ) -> Result<Placed, Box<PlacementMetrics>> {
        self.eligibility.reset();
        let mut metrics = PlacementMetrics { nodes_evaluated: 1, ..PlacementMetrics::default() };
        if !self.eligibility.admits(job, group, node, &mut metrics) {
            return Err(Box::new(metrics));
        }
        let asked = Asked { job, group, previous: None, spreads: Vec::new() };
        let Some(offer) = self.offer(&asked, node, &mut metrics) else {
            if metrics.nodes_filtered == 0 {
                metrics = PlacementMetrics { node_pool: job.node_pool.clone(), ..self.available(metrics) };
            }
            return Err(Box::new(metrics));
        };
        metrics = self.available(metrics);
        let packed = offer.meta["Scores"]["binpack"].clone();
        let meta = serde_json::json!({"NodeID": node.id, "NormScore": packed, "Scores": {"binpack": packed}});
        metrics.score_meta_data = vec![meta].into();
        Ok(self.take(Arc::clone(node), group, offer, metrics))
    }

    /// Counts what an offer takes, and what it puts aside.
    fn take(
        &mut self,
        node: Arc<Node>,
        group: &TaskGroup,
        offer: Offer,
        metrics: PlacementMetrics,
    ) -> Placed {
        for gone in &offer.preempted {
            self.release(&gone.id);
            let key = (gone.namespace.clone(), gone.job_id.clone(), gone.task_group.clone());
            *self.preempted.entry(key).or_default() += 1;
        }
        self.count(&node, group, &offer.resources);
        Placed { node, resources: offer.resources, metrics, preempted: offer.preempted }
    }

    /// Whether something of the job is on a node, or of the group only.
    fn is_present(&self, node: &str, group: &TaskGroup, of_job: bool) -> bool {
        let mut present = self.own.iter().filter(|((id, _), count)| id == node && **count > 0);
        present.any(|((_, name), _)| of_job || *name == group.name)
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

    /// How many of the job's allocations, or of a group's, are on nodes with a value of a property.
    fn like(&self, property: &str, value: &str, group: Option<&str>) -> u64 {
        let has = |id: &str| {
            let node = self.tables.nodes.get(id);
            node.is_some_and(|node| constraint::resolve(property, node).as_deref() == Some(value))
        };
        let of_group = |name: &str| group.is_none_or(|group| group == name);
        self.own.iter().filter(|((node, name), _)| of_group(name) && has(node)).map(|(_, count)| count).sum()
    }

    /// Why a node is one too many with a value of a property.
    fn property_fault(&self, job: &Job, group: &TaskGroup, node: &Node) -> Option<String> {
        let of_job = job.constraints.iter().flatten().map(|rule| (rule, None));
        let of_group = group.constraints.iter().flatten().map(|rule| (rule, Some(group.name.as_str())));
        let mut rules = of_job.chain(of_group).filter(|(rule, _)| rule.operand == "distinct_property");
        rules.find_map(|(rule, of)| {
            let Some(value) = constraint::resolve(&rule.left, node).filter(|_| !rule.left.is_empty()) else {
                return Some(format!("missing property {:?}", rule.left));
            };
            let most: u64 = rule.right.parse().unwrap_or(1);
            let used = self.like(&rule.left, &value, of);
            (used >= most).then(|| format!("distinct_property: {}={value} used by {used} allocs", rule.left))
        })
    }

    fn metrics(&self) -> PlacementMetrics {
        self.available(PlacementMetrics::default())
    }

    /// Metrics with the nodes that there are.
    fn available(&self, metrics: PlacementMetrics) -> PlacementMetrics {
        PlacementMetrics {
            nodes_in_pool: self.in_pool,
            nodes_available: Some(self.available.clone()),
            ..metrics
        }
    }

    /// A place on a node that may run the group, or nothing with the reason counted.
    fn offer(&self, asked: &Asked<'_>, node: &Node, metrics: &mut PlacementMetrics) -> Option<Offer> {
        let (job, group) = (asked.job, asked.group);
        if let Some(fault) = self.property_fault(job, group, node) {
            refuse(metrics, node, &fault);
            return None;
        }
        let of_group = self.own.get(&(node.id.clone(), group.name.clone())).copied().unwrap_or(0);
        let mut resources = demand(group);
        let none = BTreeSet::new();
        let taken = self.ports.get(&node.id).unwrap_or(&none);
        let mut candidates = if self.preempts { self.candidates(job, node) } else { Vec::new() };
        let mut preempted = Vec::new();
        if let Err(reason) = ports::choose(group, node, taken, self.first_port, &mut resources.shared) {
            preempted = preemption::for_ports(&mut candidates, job.priority, &ports::reserved(group));
            let freed = ports::taken(preempted.iter().map(|gone| &**gone));
            let left: BTreeSet<i64> = taken.difference(&freed).copied().collect();
            let again = ports::choose(group, node, &left, self.first_port, &mut resources.shared);
            if preempted.is_empty() || again.is_err() {
                exhausted(metrics, node, reason);
                return None;
            }
        }
        let mut with = self.used.get(&node.id).copied().unwrap_or_default();
        preempted.iter().for_each(|gone| add(&mut with, gone.allocated_resources.total(), -1));
        add(&mut with, resources.total(), 1);
        let room = node.node_resources.room();
        let mut dimensions = ["cpu", "memory", "disk"].into_iter().zip(with.iter().zip(room));
        if let Some((dimension, _)) = dimensions.find(|(_, (with, room))| *with > room) {
            let more =
                preemption::for_room(&candidates, job.priority, resources.total(), room, &self.preempted);
            if more.is_empty() {
                exhausted(metrics, node, dimension.to_owned());
                return None;
            }
            preempted.extend(more);
        }
        let (score, meta) = rank(asked, node, of_group, with, room);
        Some(Offer { score, meta, resources, preempted })
    }

    /// What of others is on a node.
    fn candidates(&self, job: &Job, node: &Node) -> Vec<Candidate> {
        let present = self.tables.allocations_of_node(&node.id).filter(|present| {
            let is_own = present.job_id == job.id && present.namespace == job.namespace;
            !is_own && !present.is_terminal() && !self.released.contains(&present.id)
        });
        present.map(Candidate::of).collect()
    }
}

/// Whether every allocation is to have a node of its own: among those of the job, or of the group only.
fn constraint_on_hosts(job: &Job, group: &TaskGroup) -> Option<bool> {
    let is_on = |rules: &Option<Vec<Constraint>>| {
        let rule = rules.iter().flatten().find(|rule| rule.operand == "distinct_hosts");
        rule.is_some_and(|rule| !matches!(rule.right.as_str(), "0" | "f" | "F" | "false" | "FALSE" | "False"))
    };
    match (is_on(&job.constraints), is_on(&group.constraints)) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

fn exhausted(metrics: &mut PlacementMetrics, node: &Node, dimension: String) {
    metrics.nodes_exhausted += 1;
    *metrics.dimension_exhausted.get_or_insert_default().entry(dimension).or_default() += 1;
    if !node.node_class.is_empty() {
        *metrics.class_exhausted.get_or_insert_default().entry(node.node_class.clone()).or_default() += 1;
    }
}

/// Adds what each task wanted of what there is not enough of, once for each allocation that found no room.
pub(super) fn note_resources(metrics: &mut PlacementMetrics, group: &TaskGroup) {
    let Some(dimensions) = &metrics.dimension_exhausted else { return };
    if metrics.resources_exhausted.is_null() {
        metrics.resources_exhausted = serde_json::json!({});
    }
    for task in &group.tasks {
        let known = &mut metrics.resources_exhausted[&task.name];
        let sum = |dimension: &str, field: &str, wanted: i64| {
            let wanted = if dimensions.contains_key(dimension) { wanted } else { 0 };
            known[field].as_i64().unwrap_or(0) + wanted
        };
        let (cpu, memory) = (sum("cpu", "CPU", task.cpu()), sum("memory", "MemoryMB", task.memory()));
        *known = serde_json::json!({"CPU": cpu, "Cores": 0, "Devices": null, "DiskMB": 0, "IOPS": 0,
            "MemoryMB": memory, "MemoryMaxMB": 0, "NUMA": null, "Networks": null, "SecretsMB": 0});
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
