//! Deployments by id, and at hand which of them a job has and which are under way: clusters keep many that have ended.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::tables::JobKey;
use crate::structs::Deployment;

/// All deployments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Deployment>", into = "Vec<Deployment>")]
pub(crate) struct Deployments {
    by_id: BTreeMap<String, Deployment>,
    by_job: BTreeMap<JobKey, BTreeSet<String>>,
    running: BTreeSet<String>,
    /// With the index of their last change before the id.
    by_change: BTreeSet<(u64, String)>,
}

impl Deployments {
    /// The deployment of that id.
    pub(crate) fn get(&self, id: &str) -> Option<&Deployment> {
        self.by_id.get(id)
    }

    /// All, in order of id.
    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &Deployment> {
        self.by_id.values()
    }

    /// Those that are under way, in order of id.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Deployment> {
        self.running.iter().filter_map(|id| self.by_id.get(id))
    }

    /// Those that changed after `index`, in order of their last changes.
    pub(crate) fn changed_since(&self, index: u64) -> impl Iterator<Item = &Deployment> {
        let changed = self.by_change.range((index.saturating_add(1), String::new())..);
        changed.filter_map(|(_, id)| self.by_id.get(id))
    }

    /// Those of a job, in order of id.
    pub(crate) fn of_job(&self, namespace: &str, id: &str) -> impl Iterator<Item = &Deployment> {
        let ids = self.by_job.get(&(namespace.to_owned(), id.to_owned()));
        ids.into_iter().flatten().filter_map(|id| self.by_id.get(id))
    }

    /// The newest of a job.
    pub(crate) fn newest_of_job(&self, namespace: &str, id: &str) -> Option<&Deployment> {
        self.of_job(namespace, id).max_by_key(|found| found.create_index)
    }

    /// Puts one in the place of what has its id.
    pub(super) fn insert(&mut self, deployment: Deployment) {
        let id = deployment.id.clone();
        self.by_job.entry(key(&deployment)).or_default().insert(id.clone());
        if deployment.status == "running" {
            self.running.insert(id.clone());
        } else {
            self.running.remove(&id);
        }
        if let Some(before) = self.by_id.get(&id) {
            self.by_change.remove(&(before.modify_index, id.clone()));
        }
        self.by_change.insert((deployment.modify_index, id.clone()));
        self.by_id.insert(id, deployment);
    }

    pub(super) fn remove(&mut self, id: &str) {
        let Some(gone) = self.by_id.remove(id) else { return };
        self.running.remove(id);
        self.by_change.remove(&(gone.modify_index, id.to_owned()));
        let key = key(&gone);
        if let Some(ids) = self.by_job.get_mut(&key) {
            ids.remove(id);
            if ids.is_empty() {
                self.by_job.remove(&key);
            }
        }
    }
}

fn key(deployment: &Deployment) -> JobKey {
    (deployment.namespace.clone(), deployment.job_id.clone())
}

impl From<Vec<Deployment>> for Deployments {
    fn from(all: Vec<Deployment>) -> Self {
        let mut deployments = Self::default();
        all.into_iter().for_each(|deployment| deployments.insert(deployment));
        deployments
    }
}

impl From<Deployments> for Vec<Deployment> {
    fn from(deployments: Deployments) -> Self {
        deployments.by_id.into_values().collect()
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn deployment(id: &str, job: &str, status: &str, create_index: u64) -> Deployment {
        Deployment {
            id: id.into(),
            namespace: "default".into(),
            job_id: job.into(),
            status: status.into(),
            create_index,
            modify_index: create_index,
            ..Deployment::default()
        }
    }

    #[test]
    fn what_has_ended_is_not_looked_at() {
        let mut all: Deployments = (0..100)
            .map(|number| deployment(&format!("{number}"), "app", "successful", number))
            .collect::<Vec<_>>()
            .into();
        all.insert(deployment("a", "app", "running", 200));
        all.insert(deployment("b", "web", "running", 201));
        let ids =
            |found: Vec<&Deployment>| found.into_iter().map(|found| found.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(all.running().collect()), ["a", "b"]);
        assert_eq!(ids(all.of_job("default", "web").collect()), ["b"]);
        assert_eq!(all.newest_of_job("default", "app").map(|found| found.id.as_str()), Some("a"));
        assert_eq!(ids(all.changed_since(199).collect()), ["a", "b"]);
        all.insert(Deployment { modify_index: 202, ..deployment("a", "app", "failed", 200) });
        assert_eq!(ids(all.changed_since(199).collect()), ["b", "a"]);
        all.remove("b");
        assert_eq!(ids(all.running().collect()), [""; 0]);
        assert_eq!((all.of_job("default", "app").count(), all.of_job("default", "web").count()), (101, 0));
        let bytes = rmp_serde::to_vec_named(&all).expect("plain values");
        assert_eq!(rmp_serde::from_slice::<Deployments>(&bytes).expect("whole"), all);
    }
}
