//! Decides what runs where: one pure step from a state and an evaluation to a plan.

mod constraint;
mod feasibility;
mod placement;
mod ports;
mod preemption;
mod reconcile;
mod reschedule;
mod rollout;
mod score;
mod sort;
mod system;
mod version;

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lab_world::Entropy;
use serde_json::json;
use time::OffsetDateTime;

use self::feasibility::Eligibility;
use self::placement::{Cluster, Placed, note_resources};
pub(super) use self::ports::{port_of, ports_of};
pub(super) use self::reschedule::is_eligible;
use crate::state::{PlanResult, StopAllocation, Tables};
use crate::structs::{Allocation, Evaluation, Job, PlacementMetrics, RescheduleTracker, TaskGroup};

/// What a scheduler makes of an evaluation.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// What to change; may be empty.
    pub(super) plan: PlanResult,
    /// Evaluations to create: for later, or for when there is room.
    pub(super) followups: Vec<Evaluation>,
    /// The evaluation itself, finished.
    pub(super) finished: Evaluation,
}

/// The work of one scheduling step.
struct Step<'a> {
    tables: &'a Tables,
    evaluation: &'a Evaluation,
    job: Option<&'a Arc<Job>>,
    now: OffsetDateTime,
    ids: &'a Entropy,
    plan: PlanResult,
    followups: Vec<Evaluation>,
    failed: BTreeMap<String, PlacementMetrics>,
    changes: BTreeMap<String, Changes>,
    /// How many allocations of each group found no place, of those groups that something was to be placed of.
    queued: BTreeMap<String, u64>,
    /// The allocations that are put aside.
    preempted: Vec<Arc<Allocation>>,
    /// The deployment that the evaluation works on.
    deployment_id: String,
}

/// What becomes of a group's allocations, as annotations show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Changes {
    ignore: u64,
    place: u64,
    stop: u64,
    in_place: u64,
    destructive: u64,
    later: u64,
    now: u64,
    migrate: u64,
    canary: u64,
    disconnect: u64,
    preemptions: u64,
}

/// An allocation that is wanted.
#[derive(Clone, Debug, Default)]
struct Want {
    name: String,
    previous: Option<Arc<Allocation>>,
    tracker: Option<RescheduleTracker>,
    /// Whether it tries a new version out.
    canary: bool,
    /// Whether it replaces one that is stopped for it, which is not counted as a placement.
    updates: bool,
    /// The deployment that it belongs to.
    deployment: String,
}

/// Looks at the evaluation's job in `tables` and decides.
pub(super) fn schedule(
    tables: &Tables,
    evaluation: &Evaluation,
    now: OffsetDateTime,
    ids: &Entropy,
    dice: &Entropy,
) -> Outcome {
    let job = tables.job(&evaluation.namespace, &evaluation.job_id);
    let mut step = Step {
        tables,
        evaluation,
        job,
        now,
        ids,
        plan: PlanResult { at: nanos(now), ..PlanResult::default() },
        followups: Vec::new(),
        failed: BTreeMap::new(),
        changes: BTreeMap::new(),
        queued: BTreeMap::new(),
        preempted: Vec::new(),
        deployment_id: String::new(),
    };
    let mut cluster = Cluster::new(tables, job.map(|job| &**job), dice);
    match job.filter(|job| !job.stop) {
        None => step.stop_all(),
        Some(job) if job.is_system() => step.system(job, &mut cluster),
        Some(job) => step.service(job, &mut cluster),
    }
    step.finish(cluster.eligibility())
}

