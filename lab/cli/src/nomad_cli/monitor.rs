//! Following an evaluation, and the deployment that it belongs to, to their ends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::allocation::placement;
use super::command::{Fault, Outcome};
use super::deployment;
use super::json::{Look, items};
use super::session::Session;
use super::wording::{limit, time_text};

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows an evaluation by its whole identifier. The exit code is 2 where something could not be placed.
pub(super) fn evaluation(session: &Session<'_>, id: &str) -> Outcome {
    let api = session.api()?;
    let length = session.id_length();
    let mut monitor = Monitor {
        session,
        length,
        known: Known { status: "pending".to_owned(), ..Known::default() },
        failed: false,
    };
    let mut id = id.to_owned();
    let deployment = 'chain: loop {
        monitor.title(&format!("Monitoring evaluation {:?}", limit(&id, length)));
        loop {
            let evaluation = api
                .get(&format!("/v1/evaluation/{id}"), &[])
                .map_err(|problem| monitor.fault(format!("Error reading evaluation: {problem}")))?;
            let allocations = api
                .get(&format!("/v1/evaluation/{id}/allocations"), &[])
                .map_err(|problem| monitor.fault(format!("Error reading allocations: {problem}")))?;
            monitor.update(&evaluation, items(&allocations));
            if !matches!(evaluation.text("Status"), "complete" | "failed" | "canceled") {
                api.client().sleep(PAUSE);
                continue;
            }
            let next = monitor.finished(&evaluation);
            match next {
                Some(next) => {
                    monitor.known = Known { status: "pending".to_owned(), ..Known::default() };
                    id = next;
                    continue 'chain;
                }
                None => break 'chain evaluation.text("DeploymentID").to_owned(),
            }
        }
    };
    if !deployment.is_empty() {
        monitor.title(&format!("Monitoring deployment {:?}", limit(&deployment, length)));
        let last = deployment::follow(session, &deployment)?;
        if last.text("Status") != "successful" {
            return Ok(1);
        }
    }
    Ok(if monitor.failed { 2 } else { 0 })
}

/// What was seen last.
#[derive(Default)]
struct Known {
    status: String,
    node: String,
    job: String,
    deployment: String,
    wait: i64,
    allocations: BTreeMap<String, Json>,
}

struct Monitor<'a> {
    session: &'a Session<'a>,
    length: usize,
    known: Known,
    failed: bool,
}

impl Monitor<'_> {
    fn stamp(&self) -> String {
        match self.session.api() {
            Ok(api) => time_text(api.client().machine().clock.now()),
            Err(_) => String::new(),
        }
    }

    fn title(&self, text: &str) {
        self.session.say(format!("==> {}: {text}", self.stamp()));
    }

    fn line(&self, text: &str) {
        self.session.say(format!("    {}: {text}", self.stamp()));
    }

    fn fault(&self, text: String) -> Fault {
        Fault::Told(format!("    {}: {text}", self.stamp()))
    }

    fn update(&mut self, evaluation: &Json, allocations: &[Json]) {
        let text = |field: &str| evaluation.text(field).to_owned();
        let (node, job, deployment) = (text("NodeID"), text("JobID"), text("DeploymentID"));
        if self.known.node.is_empty() && !node.is_empty() {
            self.line(&format!("Evaluation triggered by node {:?}", limit(&node, self.length)));
        }
        if self.known.job.is_empty() && !job.is_empty() {
            self.line(&format!("Evaluation triggered by job {job:?}"));
        }
        if self.known.deployment.is_empty() && !deployment.is_empty() {
            self.line(&format!("Evaluation within deployment: {:?}", limit(&deployment, self.length)));
        }
        self.allocations(evaluation, allocations);
        let status = text("Status");
        if self.known.status != status {
            self.line(&format!("Evaluation status changed: {:?} -> {status:?}", self.known.status));
        }
        let wait = evaluation.number("Wait");
        if self.known.wait == 0 && wait > 0 {
            let wait = lab_world::format_duration(Duration::from_nanos(wait.unsigned_abs()));
            self.line(&format!("Waiting {wait} before running eval"));
        }
        let allocations = allocations.iter().map(|one| (one.text("ID").to_owned(), one.clone())).collect();
        self.known = Known { status, node, job, deployment, wait, allocations };
    }

    fn allocations(&self, evaluation: &Json, allocations: &[Json]) {
        for one in allocations {
            let id = limit(one.text("ID"), self.length);
            let node = limit(one.text("NodeID"), self.length);
            let group = one.text("TaskGroup");
            match self.known.allocations.get(one.text("ID")) {
                None if one.number("CreateIndex") < evaluation.number("CreateIndex") => {
                    self.line(&format!("Allocation {id:?} modified: node {node:?}, group {group:?}"));
                }
                None if one.text("DesiredStatus") == "run" => {
                    self.line(&format!("Allocation {id:?} created: node {node:?}, group {group:?}"));
                }
                None => {}
                Some(before) if before.text("ClientStatus") != one.text("ClientStatus") => {
                    let description = match one.text("ClientDescription") {
                        "" => String::new(),
                        text => format!(" ({text})"),
                    };
                    let (was, is) = (before.text("ClientStatus"), one.text("ClientStatus"));
                    self.line(&format!("Allocation {id:?} status changed: {was:?} -> {is:?}{description}"));
                }
                Some(_) => {}
            }
        }
    }

    /// Tells how an evaluation ended; the one that follows it, if one does at once.
    fn finished(&mut self, evaluation: &Json) -> Option<String> {
        let id = limit(evaluation.text("ID"), self.length);
        let failed = evaluation.entries("FailedTGAllocs");
        let status = evaluation.text("Status");
        if failed.is_empty() {
            self.title(&format!("Evaluation {id:?} finished with status {status:?}"));
        } else {
            self.failed = true;
            self.title(&format!(
                "Evaluation {id:?} finished with status {status:?} but failed to place all allocations:"
            ));
            for (group, metrics) in failed {
                let unplaced = metrics.number("CoalescedFailures") + 1;
                let noun = if unplaced > 1 { "allocations" } else { "allocation" };
                self.line(&format!("Task Group {group:?} (failed to place {unplaced} {noun}):"));
                self.session.say(placement::reasons(metrics, false, "      "));
            }
            let blocked = evaluation.text("BlockedEval");
            if !blocked.is_empty() {
                let blocked = limit(blocked, self.length);
                self.line(&format!(
                    "Evaluation {blocked:?} waiting for additional capacity to place remainder"
                ));
            }
        }
        let next = evaluation.text("NextEval");
        if next.is_empty() {
            return None;
        }
        if evaluation.number("Wait") > 0 {
            let wait =
                lab_world::format_duration(Duration::from_nanos(evaluation.number("Wait").unsigned_abs()));
            self.line(&format!("Monitoring next evaluation {:?} in {wait}", limit(next, self.length)));
            return None;
        }
        Some(next.to_owned())
    }
}
