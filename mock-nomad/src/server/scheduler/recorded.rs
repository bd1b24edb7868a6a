//! Placements held against those that a real server planned on nodes like these.

use lab_world::{DEFAULT_EPOCH, Entropy};
use serde_json::{Value as Json, json};

use super::{Outcome, schedule};
use crate::state::{Command, PlanResult, Store};
use crate::structs::{Evaluation, Job, Node, canonicalize};

struct Cluster {
    store: Store,
    index: u64,
}

impl Cluster {
    fn new(nodes: &Json) -> Self {
        let mut cluster = Self { store: Store::default(), index: 0 };
        for node in nodes.as_array().expect("nodes") {
            let node: Node = serde_json::from_value(node.clone()).expect("a node");
            cluster.apply(Command::RegisterNode { node: Box::new(node), at: 0 });
        }
        cluster
    }

    fn apply(&mut self, command: Command) {
        self.index += 1;
        self.store.apply(self.index, command).expect("applies");
    }

    /// Registers a job and decides about it.
    fn run(&mut self, job: &Json, seed: u64) -> Outcome {
        let job: Job = serde_json::from_value(canonicalize(job, "global")).expect("a job");
        let evaluation = Evaluation {
            id: "e".into(),
            namespace: job.namespace.clone(),
            job_id: job.id.clone(),
            kind: job.kind.clone(),
            ..Evaluation::default()
        };
        self.apply(Command::RegisterJob { job: Box::new(job), evaluation: None });
        self.store.read(|tables| {
            let (ids, dice) = (Entropy::seeded(seed), Entropy::seeded(seed + 1));
            schedule(tables, &evaluation, DEFAULT_EPOCH, &ids, &dice)
        })
    }

    fn settle(&mut self, plan: PlanResult) {
        self.apply(Command::ApplyPlan(Box::new(plan)));
    }
}

#[test]
fn placements_fail_as_on_real_servers() {
    let mut lines = include_str!("recorded.jsonl").lines();
    let nodes: Json = serde_json::from_str(lines.next().expect("nodes")).expect("JSON");
    let mut wrong = Vec::new();
    for (at, line) in lines.enumerate() {
        let recorded: Json = serde_json::from_str(line).expect("a recorded plan");
        let outcome = Cluster::new(&nodes["nodes"]).run(&recorded["job"], at as u64);
        let mut failed = serde_json::to_value(&outcome.finished.failed_tg_allocs).expect("metrics");
        for metrics in failed.as_object_mut().expect("groups").values_mut() {
            for not_recorded in ["AllocationTime", "ScoreMetaData"] {
                metrics.as_object_mut().expect("metrics").remove(not_recorded);
            }
        }
        let failed = if failed == json!({}) { Json::Null } else { failed };
        let updates = &outcome.finished.plan_annotations["DesiredTGUpdates"];
        if failed != recorded["failed"] || *updates != recorded["updates"] {
            wrong.push(format!("{line}\n  failed {failed}\n  updates {updates}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

fn node(id: &str) -> Json {
    json!({
        "ID": id, "Name": id, "Datacenter": "dc1", "NodePool": "default", "Status": "ready",
        "SchedulingEligibility": "eligible", "Drivers": {"raw_exec": {"Detected": true, "Healthy": true}},
        "NodeResources": {"Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000}, "Disk": {"DiskMB": 5000}},
    })
}

fn job(id: &str, kind: &str, priority: i64, count: i64, memory: i64) -> Json {
    let task = json!({"Name": "t", "Driver": "raw_exec", "Resources": {"CPU": 100, "MemoryMB": memory}});
    json!({"ID": id, "Type": kind, "Priority": priority, "TaskGroups": [{"Name": "g", "Count": count, "Tasks": [task]}]})
}

#[test]
fn system_jobs_put_less_important_work_aside() {
    let mut cluster = Cluster::new(&json!([node("n1")]));
    for (id, priority, seed) in [("low", 20, 11), ("middle", 65, 12), ("near", 75, 13)] {
        let placed = cluster.run(&job(id, "service", priority, 1, 300), seed);
        cluster.settle(placed.plan);
    }
    let system = job("system", "system", 80, 1, 600);
    let outcome = cluster.run(&system, 2);
    let placed = &outcome.plan.place[0];
    let gone: Vec<&str> = outcome.plan.stop.iter().map(|stop| stop.id.as_str()).collect();
    assert_eq!(gone.len(), 2, "the one whose priority is within ten stays");
    assert_eq!(placed.preempted_allocations, gone);
    assert!(outcome.plan.stop.iter().all(|stop| stop.desired_status == "evict"));
    assert_eq!(outcome.plan.stop[0].description, format!("Preempted by alloc ID {}", placed.id));
    assert_eq!(outcome.finished.plan_annotations["DesiredTGUpdates"]["g"]["Preemptions"], 2);
    cluster.settle(outcome.plan);
    let too_much = cluster.run(&job("more", "system", 84, 1, 700), 3);
    assert_eq!(
        too_much.finished.failed_tg_allocs["g"].dimension_exhausted,
        Some([("memory".into(), 1)].into())
    );
    let service = cluster.run(&job("service", "service", 100, 1, 600), 4);
    assert!(service.plan.place.is_empty(), "services put nothing aside unless they are told to");
}

#[test]
fn system_jobs_are_rolled_out_node_by_node() {
    let mut cluster = Cluster::new(&json!([node("n1"), node("n2"), node("n3")]));
    let first = cluster.run(&job("app", "system", 50, 1, 100), 1);
    assert_eq!(first.plan.place.len(), 3);
    let deployment = first.plan.deployment.clone().expect("a deployment");
    assert_eq!(deployment.task_groups["g"].desired_total, 3);
    assert!(first.plan.place.iter().all(|placed| placed.deployment_id == deployment.id));
    cluster.settle(first.plan);
    let second = cluster.run(&job("app", "system", 50, 1, 200), 2);
    assert_eq!((second.plan.place.len(), second.plan.stop.len()), (1, 1), "one at a time");
    assert_eq!(second.plan.deployment_updates[0].1, "cancelled");
    assert_eq!(second.finished.plan_annotations["DesiredTGUpdates"]["g"]["DestructiveUpdate"], 3);
}

#[test]
fn spreads_see_what_is_placed_already() {
    for seed in 0..10 {
        let mut far = node("n3");
        far["Datacenter"] = json!("dc2");
        let mut cluster = Cluster::new(&json!([node("n1"), node("n2"), far]));
        let mut wanted = job("app", "service", 50, 2, 100);
        wanted["Datacenters"] = json!(["*"]);
        wanted["Spreads"] = json!([{"Attribute": "${node.datacenter}", "Weight": 100}]);
        let placed = cluster.run(&wanted, seed).plan.place;
        assert_eq!(placed.iter().filter(|one| one.node_id == "n3").count(), 1, "seed {seed}");
    }
}
