//! Service and batch jobs: what is there against what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::feasibility::is_feasible;
use super::placement::{Cluster, is_asked};
use super::rollout::Rollout;
use super::{Step, Want};
use crate::structs::{Allocation, AllocationHealth, Job, TaskGroup};

/// A group's allocations, sorted by what becomes of them.
#[derive(Default)]
pub(super) struct Sorted {
    /// They stay, unless there are too many or the job changed.
    pub(super) keep: Vec<Arc<Allocation>>,
    /// They are to be replaced, whatever else holds.
    pub(super) replace: Vec<Want>,
    /// Batch work that is done and counts.
    pub(super) done: BTreeSet<String>,
    /// Names whose replacement comes later.
    pub(super) later: BTreeSet<String>,
}

/// A group's allocations against the newest version of the job.
#[derive(Default)]
struct Renewal {
    /// They are of the newest version.
    kept: Vec<Arc<Allocation>>,
    /// They become the newest version without a restart.
    in_place: Vec<Arc<Allocation>>,
    /// They have to be replaced.
    destructive: Vec<Arc<Allocation>>,
}

impl Step<'_> {
    /// Brings a service or batch job to its counts.
    pub(super) fn service(&mut self, job: &Arc<Job>, cluster: &mut Cluster<'_>) {
        let tables = self.tables;
        let mut rollout = if job.kind == "service" {
            let newest = tables.work.deployments.newest_of_job(&job.namespace, &job.id);
            Rollout::of(job, newest, &mut self.plan)
        } else {
            Rollout::default()
        };
        let mut by_group: BTreeMap<&str, Vec<&Arc<Allocation>>> = BTreeMap::new();
        for allocation in tables.allocations_of_job(&job.namespace, &job.id) {
            by_group.entry(&allocation.task_group).or_default().push(allocation);
        }
        for (group, allocations) in &by_group {
            if job.group(group).is_none() {
                let open = allocations.iter().filter(|allocation| !allocation.is_terminal());
                open.for_each(|allocation| self.stop(allocation, "alloc not needed due to job update"));
            }
        }
        for group in &job.task_groups {
            let allocations = by_group.remove(group.name.as_str()).unwrap_or_default();
            self.changes(&group.name);
            self.group(job, group, &allocations, &mut rollout, cluster);
        }
        self.deployment_id = rollout.finish(&mut self.plan);
    }

    fn group(
        &mut self,
        job: &Arc<Job>,
        group: &TaskGroup,
        allocations: &[&Arc<Allocation>],
        rollout: &mut Rollout,
        cluster: &mut Cluster<'_>,
    ) {
        let had_this_version = allocations.iter().any(|found| is_of_version(found, job));
        let mut sorted = self.sort(job, group, allocations);
        let count = usize::try_from(group.count).unwrap_or(0);
        let state = rollout.state(&group.name);
        let promoted = state.is_some_and(|state| state.promoted);
        let canarying = state.is_some_and(|state| state.desired_canaries > 0 && !state.promoted);
        let canaries = self.split_canaries(rollout, promoted, &mut sorted);
        self.drop_doubles(group, &mut sorted.keep);
        self.drop_surplus(&mut sorted.keep, count.saturating_sub(sorted.done.len()));
        let renewal = self.compare(job, group, &sorted.keep);
        let wanted_canaries = usize::try_from(group.number("Update", "Canary").unwrap_or(0)).unwrap_or(0);
        let has_strategy = job.kind == "service" && group.number("Update", "MaxParallel").unwrap_or(0) > 0;
        let begins_canaries = has_strategy
            && wanted_canaries > canaries.len()
            && !renewal.destructive.is_empty()
            && !promoted
            && !rollout.is_held();
        let canarying = canarying || begins_canaries;

        let (wants, missing) = self.missing(job, group, &mut sorted, &canaries, count);
        let held = rollout.is_held() || canarying;
        let mut wants: Vec<Want> = if held && !had_nothing(&sorted) {
            wants.into_iter().filter(|want| want.previous.is_some()).collect()
        } else {
            wants
        };
        let limit = if has_strategy && !(renewal.destructive.is_empty()) {
            rollout
                .limit(group, canarying, &both(&renewal.kept, &canaries))
                .saturating_sub(missing.min(wants.len()))
        } else if canarying {
            0
        } else {
            count
        };
        let updates = !renewal.destructive.is_empty() || !renewal.in_place.is_empty();
        if has_strategy
            && group.count > 0
            && !rollout.has_failed()
            && rollout.state(&group.name).is_none()
            && (!had_this_version || updates)
        {
            let canaries = if begins_canaries { group.number("Update", "Canary").unwrap_or(0) } else { 0 };
            let ids = self.ids;
            rollout.begin(job, group, canaries, || ids.uuid());
        }
        let deployment = rollout.id().to_owned();
        let changes = self.renew(&renewal, limit, &deployment, &mut wants);
        rollout.note(group, changes || !wants.is_empty() || begins_canaries || !sorted.later.is_empty());
        if begins_canaries {
            self.canaries(job, group, wanted_canaries - canaries.len(), &sorted.keep, &canaries, &mut wants);
        }
        for stop in &self.plan.stop {
            cluster.release(&stop.id);
        }
        // What is replaced comes first, since it gives its place back.
        wants.sort_by_key(|want| !want.updates);
        for mut want in wants {
            want.deployment.clone_from(&deployment);
            self.place(job, group, want, cluster);
        }
    }

    /// Takes canaries that wait for promotion out of those that are kept; those of another deployment stop.
    fn split_canaries(
        &mut self,
        rollout: &Rollout,
        promoted: bool,
        sorted: &mut Sorted,
    ) -> Vec<Arc<Allocation>> {
        if promoted {
            return Vec::new();
        }
        let (canaries, keep) =
            std::mem::take(&mut sorted.keep).into_iter().partition::<Vec<_>, _>(|found| found.is_canary());
        sorted.keep = keep;
        let (own, other) =
            canaries.into_iter().partition::<Vec<_>, _>(|found| rollout.has(found) && !rollout.has_failed());
        other.iter().for_each(|allocation| self.stop(allocation, "alloc not needed due to job update"));
        own
    }

    /// What is wanted to reach the count, and how much of it is new.
    fn missing(
        &mut self,
        job: &Job,
        group: &TaskGroup,
        sorted: &mut Sorted,
        canaries: &[Arc<Allocation>],
        count: usize,
    ) -> (Vec<Want>, usize) {
        let mut names: BTreeSet<String> =
            sorted.keep.iter().map(|allocation| allocation.name.clone()).collect();
        names.extend(sorted.done.iter().cloned());
        names.extend(sorted.later.iter().cloned());
        // Where nothing of the old version is left, canaries fill its places.
        if sorted.keep.is_empty() {
            names.extend(canaries.iter().map(|allocation| allocation.name.clone()));
        }
        let mut wants = Vec::new();
        for want in std::mem::take(&mut sorted.replace) {
            if names.len() < count && names.insert(want.name.clone()) {
                wants.push(want);
            }
        }
        let before = wants.len();
        for index in 0..count {
            if names.len() >= count {
                break;
            }
            let name = format!("{}.{}[{index}]", job.id, group.name);
            if names.insert(name.clone()) {
                wants.push(Want { name, ..Want::default() });
            }
        }
        let missing = wants.len() - before;
        (wants, missing)
    }

    /// New canaries, with the names of those that they will replace.
    fn canaries(
        &mut self,
        job: &Job,
        group: &TaskGroup,
        number: usize,
        keep: &[Arc<Allocation>],
        canaries: &[Arc<Allocation>],
        wants: &mut Vec<Want>,
    ) {
        let taken: BTreeSet<&str> = canaries.iter().map(|canary| canary.name.as_str()).collect();
        let own = keep.iter().map(|found| found.name.clone());
        let more = (0..).map(|index| format!("{}.{}[{index}]", job.id, group.name));
        let mut names = BTreeSet::new();
        for name in own.chain(more) {
            if names.len() == number {
                break;
            }
            if !taken.contains(name.as_str()) {
                names.insert(name);
            }
        }
        self.changes(&group.name).canary += number as u64;
        wants.extend(names.into_iter().map(|name| Want { name, canary: true, ..Want::default() }));
    }

    /// After a reconnection there may be two of a name: one goes.
    fn drop_doubles(&mut self, group: &TaskGroup, keep: &mut Vec<Arc<Allocation>>) {
        keep.sort_by_key(|allocation| allocation.create_index);
        if group.text("Disconnect", "Reconcile") == Some("keep_replacement") {
            keep.reverse();
        }
        // Of two, the one that is of the newest version and promoted wins.
        keep.sort_by_key(|allocation| std::cmp::Reverse(version_of(allocation)));
        let mut names = BTreeSet::new();
        let mut doubles = Vec::new();
        keep.retain(|allocation| {
            let first = allocation.client_status == "unknown" || names.insert(allocation.name.clone());
            if !first {
                doubles.push(Arc::clone(allocation));
            }
            first
        });
        doubles.iter().for_each(|allocation| self.stop(allocation, "alloc not needed due to job update"));
    }

    fn drop_surplus(&mut self, keep: &mut Vec<Arc<Allocation>>, count: usize) {
        keep.sort_by_key(|allocation| allocation.index());
        while keep.len() > count {
            let Some(last) = keep.pop() else { return };
            self.stop(&last, "alloc not needed due to job update");
        }
    }

    /// Whether the node of an allocation is one for the new version of its job.
    fn may_stay(&self, job: &Job, group: &TaskGroup, allocation: &Allocation) -> bool {
        let Some(node) = self.tables.nodes.get(&allocation.node_id) else { return true };
        is_asked(job, node) && is_feasible(job, group, node)
    }

    fn compare(&self, job: &Arc<Job>, group: &TaskGroup, keep: &[Arc<Allocation>]) -> Renewal {
        let mut renewal = Renewal::default();
        for allocation in keep {
            let theirs = allocation.job.as_deref();
            let list = if is_of_version(allocation, job) {
                &mut renewal.kept
            } else if theirs.is_some_and(|theirs| theirs.updates_in_place(job, &group.name))
                && self.may_stay(job, group, allocation)
            {
                &mut renewal.in_place
            } else {
                &mut renewal.destructive
            };
            list.push(Arc::clone(allocation));
        }
        renewal
    }

    /// Updates what can be updated without a restart, and as many of the others as `limit` allows. Whether there are any.
    fn renew(&mut self, renewal: &Renewal, limit: usize, deployment: &str, wants: &mut Vec<Want>) -> bool {
        let Some(group) = renewal.kept.iter().chain(&renewal.in_place).chain(&renewal.destructive).next()
        else {
            return false;
        };
        let group = group.task_group.clone();
        self.changes(&group).ignore += renewal.kept.len() as u64;
        self.changes(&group).in_place += renewal.in_place.len() as u64;
        self.plan.update.extend(renewal.in_place.iter().map(|allocation| allocation.id.clone()));
        if !renewal.in_place.is_empty() {
            self.plan.update_deployment = deployment.to_owned();
        }
        let (now, later) = renewal.destructive.split_at(limit.min(renewal.destructive.len()));
        self.changes(&group).ignore += later.len() as u64;
        self.changes(&group).destructive += now.len() as u64;
        for allocation in now {
            wants.push(Want { updates: true, ..replacement(allocation) });
        }
        !renewal.in_place.is_empty() || !renewal.destructive.is_empty()
    }
}

fn had_nothing(sorted: &Sorted) -> bool {
    sorted.keep.is_empty()
}

fn both(one: &[Arc<Allocation>], other: &[Arc<Allocation>]) -> Vec<Arc<Allocation>> {
    one.iter().chain(other).cloned().collect()
}

fn version_of(allocation: &Allocation) -> u64 {
    allocation.job.as_deref().map_or(0, |job| job.version)
}

/// Whether an allocation is one of the job's newest version.
pub(super) fn is_of_version(allocation: &Allocation, job: &Job) -> bool {
    allocation
        .job
        .as_deref()
        .is_some_and(|theirs| theirs.version == job.version && theirs.create_index == job.create_index)
}

/// What takes an allocation's place.
pub(super) fn replacement(allocation: &Arc<Allocation>) -> Want {
    Want {
        name: allocation.name.clone(),
        previous: Some(Arc::clone(allocation)),
        tracker: allocation.reschedule_tracker.clone(),
        ..Want::default()
    }
}

/// The health of an allocation that is just placed: only canaries have any.
pub(super) fn first_health(canary: bool) -> Option<AllocationHealth> {
    canary.then(|| AllocationHealth { canary: true, ..AllocationHealth::default() })
}
