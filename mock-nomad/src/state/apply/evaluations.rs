//! What becomes of evaluations.

use crate::state::tables::Tables;
use crate::structs::Evaluation;

impl Tables {
    pub(super) fn upsert_evaluations(&mut self, evaluations: Vec<Evaluation>) {
        for mut evaluation in evaluations {
            let known = self.evaluations.get(&evaluation.id);
            evaluation.create_index = known.map_or(self.index, |known| known.create_index);
            evaluation.modify_index = self.index;
            if known.is_none()
                && evaluation.triggered_by == "job-register"
                && evaluation.job_modify_index == 0
            {
                evaluation.job_modify_index = self.index;
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
        let blocked: Vec<Evaluation> = self
            .evaluations_of_job(&finished.namespace, &finished.job_id)
            .filter(|other| {
                other.status == "blocked" && other.id != finished.id && other.previous_eval != finished.id
            })
            .map(|other| Evaluation::clone(other))
            .collect();
        for mut evaluation in blocked {
            evaluation.status = "canceled".to_owned();
            evaluation.status_description = format!("evaluation {:?} successful", finished.id);
            evaluation.modify_index = self.index;
            evaluation.modify_time = finished.modify_time;
            self.put_evaluation(evaluation);
        }
    }
}
