//! What follows for a job from its allocations and evaluations.

use std::sync::Arc;

use crate::structs::{ChildrenSummary, GroupSummary, Job, JobSummary};

use super::Tables;
use super::tables::JobKey;

impl Tables {
    /// Sets a job's status to what its allocations and evaluations say, where that is news.
    pub(super) fn refresh_job_status(&mut self, key: &JobKey) {
        let Some(job) = self.jobs.get(key) else { return };
        let status = self.status_of(job);
        if job.status == status {
            return;
        }
        let job = Job { status: status.to_owned(), modify_index: self.index, ..Job::clone(job) };
        self.put_job(job);
    }

    fn status_of(&self, job: &Job) -> &'static str {
        // One that others are made from runs for as long as it is not stopped, and so does one of every node.
        if job.makes_others() || job.kind == "system" {
            return if job.stop { "dead" } else { "running" };
        }
        let mut evidence = false;
        for allocation in self.allocations_of_job(&job.namespace, &job.id) {
            evidence = true;
            if !allocation.is_terminal() {
                return "running";
            }
        }
        for evaluation in self.evaluations_of_job(&job.namespace, &job.id) {
            evidence = true;
            if !evaluation.is_terminal() {
                return "pending";
            }
        }
        if job.stop || evidence { "dead" } else { "pending" }
    }

    /// The jobs made from a job, in order of id.
    pub(crate) fn children_of<'a>(&'a self, job: &'a Job) -> impl Iterator<Item = &'a Arc<Job>> {
        let start = (job.namespace.clone(), format!("{}/", job.id));
        let from = self.jobs.range(start.clone()..);
        from.take_while(move |(key, _)| key.0 == start.0 && key.1.starts_with(&start.1))
            .map(|(_, child)| child)
            .filter(|child| child.parent_id() == job.id)
    }

    fn children_summary(&self, job: &Job) -> ChildrenSummary {
        let mut summary = ChildrenSummary::default();
        if job.makes_others() {
            for child in self.children_of(job) {
                match child.status.as_str() {
                    "pending" => summary.pending += 1,
                    "running" => summary.running += 1,
                    _ => summary.dead += 1,
                }
            }
        }
        summary
    }

    /// How many allocations of a job are in which state.
    pub(crate) fn summary_of<'a>(&'a self, job: &'a Job) -> JobSummary<'a> {
        let mut summary = JobSummary {
            job_id: &job.id,
            namespace: &job.namespace,
            children: self.children_summary(job),
            create_index: job.create_index,
            modify_index: job.modify_index,
            ..JobSummary::default()
        };
        for group in &job.task_groups {
            summary.summary.insert(&group.name, GroupSummary::default());
        }
        let (allocations, evaluations) = self.of_job(&job.namespace, &job.id);
        for allocation in allocations {
            summary.modify_index = summary.modify_index.max(allocation.modify_index);
            let group = summary.summary.entry(&allocation.task_group).or_default();
            match allocation.client_status.as_str() {
                "pending" => group.starting += 1,
                "running" => group.running += 1,
                "complete" => group.complete += 1,
                "failed" => group.failed += 1,
                "lost" => group.lost += 1,
                _ => group.unknown += 1,
            }
        }
        // What waits for room waits as an evaluation without counts.
        let counted = evaluations.filter(|evaluation| !evaluation.queued_allocations.is_empty());
        if let Some(evaluation) = counted.max_by_key(|evaluation| evaluation.modify_index) {
            for (group, queued) in &evaluation.queued_allocations {
                summary.summary.entry(group).or_default().queued = *queued;
                if *queued > 0 {
                    summary.modify_index = summary.modify_index.max(evaluation.modify_index);
                }
            }
        }
        summary
    }
}
