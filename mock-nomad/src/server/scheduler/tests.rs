//! One step of scheduling at a time.

use std::time::Duration;

use lab_world::{DEFAULT_EPOCH, Entropy};
use serde_json::json;

use super::{Outcome, give_up, nanos, schedule};
use crate::state::{Command, PlanResult, StatusChange, Store};
use crate::structs::{Allocation, Evaluation, Job, Node, TaskState, canonicalize};

fn job(count: u64, extra: &serde_json::Value) -> Job {
    let mut group = json!({"Name": "g", "Count": count, "Tasks": [{"Name": "t", "Driver": "raw_exec", "Resources": {"CPU": 400, "MemoryMB": 100}}]});
    extra.as_object().into_iter().flatten().for_each(|(name, value)| group[name] = value.clone());
    serde_json::from_value(canonicalize(&json!({"ID": "app", "TaskGroups": [group]}), "global"))
        .expect("a job")
}

struct Bench {
    store: Store,
    index: u64,
}

impl Bench {
    fn new(nodes: usize, job: &Job) -> Self {
        let mut bench = Self { store: Store::default(), index: 0 };
        for number in 1..=nodes {
            let node = json!({
                "ID": format!("n{number}"), "Name": format!("client-{number}"), "Datacenter": "dc1", "NodePool": "default",
                "ComputedClass": format!("class-{number}"),
                "Status": "ready", "SchedulingEligibility": "eligible",
                "NodeResources": {"Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000}, "Disk": {"DiskMB": 5000}},
                "Drivers": {"raw_exec": {"Detected": true, "Healthy": true}},
            });
            let node: Node = serde_json::from_value(node).expect("a node");
            bench.apply(Command::RegisterNode { node: Box::new(node), at: 0 });
        }
        bench.apply(Command::RegisterJob { job: Box::new(job.clone()), evaluation: None });
        bench
    }

    fn apply(&mut self, command: Command) {
        self.index += 1;
        self.store.apply(self.index, command).expect("applies");
    }

    fn decide(&self, after: u64) -> Outcome {
        let evaluation = Evaluation {
            id: "e".into(),
            namespace: "default".into(),
            job_id: "app".into(),
            kind: "service".into(),
            ..Evaluation::default()
        };
        let now = DEFAULT_EPOCH + Duration::from_secs(after);
        self.store.read(|tables| {
            schedule(tables, &evaluation, now, &Entropy::seeded(after + 100), &Entropy::seeded(2))
        })
    }

    fn step(&mut self, after: u64) -> Outcome {
        let outcome = self.decide(after);
        self.apply(Command::ApplyPlan(Box::new(outcome.plan.clone())));
        self.apply(Command::UpdateEvaluations(outcome.followups.clone()));
        outcome
    }

    fn report(&mut self, allocation: &Allocation, status: &str, at: u64) {
        let finished_at = (DEFAULT_EPOCH + Duration::from_secs(at)).into();
        let state = TaskState {
            state: "dead".into(),
            failed: status == "failed",
            finished_at,
            ..TaskState::default()
        };
        let update = Allocation {
            id: allocation.id.clone(),
            client_status: status.into(),
            task_states: [("t".to_owned(), state)].into(),
            ..Allocation::default()
        };
        let at = nanos(DEFAULT_EPOCH + Duration::from_secs(at));
        self.apply(Command::UpdateAllocations { allocations: vec![update], evaluations: vec![], at });
    }
}

#[test]
fn allocations_spread_and_what_is_too_much_is_told() {
    let mut bench = Bench::new(2, &job(5, &json!({})));
    let outcome = bench.step(0);
    assert_eq!(outcome.plan.place.len(), 4, "two fit on a node");
    assert_eq!(outcome.finished.queued_allocations["g"], 1);
    assert_eq!(
        outcome.finished.failed_tg_allocs["g"].dimension_exhausted,
        Some([("cpu".to_owned(), 2)].into())
    );
    assert_eq!(outcome.followups[0].status, "blocked");
    assert_eq!(
        outcome.finished.plan_annotations["DesiredTGUpdates"]["g"]["Place"], 5,
        "as many as are wanted"
    );
    assert_eq!(
        bench.decide(1).plan,
        PlanResult { at: bench.decide(1).plan.at, ..PlanResult::default() },
        "nothing new"
    );
}

#[test]
fn drivers_and_constraints_filter() {
    let constraint =
        json!({"Constraints": [{"LTarget": "${node.unique.name}", "Operand": "=", "RTarget": "client-2"}]});
    let bench = Bench::new(3, &job(1, &constraint));
    assert_eq!(bench.decide(0).plan.place[0].node_id, "n2");
    let mut other = job(1, &json!({}));
    other.task_groups[0].tasks[0].driver = "docker".into();
    let outcome = Bench::new(3, &other).decide(0);
    assert_eq!(
        outcome.finished.failed_tg_allocs["g"].constraint_filtered,
        Some([("missing drivers".to_owned(), 3)].into())
    );
}

#[test]
fn failed_work_comes_again_later_and_elsewhere() {
    let mut bench = Bench::new(2, &job(1, &json!({})));
    let first = bench.step(0).plan.place[0].clone();
    bench.report(&first, "failed", 10);
    let later = bench.step(11);
    assert!(later.plan.place.is_empty());
    assert_eq!(later.followups[0].wait_until.0, Some(DEFAULT_EPOCH + Duration::from_secs(40)));
    assert_eq!(later.followups[0].triggered_by, "alloc-reschedule");
    assert!(bench.step(12).followups.is_empty(), "one is enough");
    let again = bench.decide(40);
    assert_eq!((again.plan.stop[0].id.as_str(), again.plan.stop[0].description.as_str()), (&*first.id, ""));
    let second = &again.plan.place[0];
    assert_ne!(second.node_id, first.node_id);
    assert_eq!(second.previous_allocation, first.id);
    assert_eq!(second.reschedule_tracker.as_ref().map(|tracker| tracker.events.len()), Some(1));
}

#[test]
fn a_disconnected_node_keeps_its_work_for_a_while() {
    let kept = json!({"Disconnect": {"LostAfter": 60_000_000_000_u64, "Replace": true}});
    let mut bench = Bench::new(2, &job(1, &kept));
    let first = bench.step(0).plan.place[0].clone();
    bench.report(&first, "running", 1);
    let status = |node: &str, status: &str| {
        Command::UpdateNodeStatus(StatusChange {
            node_id: node.into(),
            status: status.into(),
            at: 0,
            event: None,
        })
    };
    bench.apply(status(&first.node_id, "disconnected"));
    let outcome = bench.step(10);
    assert_eq!(outcome.plan.stop[0].client_status.as_deref(), Some("unknown"));
    assert_eq!(outcome.plan.stop[0].description, "alloc is unknown since its node is disconnected");
    assert_eq!(outcome.plan.place.len(), 1);
    assert_eq!(outcome.followups[0].wait_until.0, Some(DEFAULT_EPOCH + Duration::from_secs(70)));
    let back = outcome.plan.place[0].clone();
    bench.apply(status(&first.node_id, "ready"));
    bench.report(&first, "running", 20);
    let reconciled = bench.decide(21);
    assert_eq!(reconciled.plan.stop.iter().map(|stop| &stop.id).collect::<Vec<_>>(), [&back.id],);
    bench.apply(status(&first.node_id, "disconnected"));
    bench.step(30);
    let late = bench.decide(100);
    assert!(
        late.plan
            .stop
            .iter()
            .any(|stop| stop.id == first.id && stop.client_status.as_deref() == Some("lost"))
    );
}

#[test]
fn who_is_refused_again_and_again_waits_for_room() {
    let evaluation = |kind: &str| Evaluation { id: "e".into(), kind: kind.into(), ..Evaluation::default() };
    let service = give_up(&evaluation("service"), 5, DEFAULT_EPOCH, &Entropy::seeded(1));
    assert_eq!(service.finished.status, "failed");
    assert_eq!(service.finished.status_description, "maximum attempts reached (5)");
    let blocked = &service.followups[0];
    assert_eq!(service.finished.blocked_eval, blocked.id);
    assert_eq!((blocked.status.as_str(), blocked.triggered_by.as_str()), ("blocked", "max-plan-attempts"));
    assert_eq!(blocked.status_description, "created due to placement conflicts");
    let system = give_up(&evaluation("system"), 5, DEFAULT_EPOCH, &Entropy::seeded(1));
    assert!(system.followups.is_empty() && system.finished.blocked_eval.is_empty());
}
