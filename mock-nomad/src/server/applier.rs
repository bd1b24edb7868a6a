//! Checks plans against the state as it is when they are applied: other servers' schedulers decide at the same time,
//! each from a state of its own, and two of them may have given away the same port or the same memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::scheduler::{port_of, ports_of};
use super::{LOGGER, Server};
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::state::{Command, PlanResult, Tables, Topic};
use crate::structs::{Allocation, Job, Node};

/// What became of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Applied {
    /// The index at which it was applied; 0 where nothing of it was.
    pub(super) index: u64,
    /// The state from which the scheduler is to decide anew; 0 where all of the plan was applied.
    pub(super) refresh: u64,
}

/// Plans are checked and applied one at a time.
#[derive(Default)]
pub(super) struct Applier(tokio::sync::Mutex<()>);

impl Server {
    /// Applies what of a plan still fits. Nothing of it goes to a node where some of it does not.
    pub(super) async fn apply_plan(&self, evaluation: &str, plan: PlanResult) -> Result<Applied, RpcError> {
        let _turn = self.applier.0.lock().await;
        let telemetry = &self.parts.telemetry;
        let began = telemetry.now();
        let (mut plan, rejected, newest) = self.store.read(|tables| {
            let (plan, rejected) = fitting(tables, plan);
            let newest = tables.index_of(&Topic::Nodes).max(tables.index_of(&Topic::Allocations));
            (plan, rejected, newest)
        });
        telemetry.since("nomad.plan.evaluate", began);
        for (node, reason) in &rejected {
            telemetry.count_of("nomad.plan.node_rejected", &[("node_id", node)], 1.0);
            let text = format!(
                "plan for node rejected, refer to https://developer.hashicorp.com/nomad/s/port-plan-failure for more \
                 information: node_id={node} {} eval_id={evaluation}",
                pair("reason", reason)
            );
            self.parts.host.log.info(LOGGER, text);
        }
        let refresh = |index: u64| if rejected.is_empty() { 0 } else { index };
        if plan.is_empty() {
            return Ok(Applied { index: 0, refresh: refresh(newest) });
        }
        // Without a key tasks have no identities, and nothing to be kept for.
        if let Ok(key) = self.active_key() {
            plan.place.iter_mut().for_each(|placed| placed.signing_key_id.clone_from(&key.meta.id));
        }
        let preempted = self.store.read(|tables| jobs_of_preempted(tables, &plan));
        let began = telemetry.now();
        let index = self.apply(Command::ApplyPlan(Box::new(plan))).await?;
        telemetry.since("nomad.plan.apply", began);
        if !preempted.is_empty() {
            // They look for other places.
            let now = self.now_nanos();
            let evaluations = preempted.iter().map(|job| self.evaluation_of(job, "preemption", now));
            self.apply(Command::UpdateEvaluations(evaluations.collect())).await?;
        }
        Ok(Applied { index, refresh: refresh(index) })
    }
}

/// The jobs whose allocations a plan puts aside.
fn jobs_of_preempted(tables: &Tables, plan: &PlanResult) -> Vec<Arc<Job>> {
    let gone = plan.stop.iter().filter(|stop| stop.preempted_by.is_some());
    let gone = gone.filter_map(|stop| tables.allocations.get(&stop.id));
    let keys: BTreeSet<_> = gone.map(|gone| gone.job_key()).collect();
    keys.iter().filter_map(|(namespace, id)| tables.job(namespace, id).cloned()).collect()
}

/// What of a plan still fits, and the nodes that it does not fit on, with the reasons.
fn fitting(tables: &Tables, mut plan: PlanResult) -> (PlanResult, BTreeMap<String, String>) {
    let leaving: BTreeSet<&str> = plan.stop.iter().map(|stop| stop.id.as_str()).collect();
    let mut placed: BTreeMap<&str, Vec<&Allocation>> = BTreeMap::new();
    for allocation in &plan.place {
        placed.entry(&allocation.node_id).or_default().push(allocation);
    }
    let faults = placed.into_iter().filter_map(|(node, placed)| {
        let reason = fault(tables, node, &placed, &leaving)?;
        Some((node.to_owned(), reason))
    });
    let rejected: BTreeMap<String, String> = faults.collect();
    if rejected.is_empty() {
        return (plan, rejected);
    }
    if plan.job.as_ref().is_some_and(|job| job.rest.get("AllAtOnce").is_some_and(|all| *all == true)) {
        return (PlanResult::default(), rejected);
    }
    let is_rejected =
        |id: &str| tables.allocations.get(id).is_some_and(|known| rejected.contains_key(&known.node_id));
    plan.place.retain(|allocation| !rejected.contains_key(&allocation.node_id));
    plan.stop.retain(|stop| !is_rejected(&stop.id));
    plan.update.retain(|id| !is_rejected(id));
    (plan, rejected)
}

/// Why a node cannot take what is placed on it.
fn fault(tables: &Tables, node: &str, placed: &[&Allocation], leaving: &BTreeSet<&str>) -> Option<String> {
    let Some(node) = tables.nodes.get(node) else { return Some("node does not exist".to_owned()) };
    if node.status != "ready" {
        return Some("node is not ready for placements".to_owned());
    }
    if !node.is_ready() {
        return Some("node is not eligible".to_owned());
    }
    let staying =
        || tables.allocations_of_node(&node.id).filter(|found| !leaving.contains(found.id.as_str()));
    let lasting = staying().filter(|found| !found.is_terminal()).map(|found| &**found);
    // A port is in use until its task has ended, whatever the servers want.
    let open = staying().filter(|found| !found.is_client_terminal()).map(|found| &**found);
    exhausted(node, lasting.chain(placed.iter().copied()))
        .or_else(|| collision(open.chain(placed.iter().copied())))
}