impl Step<'_> {
    /// The job is gone: so are its allocations.
    fn stop_all(&mut self) {
        let tables = self.tables;
        let (namespace, id) = (&self.evaluation.namespace, &self.evaluation.job_id);
        rollout::Rollout::stop(tables.work.deployments.newest_of_job(namespace, id), &mut self.plan);
        for allocation in tables.allocations_of_job(&self.evaluation.namespace, &self.evaluation.job_id) {
            if !allocation.is_terminal() {
                self.stop(allocation, "alloc not needed due to job update");
            }
        }
    }

    /// Stops an allocation, or gives it up where its node is.
    fn stop(&mut self, allocation: &Allocation, why: &str) {
        self.changes(&allocation.task_group).stop += 1;
        self.stop_counted(allocation, why);
    }

    /// The same where it is counted as something else.
    fn stop_counted(&mut self, allocation: &Allocation, why: &str) {
        if self.node_is_gone(allocation) {
            return self.lose(allocation);
        }
        self.plan.stop.push(StopAllocation {
            id: allocation.id.clone(),
            desired_status: "stop".to_owned(),
            description: why.to_owned(),
            ..StopAllocation::default()
        });
    }

    /// Gives up an allocation whose node is down.
    fn lose(&mut self, allocation: &Allocation) {
        self.plan.stop.push(StopAllocation {
            id: allocation.id.clone(),
            desired_status: "stop".to_owned(),
            description: "alloc is lost since its node is down".to_owned(),
            client_status: Some("lost".to_owned()),
            ..StopAllocation::default()
        });
    }

    fn node_is_gone(&self, allocation: &Allocation) -> bool {
        self.tables.nodes.get(&allocation.node_id).is_none_or(|node| node.is_down())
    }

    fn changes(&mut self, group: &str) -> &mut Changes {
        self.changes.entry(group.to_owned()).or_default()
    }

    /// Finds a place for a wanted allocation and puts it into the plan, or notes why there is no room for it. What it
    /// replaces is stopped for it, if there is room.
    fn place(&mut self, job: &Arc<Job>, group: &TaskGroup, want: Want, cluster: &mut Cluster<'_>) {
        self.changes(&group.name).place += u64::from(!want.updates && !want.canary);
        self.queued.entry(group.name.clone()).or_default();
        if let Some(known) = self.failed.get_mut(&group.name) {
            known.coalesced_failures += 1;
            note_resources(known, group);
            *self.queued.entry(group.name.clone()).or_default() += 1;
            return;
        }
        let replaced = want.previous.clone().filter(|_| want.updates);
        if let Some(replaced) = &replaced {
            self.stop_counted(replaced, "alloc is being updated due to job update");
            cluster.release(&replaced.id);
        }
        match cluster.find(job, group, want.previous.as_deref()) {
            Ok(placed) => self.put(job, group, want, placed),
            Err(mut metrics) => {
                if let Some(replaced) = replaced {
                    self.plan.stop.retain(|stop| stop.id != replaced.id);
                    cluster.keep(&replaced.id);
                }
                note_resources(&mut metrics, group);
                self.failed.insert(group.name.clone(), *metrics);
                *self.queued.entry(group.name.clone()).or_default() += 1;
            }
        }
    }

    /// Puts an allocation for which there is a place into the plan, and aside what gives way to it.
    fn put(&mut self, job: &Job, group: &TaskGroup, want: Want, mut placed: Placed) {
        let preempted = std::mem::take(&mut placed.preempted);
        let mut allocation = self.allocation(job, &group.name, want, placed);
        for gone in preempted {
            self.changes(&group.name).preemptions += 1;
            self.plan.stop.push(StopAllocation {
                id: gone.id.clone(),
                desired_status: "evict".to_owned(),
                description: format!("Preempted by alloc ID {}", allocation.id),
                preempted_by: Some(allocation.id.clone()),
                ..StopAllocation::default()
            });
            allocation.preempted_allocations.push(gone.id.clone());
            self.preempted.push(gone);
        }
        self.plan.place.push(allocation);
    }

    fn allocation(&self, job: &Job, group: &str, want: Want, placed: Placed) -> Allocation {
        Allocation {
            id: self.ids.uuid(),
            namespace: job.namespace.clone(),
            eval_id: self.evaluation.id.clone(),
            name: want.name,
            node_id: placed.node.id.clone(),
            node_name: placed.node.name.clone(),
            job_id: job.id.clone(),
            task_group: group.to_owned(),
            allocated_resources: placed.resources,
            metrics: placed.metrics,
            desired_status: "run".to_owned(),
            client_status: "pending".to_owned(),
            previous_allocation: want.previous.map(|previous| previous.id.clone()).unwrap_or_default(),
            reschedule_tracker: want.tracker,
            deployment_id: want.deployment,
            deployment_status: reconcile::first_health(want.canary),
            ..Allocation::default()
        }
    }

    fn finish(mut self, eligibility: &Eligibility) -> Outcome {
        let mut finished = Evaluation {
            status: "complete".to_owned(),
            status_description: String::new(),
            modify_time: nanos(self.now),
            snapshot_index: self.tables.index,
            deployment_id: self.deployment_id.clone(),
            ..self.evaluation.clone()
        };
        let is_system = self.job.is_some_and(|job| job.kind == "system");
        for group in self.job.into_iter().flat_map(|job| &job.task_groups) {
            let queued = self.queued.get(&group.name).copied();
            if queued.is_some() || self.queued.is_empty() || is_system {
                finished.queued_allocations.insert(group.name.clone(), queued.unwrap_or(0));
            }
        }
        finished.plan_annotations = self.annotations();
        if !self.plan.place.is_empty() || !self.plan.update.is_empty() {
            self.plan.job = self.job.map(|job| Job::clone(job));
        }
        finished.failed_tg_allocs = std::mem::take(&mut self.failed);
        if !finished.failed_tg_allocs.is_empty() && !self.job.is_some_and(|job| job.is_system()) {
            self.block(&mut finished, eligibility);
        }
        Outcome { plan: self.plan, followups: self.followups, finished }
    }

    /// What found no room waits for some: a blocked evaluation blocks again, another leaves one behind.
    fn block(&mut self, finished: &mut Evaluation, eligibility: &Eligibility) {
        let known = self.evaluation.status_description.as_str();
        if matches!(known, BLOCKED | CONFLICTS) {
            finished.status = "blocked".to_owned();
            finished.escaped_computed_class = eligibility.has_escaped();
            finished.class_eligibility = classes(eligibility);
            finished.status_description = known.to_owned();
            return;
        }
        let blocked = self.blocked(eligibility, finished.failed_tg_allocs.clone());
        finished.blocked_eval = blocked.id.clone();
        self.followups.push(blocked);
    }

    /// An evaluation that waits for room.
    fn blocked(&self, eligibility: &Eligibility, failed: BTreeMap<String, PlacementMetrics>) -> Evaluation {
        Evaluation {
            id: self.ids.uuid(),
            triggered_by: "queued-allocs".to_owned(),
            status: "blocked".to_owned(),
            status_description: BLOCKED.to_owned(),
            previous_eval: self.evaluation.id.clone(),
            failed_tg_allocs: failed,
            escaped_computed_class: eligibility.has_escaped(),
            class_eligibility: classes(eligibility),
            snapshot_index: self.tables.index,
            ..later_evaluation(self.evaluation, self.now)
        }
    }

    /// An evaluation at `at`, for `why`. Its id.
    fn evaluate_at(&mut self, at: OffsetDateTime, trigger: &str, why: &str) -> String {
        let evaluation = Evaluation {
            id: self.ids.uuid(),
            triggered_by: trigger.to_owned(),
            status_description: why.to_owned(),
            wait_until: at.into(),
            job_modify_index: self.job.map_or(0, |job| job.modify_index),
            ..later_evaluation(self.evaluation, self.now)
        };
        let id = evaluation.id.clone();
        self.followups.push(evaluation);
        id
    }

    fn annotations(&self) -> serde_json::Value {
        let groups: serde_json::Map<String, serde_json::Value> = self
            .changes
            .iter()
            .map(|(group, changes)| {
                let value = json!({
                    "Canary": changes.canary, "DestructiveUpdate": changes.destructive, "Disconnect": changes.disconnect, "Ignore": changes.ignore,
                    "InPlaceUpdate": changes.in_place, "Migrate": changes.migrate, "Place": changes.place, "Preemptions": changes.preemptions,
                    "Reconnect": 0, "RescheduleLater": changes.later, "RescheduleNow": changes.now,
                    "Stop": changes.stop,
                });
                (group.clone(), value)
            })
            .collect();
        let preempted: Vec<serde_json::Value> = self.preempted.iter().map(|gone| stub(gone)).collect();
        let preempted = if preempted.is_empty() { serde_json::Value::Null } else { preempted.into() };
        json!({"DesiredTGUpdates": groups, "PreemptedAllocs": preempted})
    }
}

