//! Watches over deployments, for as long as this server leads: who is healthy lets them go on, who is not or is late
//! ends them, and canaries that are well promote themselves where they may.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use time::OffsetDateTime;

use super::Server;
use crate::hclog::pair;
use crate::seam::RpcError;
use crate::state::{Command, DeploymentChange, JobCommand, Tables, Topic};
use crate::structs::{Allocation, Deployment, DesiredTransition, Evaluation, Job};

/// What is to be done about a deployment.
#[derive(Debug, PartialEq)]
enum Verdict {
    Nothing,
    /// The scheduler is to look at it again.
    Evaluate,
    /// Allocations that do not work may be replaced.
    Replace(Vec<String>),
    /// All canaries work.
    Promote(Vec<String>),
    /// It has failed, for this reason; whether to go back.
    Fail {
        why: &'static str,
        revert: bool,
    },
}

/// How long a change that could not be made waits for its second try.
const RETRY: Duration = Duration::from_secs(1);

/// Watches until it is dropped.
pub(super) async fn watch(server: &Server) {
    let mut changes = server.store.subscribe(Topic::Deployments);
    let mut watched = Watched::default();
    loop {
        changes.borrow_and_update();
        watched.look(server).await;
        let deadline = async {
            match watched.deadlines.first() {
                Some((next, _)) => server.parts.host.clock.sleep_until(*next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = changes.changed() => if changed.is_err() { return },
            () = deadline => {}
        }
    }
}

/// What the watch knows of deployments that are under way. It looks only at those that changed, as they do with the
/// health of every allocation, and at those whose time is up: many may wait for room at once.
#[derive(Default)]
struct Watched {
    /// Up to which index of the state they were looked at.
    index: u64,
    /// Up to which index of its allocations each has been evaluated, and when it may be late.
    seen: BTreeMap<String, (u64, Option<OffsetDateTime>)>,
    /// When to look at which again.
    deadlines: BTreeSet<(OffsetDateTime, String)>,
}

impl Watched {
    async fn look(&mut self, server: &Server) {
        let now = server.parts.host.clock.now();
        for (deployment, verdict) in server.store.read(|tables| self.judge_all(tables, now)) {
            if let Err(error) = act(server, &deployment, verdict).await {
                let text = format!(
                    "failed to update deployment: deployment_id={} {}",
                    deployment.id,
                    pair("error", &error)
                );
                server.parts.host.log.error("nomad.deployments_watcher", text);
                self.deadlines.insert((now + RETRY, deployment.id));
            }
        }
    }

    /// The deployments that something is to be done about, in order of id.
    fn judge_all(&mut self, tables: &Tables, now: OffsetDateTime) -> Vec<(Deployment, Verdict)> {
        let mut found = Vec::new();
        for id in self.due_or_changed(tables, now) {
            let (seen, deadline) = self.seen.remove(&id).unzip();
            if let Some(deadline) = deadline.flatten() {
                self.deadlines.remove(&(deadline, id.clone()));
            }
            let Some(deployment) = tables.work.deployments.get(&id).filter(|found| found.status == "running")
            else {
                continue;
            };
            let (verdict, index) = judge(tables, deployment, now, seen);
            let deadlines = deployment.task_groups.values().filter_map(|group| group.require_progress_by.0);
            let next = deadlines.filter(|deadline| *deadline > now).min();
            self.deadlines.extend(next.map(|next| (next, id.clone())));
            self.seen.insert(id, (index, next));
            if verdict != Verdict::Nothing {
                found.push((deployment.clone(), verdict));
            }
        }
        found
    }

    fn due_or_changed(&mut self, tables: &Tables, now: OffsetDateTime) -> BTreeSet<String> {
        let all = &tables.work.deployments;
        let index = tables.index_of(&Topic::Deployments);
        let mut ids: BTreeSet<String> = all.changed_since(self.index).map(|found| found.id.clone()).collect();
        if ids.is_empty() && index > self.index {
            // Some are gone, or a snapshot has taken the place of all.
            ids.extend(all.running().map(|found| found.id.clone()).chain(self.seen.keys().cloned()));
        }
        while let Some((deadline, id)) = self.deadlines.pop_first() {
            if deadline > now {
                self.deadlines.insert((deadline, id));
                break;
            }
            ids.insert(id);
        }
        self.index = index;
        ids
    }
}

/// The verdict on a deployment, and up to which index of its allocations it goes.
fn judge(tables: &Tables, deployment: &Deployment, now: OffsetDateTime, seen: Option<u64>) -> (Verdict, u64) {
    let before = seen.unwrap_or(deployment.create_index);
    let mut index = before;
    let mut replace = Vec::new();
    let mut healthy_news = false;
    let mut healthy_canaries: BTreeMap<&str, i64> = BTreeMap::new();
    for found in tables.allocations_of_job(&deployment.namespace, &deployment.job_id) {
        if found.deployment_id != deployment.id {
            continue;
        }
        let Some(state) = deployment.task_groups.get(&found.task_group) else { continue };
        index = index.max(found.modify_index);
        match found.health() {
            Some(true) => {
                let changed = found.deployment_status.as_ref().map_or(0, |health| health.modify_index);
                healthy_news |= changed > before;
                if found.is_canary() && !found.is_terminal() {
                    *healthy_canaries.entry(&found.task_group).or_default() += 1;
                }
            }
            Some(false) if state.progress_deadline == 0 || !may_come_again(found) => {
                return (
                    Verdict::Fail { why: "Failed due to unhealthy allocations", revert: state.auto_revert },
                    index,
                );
            }
            Some(false) if found.desired_transition.reschedule != Some(true) => {
                replace.push(found.id.clone())
            }
            _ => {}
        }
    }
    if let Some(revert) = is_late(deployment, now, &healthy_canaries) {
        return (Verdict::Fail { why: "Failed due to progress deadline", revert }, index);
    }
    if deployment.requires_promotion() && deployment.has_auto_promote() {
        let mut waiting =
            deployment.task_groups.iter().filter(|(_, state)| state.desired_canaries > 0 && !state.promoted);
        let well = waiting.clone().all(|(group, state)| {
            healthy_canaries.get(group.as_str()).copied().unwrap_or(0) >= state.desired_canaries
        });
        if well {
            return (Verdict::Promote(waiting.by_ref().map(|(group, _)| group.clone()).collect()), index);
        }
    }
    if !replace.is_empty() {
        return (Verdict::Replace(replace), index);
    }
    (if healthy_news { Verdict::Evaluate } else { Verdict::Nothing }, index)
}

/// Whether a failed allocation is one that is placed anew.
fn may_come_again(found: &Allocation) -> bool {
    let group = found.job.as_ref().and_then(|job| job.group(&found.task_group));
    group.is_some_and(|group| {
        group.flag("ReschedulePolicy", "Unlimited")
            || group.number("ReschedulePolicy", "Attempts").unwrap_or(0) > 0
    })
}

/// Whether some group has made no progress for too long; and then whether to go back.
fn is_late(
    deployment: &Deployment,
    now: OffsetDateTime,
    healthy_canaries: &BTreeMap<&str, i64>,
) -> Option<bool> {
    let mut late = deployment.task_groups.iter().filter(|(group, state)| {
        let waits_for_people = state.desired_canaries > 0
            && !state.promoted
            && healthy_canaries.get(group.as_str()).copied().unwrap_or(0) >= state.desired_canaries;
        let done = state.healthy_allocs >= state.desired_total;
        let over = state.progress_deadline > 0
            && state.require_progress_by.0.is_some_and(|deadline| deadline <= now);
        over && !done && !waits_for_people
    });
    late.next().map(|(_, state)| state.auto_revert)
}

async fn act(server: &Server, deployment: &Deployment, verdict: Verdict) -> Result<(), RpcError> {
    let change =
        DeploymentChange { id: deployment.id.clone(), at: server.now_nanos(), ..DeploymentChange::default() };
    match verdict {
        Verdict::Nothing => return Ok(()),
        Verdict::Evaluate => {
            let evaluations = server.deployment_evaluation(deployment).into_iter().collect();
            server.apply(Command::UpdateEvaluations(evaluations)).await?;
        }
        Verdict::Replace(ids) => {
            let allowed = DesiredTransition { reschedule: Some(true), ..DesiredTransition::default() };
            let transitions = ids.into_iter().map(|id| (id, allowed.clone())).collect();
            let evaluations = server.deployment_evaluation(deployment).into_iter().collect();
            let command = JobCommand::Transitions { transitions, evaluations, at: server.now_nanos() };
            server.apply(Command::Job(command)).await?;
        }
        Verdict::Promote(groups) => {
            server.promote(deployment, groups).await?;
        }
        Verdict::Fail { why, revert } => {
            let change = server.failure(deployment, why, revert, change);
            server.apply(Command::Job(JobCommand::Deployment(Box::new(change)))).await?;
        }
    }
    Ok(())
}

impl Server {
    /// The evaluation that lets a deployment's job go on.
    pub(super) fn deployment_evaluation(&self, deployment: &Deployment) -> Option<Evaluation> {
        let job = self.store.read(|tables| tables.job(&deployment.namespace, &deployment.job_id).cloned())?;
        Some(Evaluation {
            deployment_id: deployment.id.clone(),
            // Nobody registered the job for it.
            job_modify_index: 0,
            ..self.evaluation_of(&job, "deployment-watcher", self.now_nanos())
        })
    }

    /// Promotes the canaries of groups. The evaluation's id, and the index.
    pub(super) async fn promote(
        &self,
        deployment: &Deployment,
        groups: Vec<String>,
    ) -> Result<(String, u64), RpcError> {
        let evaluation = self.deployment_evaluation(deployment);
        let id = evaluation.as_ref().map(|evaluation| evaluation.id.clone()).unwrap_or_default();
        let change = DeploymentChange {
            id: deployment.id.clone(),
            status: Some(("running".to_owned(), "Deployment is running".to_owned())),
            promote: groups,
            evaluations: evaluation.into_iter().collect(),
            at: self.now_nanos(),
            ..DeploymentChange::default()
        };
        let index = self.apply(Command::Job(JobCommand::Deployment(Box::new(change)))).await?;
        Ok((id, index))
    }

    /// The change that fails a deployment, and takes the job back to its last version that worked.
    pub(super) fn failure(
        &self,
        deployment: &Deployment,
        why: &str,
        revert: bool,
        change: DeploymentChange,
    ) -> DeploymentChange {
        let (description, job) = match revert {
            false => (why.to_owned(), None),
            true => self.way_back(deployment, why),
        };
        DeploymentChange {
            status: Some(("failed".to_owned(), description)),
            revert: job,
            evaluations: self.deployment_evaluation(deployment).into_iter().collect(),
            ..change
        }
    }

    fn way_back(&self, deployment: &Deployment, why: &str) -> (String, Option<Job>) {
        let key = (deployment.namespace.clone(), deployment.job_id.clone());
        let (stable, current) = self.store.read(|tables| {
            let versions = tables.versions.get(&key).map(Vec::as_slice).unwrap_or_default();
            (versions.iter().find(|job| job.stable).cloned(), tables.jobs.get(&key).cloned())
        });
        let Some(stable) = stable else {
            return (format!("{why} - no stable job version to auto revert to"), None);
        };
        if current.is_some_and(|current| current.same_specification(&stable)) {
            return (
                format!(
                    "{why} - not rolling back to stable job version {} as current job has same specification",
                    stable.version
                ),
                None,
            );
        }
        let job = Job { submit_time: self.now_nanos(), stable: true, ..Job::clone(&stable) };
        (format!("{why} - rolling back to job version {}", stable.version), Some(job))
    }
}
