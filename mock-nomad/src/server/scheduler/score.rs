//! How well a node suits an allocation.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::constraint::{is_met, resolve};
use crate::structs::{Allocation, Constraint, Job, Node, TaskGroup};

/// What a node's score depends on beside the node.
pub(super) struct Asked<'a> {
    pub(super) job: &'a Job,
    pub(super) group: &'a TaskGroup,
    /// The allocation whose place is to be taken.
    pub(super) previous: Option<&'a Allocation>,
    /// How many allocations of the group are on which values of each spread's attribute.
    pub(super) spreads: Vec<Spread>,
}

/// A wish to spread allocations over the values of an attribute.
pub(super) struct Spread {
    attribute: String,
    weight: f64,
    targets: BTreeMap<String, f64>,
    counts: BTreeMap<String, u64>,
}

/// The spreads of a job and a group, with what is there already. `placed`: nodes with how many of the group's allocations.
pub(super) fn spreads<'a>(
    job: &Job,
    group: &TaskGroup,
    placed: impl Iterator<Item = (&'a Node, u64)> + Clone,
) -> Vec<Spread> {
    let lists = [job.rest.get("Spreads"), group.rest.get("Spreads")];
    let blocks = lists.into_iter().flatten().filter_map(Json::as_array).flatten();
    blocks
        .map(|block| {
            let attribute = block["Attribute"].as_str().unwrap_or_default().to_owned();
            let mut counts = BTreeMap::new();
            for (node, count) in placed.clone() {
                *counts.entry(resolve(&attribute, node).unwrap_or_default()).or_default() += count;
            }
            let targets = block["SpreadTarget"].as_array().into_iter().flatten();
            let target = |target: &Json| {
                (
                    target["Value"].as_str().unwrap_or_default().to_owned(),
                    target["Percent"].as_f64().unwrap_or(0.0),
                )
            };
            let weight = block["Weight"].as_f64().unwrap_or(50.0);
            Spread { attribute, weight, targets: targets.map(target).collect(), counts }
        })
        .collect()
}

impl Spread {
    /// How much one more allocation on a node serves the wish, from -1 to 1.
    fn boost(&self, node: &Node, count: i64) -> f64 {
        let Some(value) = resolve(&self.attribute, node) else { return -1.0 };
        let used = self.counts.get(&value).copied().unwrap_or(0) as f64;
        if self.targets.is_empty() {
            return self.even(used);
        }
        let listed: f64 = self.targets.values().sum();
        let percent = match self.targets.get(&value) {
            Some(percent) => *percent,
            None if listed < 100.0 => 100.0 - listed,
            None => return -1.0,
        };
        let desired = percent / 100.0 * count.max(1) as f64;
        if desired == 0.0 { -1.0 } else { (desired - (used + 1.0)) / desired }
    }

    fn even(&self, used: f64) -> f64 {
        let least = self.counts.values().copied().min().unwrap_or(0) as f64;
        let most = self.counts.values().copied().max().unwrap_or(0) as f64;
        match () {
            () if most == 0.0 => 0.0,
            () if used == 0.0 => 1.0,
            () if used != least => {
                if least == 0.0 {
                    -1.0
                } else {
                    (least - used) / least
                }
            }
            () if least == most => -1.0,
            () => (most - least) / least,
        }
    }
}

/// A node's score, and what it is made of. `with`: what would be taken of the node, `room`: what it has.
pub(super) fn rank(
    asked: &Asked<'_>,
    node: &Node,
    of_group: u64,
    with: [i64; 3],
    room: [i64; 3],
) -> (f64, Json) {
    let free = |dimension: usize| 1.0 - with[dimension] as f64 / (room[dimension].max(1)) as f64;
    let packed = ((20.0 - (10_f64.powf(free(0)) + 10_f64.powf(free(1)))) / 18.0).clamp(0.0, 1.0);
    let count = asked.group.count;
    let crowd = if of_group > 0 { -((of_group + 1) as f64) / (count.max(1)) as f64 } else { 0.0 };
    let failed_here = asked
        .previous
        .is_some_and(|previous| previous.node_id == node.id && previous.client_status == "failed");
    let penalty = if failed_here { -1.0 } else { 0.0 };
    let affinity = affinity(asked, node);
    let weights: f64 = asked.spreads.iter().map(|spread| spread.weight).sum();
    let spread: f64 =
        asked.spreads.iter().map(|spread| spread.boost(node, count) * spread.weight / weights.max(1.0)).sum();
    let counted: Vec<f64> = [packed, crowd, penalty, affinity, spread]
        .into_iter()
        .enumerate()
        .filter(|(at, score)| *at == 0 || *score != 0.0)
        .map(|(_, score)| score)
        .collect();
    let score = counted.iter().sum::<f64>() / counted.len() as f64;
    let mut scores = json!({
        "binpack": packed, "job-anti-affinity": crowd, "node-affinity": affinity, "node-reschedule-penalty": penalty,
    });
    if !asked.spreads.is_empty() {
        scores["allocation-spread"] = spread.into();
    }
    (score, json!({"NodeID": node.id, "NormScore": score, "Scores": scores}))
}

/// How much of the wishes about nodes a node fulfils, from -1 to 1.
fn affinity(asked: &Asked<'_>, node: &Node) -> f64 {
    let of_tasks = asked.group.tasks.iter().map(|task| task.rest.get("Affinities"));
    let lists =
        [asked.job.rest.get("Affinities"), asked.group.rest.get("Affinities")].into_iter().chain(of_tasks);
    let (mut sum, mut total) = (0.0, 0.0);
    for wish in lists.flatten().filter_map(Json::as_array).flatten() {
        let text = |field: &str| wish[field].as_str().unwrap_or_default().to_owned();
        let rule = Constraint { left: text("LTarget"), right: text("RTarget"), operand: text("Operand") };
        let weight = wish["Weight"].as_f64().unwrap_or(50.0);
        total += weight.abs();
        if is_met(&rule, node) {
            sum += weight;
        }
    }
    if total == 0.0 { 0.0 } else { sum / total }
}
