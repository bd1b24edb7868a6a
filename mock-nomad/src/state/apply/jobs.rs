//! What becomes of jobs.

use std::sync::Arc;

use crate::state::tables::{JobKey, Tables};
use crate::state::watch::Topic;
use crate::structs::{Evaluation, Job};

impl Tables {
    pub(super) fn register_job(&mut self, mut job: Job, evaluation: Option<Evaluation>) {
        let key = (job.namespace.clone(), job.id.clone());
        match self.jobs.get(&key) {
            Some(known) => {
                job.create_index = known.create_index;
                job.version = known.version + 1;
                job.status.clone_from(&known.status);
            }
            None => {
                job.create_index = self.index;
                job.version = 0;
                job.status = "pending".to_owned();
            }
        }
        job.modify_index = self.index;
        job.job_modify_index = self.index;
        Arc::make_mut(&mut self.work).keep_scaling_policies(&mut job, self.index);
        self.put_job(job);
        let evaluation =
            evaluation.map(|evaluation| Evaluation { job_modify_index: self.index, ..evaluation });
        self.upsert_evaluations(evaluation.into_iter().collect());
        self.refresh_job_status(&key);
    }

    pub(super) fn deregister_job(
        &mut self,
        key: &JobKey,
        purge: bool,
        at: i64,
        evaluation: Option<Evaluation>,
    ) {
        if let Some(job) = self.jobs.get(key) {
            if purge {
                self.purge_job(key);
            } else {
                let mut stopped = Job {
                    stop: true,
                    version: job.version + 1,
                    submit_time: at,
                    modify_index: self.index,
                    job_modify_index: self.index,
                    ..Job::clone(job)
                };
                let scaled = stopped.task_groups.iter_mut().filter_map(|group| group.rest.get_mut("Scaling"));
                scaled
                    .filter(|policy| policy.is_object())
                    .for_each(|policy| policy["Enabled"] = false.into());
                Arc::make_mut(&mut self.work).keep_scaling_policies(&mut stopped, self.index);
                self.put_job(stopped);
            }
        }
        self.upsert_evaluations(evaluation.into_iter().collect());
        self.refresh_job_status(key);
    }
}

impl Tables {
    /// Removes a job with its deployments and allocations; what waited to be evaluated is done. Clients end what they no
    /// longer find among theirs.
    fn purge_job(&mut self, key: &JobKey) {
        let (namespace, id) = key;
        let allocations: Vec<String> =
            self.allocations_of_job(namespace, id).map(|allocation| allocation.id.clone()).collect();
        let deployments: Vec<String> =
            self.work.deployments.of_job(namespace, id).map(|deployment| deployment.id.clone()).collect();
        let waiting: Vec<Evaluation> = self
            .evaluations_of_job(namespace, id)
            .filter(|evaluation| evaluation.status == "pending")
            .map(|evaluation| Evaluation {
                status: "complete".to_owned(),
                status_description: format!("job {id} deleted"),
                ..Evaluation::clone(evaluation)
            })
            .collect();
        waiting.into_iter().for_each(|evaluation| self.put_evaluation(evaluation));
        allocations.iter().for_each(|id| self.remove_allocation(id));
        if !deployments.is_empty() {
            self.touch(Topic::Deployments);
            deployments.iter().for_each(|id| Arc::make_mut(&mut self.work).deployments.remove(id));
        }
        self.remove_job(key);
    }
}
