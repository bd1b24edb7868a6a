//! What surrounds jobs: deployments, what users submitted, how groups were scaled, and when periodic jobs ran last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::deployments::Deployments;
use super::tables::JobKey;
use crate::structs::{Job, Opaque, ScalingEvent};

/// How many versions of a job what was submitted for them is kept.
const KEPT_SUBMISSIONS: usize = 6;
/// How many scaling events of a group are kept.
const KEPT_EVENTS: usize = 20;

/// What surrounds jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Work {
    /// Deployments.
    pub(crate) deployments: Deployments,
    /// What was submitted for the versions of a job, as it came.
    submissions: BTreeMap<JobKey, BTreeMap<u64, Opaque>>,
    /// By which policies the groups of a job are scaled.
    scaling_policies: BTreeMap<JobKey, BTreeMap<String, Opaque>>,
    /// How the groups of a job were scaled, newest first.
    scaling_events: BTreeMap<JobKey, BTreeMap<String, Vec<ScalingEvent>>>,
    /// When a periodic job ran last, in nanoseconds since 1970.
    launches: BTreeMap<JobKey, i64>,
}

impl Work {
    /// What was submitted for a version of a job.
    pub(crate) fn submission(&self, key: &JobKey, version: u64) -> Option<&Opaque> {
        self.submissions.get(key)?.get(&version)
    }

    /// Every policy by which a group is scaled, with its job.
    pub(crate) fn scaling_policies(&self) -> impl Iterator<Item = (&JobKey, &Opaque)> {
        self.scaling_policies
            .iter()
            .flat_map(|(key, groups)| groups.values().map(move |policy| (key, policy)))
    }

    /// How a group of a job was scaled, newest first.
    pub(crate) fn scaling_events(&self, key: &JobKey, group: &str) -> &[ScalingEvent] {
        let of_job = self.scaling_events.get(key);
        of_job.and_then(|groups| groups.get(group)).map(Vec::as_slice).unwrap_or_default()
    }

    /// When a periodic job ran last.
    pub(crate) fn launch(&self, key: &JobKey) -> Option<i64> {
        self.launches.get(key).copied()
    }

    pub(super) fn keep_submission(&mut self, key: JobKey, version: u64, submission: Opaque) {
        let kept = self.submissions.entry(key).or_default();
        kept.insert(version, submission);
        while kept.len() > KEPT_SUBMISSIONS {
            kept.pop_first();
        }
    }

    /// Takes over the policies of a job as it is registered at `index`. Only one that is new or other than before gets its
    /// indexes; what the rest say of theirs stays as it came.
    pub(super) fn keep_scaling_policies(&mut self, job: &mut Job, index: u64) {
        let key = (job.namespace.clone(), job.id.clone());
        let mut before = self.scaling_policies.remove(&key).unwrap_or_default();
        let mut kept = BTreeMap::new();
        for group in &mut job.task_groups {
            let Some(policy) = group.rest.get_mut("Scaling").filter(|policy| policy.is_object()) else {
                continue;
            };
            let before = before.remove(&group.name);
            let policy = match before {
                Some(before) if same_policy(&before, policy) => before,
                before => {
                    policy["CreateIndex"] =
                        before.map_or_else(|| index.into(), |mut old| old["CreateIndex"].take());
                    policy["ModifyIndex"] = index.into();
                    policy.clone()
                }
            };
            kept.insert(group.name.clone(), policy);
        }
        if !kept.is_empty() {
            self.scaling_policies.insert(key, kept);
        }
    }

    pub(super) fn add_scaling_event(&mut self, key: JobKey, group: String, event: ScalingEvent) {
        let events = self.scaling_events.entry(key).or_default().entry(group).or_default();
        events.insert(0, event);
        events.truncate(KEPT_EVENTS);
    }

    pub(super) fn note_launch(&mut self, key: JobKey, at: i64) {
        self.launches.insert(key, at);
    }

    /// Forgets what goes with a job.
    pub(super) fn forget_job(&mut self, key: &JobKey) {
        self.submissions.remove(key);
        self.scaling_policies.remove(key);
        self.scaling_events.remove(key);
        self.launches.remove(key);
    }
}

fn same_policy(one: &Opaque, other: &Opaque) -> bool {
    ["Enabled", "Max", "Min", "Policy", "Type", "Target"].iter().all(|field| one[field] == other[field])
}