fn exhausted<'a>(node: &Node, allocations: impl Iterator<Item = &'a Allocation>) -> Option<String> {
    let mut used = [0_i64; 3];
    for allocation in allocations {
        used.iter_mut().zip(allocation.allocated_resources.total()).for_each(|(used, part)| *used += part);
    }
    let room = node.node_resources.room();
    let mut dimensions = ["cpu", "memory", "disk"].into_iter().zip(used.into_iter().zip(room));
    dimensions.find(|(_, (used, room))| used > room).map(|(name, _)| name.to_owned())
}

fn collision<'a>(allocations: impl Iterator<Item = &'a Allocation>) -> Option<String> {
    let mut taken = BTreeSet::new();
    for allocation in allocations {
        for port in ports_of(allocation) {
            let Some(value) = port_of(port) else { continue };
            if !taken.insert(value) && port["IgnoreCollision"] != true {
                return Some(format!(
                    "reserved alloc port collision: collision when reserving port for alloc {}: port {value} already \
                     in use",
                    allocation.id
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod unit {
    use serde_json::json;

    use super::*;
    use crate::state::{StopAllocation, Store};

    fn node(id: &str) -> Command {
        let node = json!({"ID": id, "Status": "ready", "SchedulingEligibility": "eligible", "NodeResources": {
            "Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000}, "Disk": {"DiskMB": 1000},
        }});
        Command::RegisterNode { node: Box::new(serde_json::from_value(node).expect("a node")), at: 1 }
    }

    fn allocation(id: &str, node: &str, memory: i64, port: i64) -> Allocation {
        let allocation = json!({"ID": id, "NodeID": node, "JobID": id, "Namespace": "default", "DesiredStatus": "run",
            "ClientStatus": "pending", "AllocatedResources": {
                "Tasks": {"t": {"Cpu": {"CpuShares": 100}, "Memory": {"MemoryMB": memory}}},
                "Shared": {"DiskMB": 100, "Ports": [{"Label": "http", "Value": port}]},
        }});
        serde_json::from_value(allocation).expect("an allocation")
    }

    fn plan(place: Vec<Allocation>, stop: &[&str]) -> PlanResult {
        let stop = stop.iter().map(|id| StopAllocation {
            id: (*id).into(),
            desired_status: "stop".into(),
            ..StopAllocation::default()
        });
        PlanResult { place, stop: stop.collect(), ..PlanResult::default() }
    }

    /// Two nodes, with an allocation of 600 MB and port 80 on the first.
    fn store() -> Store {
        let store = Store::default();
        for (index, command) in [node("one"), node("two")].into_iter().enumerate() {
            store.apply(index as u64 + 1, command).expect("applies");
        }
        let present = plan(vec![allocation("present", "one", 600, 80)], &[]);
        store.apply(3, Command::ApplyPlan(Box::new(present))).expect("applies");
        store
    }

    fn check(plan: PlanResult) -> (Vec<String>, usize, Vec<(String, String)>) {
        let (plan, rejected) = store().read(|tables| fitting(tables, plan));
        let placed = plan.place.into_iter().map(|placed| placed.id).collect();
        (placed, plan.stop.len(), rejected.into_iter().collect())
    }

    #[test]
    fn what_was_taken_meanwhile_is_refused_and_the_rest_applied() {
        let both = vec![allocation("a", "one", 500, 81), allocation("b", "two", 500, 80)];
        let refused = |reason: &str| vec![("one".to_owned(), reason.to_owned())];
        assert_eq!(check(plan(both, &[])), (vec!["b".into()], 0, refused("memory")));
        let port = check(plan(vec![allocation("a", "one", 100, 80)], &[]));
        let text = "reserved alloc port collision: collision when reserving port for alloc a: port 80 already in use";
        assert_eq!(port, (vec![], 0, refused(text)));
    }

    #[test]
    fn a_plan_may_take_what_it_frees_itself() {
        let found = check(plan(vec![allocation("a", "one", 900, 80)], &["present"]));
        assert_eq!(found, (vec!["a".into()], 1, vec![]));
    }

    #[test]
    fn nothing_of_a_plan_goes_to_a_node_that_refuses_some() {
        let twice = vec![allocation("a", "one", 100, 90), allocation("b", "one", 100, 90)];
        let (placed, stopped, rejected) = check(plan(twice.clone(), &["present"]));
        assert_eq!((placed, stopped, rejected.len()), (vec![], 0, 1), "the stop on that node waits, too");
        let mut whole = plan([twice, vec![allocation("c", "two", 1, 1)]].concat(), &[]);
        let job = json!({"ID": "x", "AllAtOnce": true});
        whole.job = Some(serde_json::from_value(job).expect("a job"));
        assert_eq!(check(whole).0, Vec::<String>::new(), "all at once, or nothing");
        let unknown = check(plan(vec![allocation("a", "three", 1, 1)], &[]));
        assert_eq!(unknown.2, [("three".to_owned(), "node does not exist".to_owned())]);
    }
}
