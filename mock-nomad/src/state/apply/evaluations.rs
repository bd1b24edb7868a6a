//! What becomes of evaluations.

use crate::state::tables::Tables;
use crate::structs::Evaluation;

impl Tables {
    pub(super) fn upsert_evaluations(&mut self, evaluations: Vec<Evaluation>) {
        for mut evaluation in evaluations {
            let known = self.evaluations.get(&evaluation.id);
            let is_new = known.is_none();
            evaluation.create_index = known.map_or(self.index, |known| known.create_index);
            evaluation.modify_index = self.index;
            if is_new && evaluation.status == "blocked" {
                self.cancel_doubles(&evaluation);
            }
            let key = (evaluation.namespace.clone(), evaluation.job_id.clone());
            if evaluation.status == "complete" {
                self.cancel_older_blocked(&evaluation);
            }
            self.put_evaluation(evaluation);
            self.refresh_job_status(&key);
        }
    }

    /// A finished evaluation makes older blocked ones of the same job pointless.
    fn cancel_older_blocked(&mut self, finished: &Evaluation) {
        let is_pointless = |other: &Evaluation| other.id != finished.id && other.previous_eval != finished.id;
        self.cancel_blocked(finished, &format!("evaluation {:?} successful", finished.id), is_pointless);
    }

    /// One blocked evaluation of a job is enough; of a system job, one on each node.
    fn cancel_doubles(&mut self, newest: &Evaluation) {
        let why = format!("existing blocked evaluation exists for job {:?}", newest.job_id);
        self.cancel_blocked(newest, &why, |other| other.node_id == newest.node_id);
    }

    /// Cancels blocked evaluations of the job of another.
    fn cancel_blocked(&mut self, by: &Evaluation, why: &str, is_one: impl Fn(&Evaluation) -> bool) {
        let blocked: Vec<Evaluation> = self
            .evaluations_of_job(&by.namespace, &by.job_id)
            .filter(|other| other.status == "blocked" && is_one(other))
            .map(|other| Evaluation::clone(other))
            .collect();
        for mut evaluation in blocked {
            evaluation.status = "canceled".to_owned();
            why.clone_into(&mut evaluation.status_description);
            evaluation.modify_index = self.index;
            evaluation.modify_time = by.modify_time;
            self.put_evaluation(evaluation);
        }
    }
}