/// Each class of nodes with whether it may do, where classes say that.
fn classes(eligibility: &Eligibility) -> BTreeMap<String, bool> {
    if eligibility.has_escaped() { BTreeMap::new() } else { eligibility.classes() }
}

/// An allocation as lists have it.
fn stub(allocation: &Allocation) -> serde_json::Value {
    json!({
        "ID": allocation.id, "EvalID": allocation.eval_id, "Name": allocation.name, "Namespace": allocation.namespace,
        "NodeID": allocation.node_id, "NodeName": allocation.node_name, "JobID": allocation.job_id,
        "JobType": allocation.job.as_deref().map_or("", |job| job.kind.as_str()),
        "JobVersion": allocation.job.as_deref().map_or(0, |job| job.version), "TaskGroup": allocation.task_group,
        "DesiredStatus": allocation.desired_status, "ClientStatus": allocation.client_status,
    })
}

/// What blocked evaluations say of themselves: there was no room, or others took it again and again.
const BLOCKED: &str = "created to place remaining allocations";
const CONFLICTS: &str = "created due to placement conflicts";

/// Ends an evaluation whose plans were refused `attempts` times in a row. Where something was to be placed by a
/// service or batch job, it is tried again when there is room.
pub(super) fn give_up(
    evaluation: &Evaluation,
    attempts: usize,
    now: OffsetDateTime,
    ids: &Entropy,
) -> Outcome {
    let mut finished = Evaluation {
        status: "failed".to_owned(),
        status_description: format!("maximum attempts reached ({attempts})"),
        modify_time: nanos(now),
        ..evaluation.clone()
    };
    if matches!(evaluation.kind.as_str(), "system" | "sysbatch") {
        return Outcome { finished, ..Outcome::default() };
    }
    let blocked = Evaluation {
        id: ids.uuid(),
        triggered_by: "max-plan-attempts".to_owned(),
        status: "blocked".to_owned(),
        status_description: CONFLICTS.to_owned(),
        ..later_evaluation(evaluation, now)
    };
    finished.blocked_eval.clone_from(&blocked.id);
    Outcome { followups: vec![blocked], finished, ..Outcome::default() }
}

/// An evaluation of the same job that comes after this one.
fn later_evaluation(evaluation: &Evaluation, now: OffsetDateTime) -> Evaluation {
    Evaluation {
        namespace: evaluation.namespace.clone(),
        priority: evaluation.priority,
        kind: evaluation.kind.clone(),
        job_id: evaluation.job_id.clone(),
        job_modify_index: evaluation.job_modify_index,
        previous_eval: evaluation.id.clone(),
        status: "pending".to_owned(),
        create_time: nanos(now),
        modify_time: nanos(now),
        ..Evaluation::default()
    }
}

fn nanos(moment: OffsetDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos()).unwrap_or(i64::MAX)
}

fn from_nanos(nanos: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(nanos.into()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(nanos.max(0).unsigned_abs())
}
