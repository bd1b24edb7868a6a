//! What follows for a job from its allocations and evaluations.

use crate::structs::{GroupSummary, Job, JobSummary};

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
        match (job.stop, job.is_system() && !job.is_batch()) {
            (true, _) => "dead",
            (false, true) => "running",
            (false, false) if evidence => "dead",
            (false, false) => "pending",
        }
    }

    /// How many allocations of a job are in which state.
    pub(crate) fn summary_of(&self, job: &Job) -> JobSummary {
        let mut summary = JobSummary {
            job_id: job.id.clone(),
            namespace: job.namespace.clone(),
            children: serde_json::json!({"Pending": 0, "Running": 0, "Dead": 0}),
            create_index: job.create_index,
            modify_index: job.modify_index,
            ..JobSummary::default()
        };
        for group in &job.task_groups {
            summary.summary.insert(group.name.clone(), GroupSummary::default());
        }
        for allocation in self.allocations_of_job(&job.namespace, &job.id) {
            summary.modify_index = summary.modify_index.max(allocation.modify_index);
            let group = summary.summary.entry(allocation.task_group.clone()).or_default();
            match allocation.client_status.as_str() {
                "pending" => group.starting += 1,
                "running" => group.running += 1,
                "complete" => group.complete += 1,
                "failed" => group.failed += 1,
                "lost" => group.lost += 1,
                _ => group.unknown += 1,
            }
        }
        let newest =
            self.evaluations_of_job(&job.namespace, &job.id).max_by_key(|evaluation| evaluation.create_index);
        for (group, queued) in newest.into_iter().flat_map(|evaluation| &evaluation.queued_allocations) {
            summary.summary.entry(group.clone()).or_default().queued = *queued;
        }
        summary
    }
}
