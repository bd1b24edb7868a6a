//! A run as one JSON document.

use lab_workflow::{Event, FindingState, Outcome};
use serde::Serialize;

/// What a run came to; the fields are stable, new ones may be added.
#[derive(Debug, Serialize)]
pub struct Summary<'run> {
    /// The version of this document's form.
    pub version: u32,
    /// The scenario's name.
    pub scenario: &'run str,
    /// The break or variation that was chosen.
    pub change: Option<&'run str>,
    /// The seed of every decision.
    pub seed: u64,
    /// How many Nomad servers.
    pub servers: usize,
    /// How many Nomad clients.
    pub clients: usize,
    /// The exit status that the run stands for.
    pub exit_code: u8,
    /// How long it took on the cluster's clock, in milliseconds.
    pub cluster_time_ms: u64,
    /// The steps that were carried out.
    pub steps: Vec<Step<'run>>,
    /// How each invariant stands.
    pub invariants: Vec<Invariant<'run>>,
    /// The assertions that did not hold.
    pub failed_assertions: Vec<Assertion<'run>>,
    /// The action that failed and ended the run.
    pub failure: Option<Failure<'run>>,
    /// The invariants that the chosen break must violate.
    pub expected: &'run [String],
}

/// A step that was carried out.
#[derive(Debug, Serialize)]
pub struct Step<'run> {
    /// Its name.
    pub name: &'run str,
    /// What it does.
    pub summary: &'run str,
    /// How long its actions took on the cluster's clock, in milliseconds; absent when it did not end.
    pub took_ms: Option<u64>,
}

/// How an invariant stands.
#[derive(Debug, Serialize)]
pub struct Invariant<'run> {
    /// Its name.
    pub name: &'run str,
    /// What it says.
    pub description: &'run str,
    /// `held`, `violated` or `not_exercised`.
    pub state: FindingState,
    /// How often it could have failed.
    pub checks: u64,
    /// The step in which it failed.
    pub step: Option<&'run str>,
    /// The number of the timeline's entry that shows it.
    pub entry: Option<u64>,
    /// The evidence in words.
    pub evidence: Option<&'run str>,
}

/// An assertion that did not hold.
#[derive(Debug, Serialize)]
pub struct Assertion<'run> {
    /// The step.
    pub step: &'run str,
    /// The condition.
    pub condition: &'run str,
    /// What the scenario says of it, with what was found.
    pub message: &'run str,
}

/// An action that failed.
#[derive(Debug, Serialize)]
pub struct Failure<'run> {
    /// The step.
    pub step: &'run str,
    /// The action.
    pub action: &'run str,
    /// Why.
    pub error: &'run str,
}

/// The document of a finished run.
pub fn summary(outcome: &Outcome) -> Summary<'_> {
    let verdict = &outcome.verdict;
    let mut summary = Summary {
        version: 1,
        scenario: "",
        change: None,
        seed: 0,
        servers: 0,
        clients: 0,
        exit_code: verdict.exit_code(),
        cluster_time_ms: 0,
        steps: Vec::new(),
        invariants: verdict.findings.iter().map(invariant).collect(),
        failed_assertions: verdict
            .failed_assertions
            .iter()
            .map(|failed| Assertion {
                step: &failed.step,
                condition: &failed.condition,
                message: &failed.message,
            })
            .collect(),
        failure: verdict.failure.as_ref().map(|failure| Failure {
            step: &failure.step,
            action: &failure.action,
            error: &failure.error,
        }),
        expected: &verdict.expected,
    };
    for entry in outcome.timeline.entries() {
        match &entry.event {
            Event::RunStarted { scenario, change, seed, servers, clients, .. } => {
                summary.scenario = scenario;
                summary.change = change.as_deref();
                (summary.seed, summary.servers, summary.clients) = (*seed, *servers, *clients);
            }
            Event::StepStarted { summary: text, .. } => {
                summary.steps.push(Step { name: &entry.step, summary: text, took_ms: None });
            }
            Event::StepFinished { took_ms } => {
                if let Some(step) = summary.steps.last_mut() {
                    step.took_ms = Some(*took_ms);
                }
            }
            Event::RunFinished { took_ms, .. } => summary.cluster_time_ms = *took_ms,
            _ => {}
        }
    }
    summary
}

fn invariant(finding: &lab_workflow::Finding) -> Invariant<'_> {
    let violation = finding.violation.as_ref();
    Invariant {
        name: &finding.invariant,
        description: &finding.description,
        state: finding.state,
        checks: finding.checks,
        step: violation.map(|violation| violation.step.as_str()),
        entry: violation.map(|violation| violation.by),
        evidence: violation.map(|violation| violation.evidence.as_str()),
    }
}
