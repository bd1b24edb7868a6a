//! A plan carried out in the simulator.

use lab_hcl::{Source, render};
use lab_workflow::{RunOptions, Scenario};

use super::{Plan, scenario};
use crate::exit::Failure;

/// What came of it.
pub(super) struct Simulated {
    pub(super) holds: bool,
    pub(super) servers: usize,
    pub(super) clients: usize,
    /// Whose templates were used.
    pub(super) templates: &'static str,
    /// What did not hold, with its evidence.
    pub(super) failures: Vec<String>,
}

pub(super) fn simulate(plan: &Plan) -> Result<Simulated, Failure> {
    let source = Source::new("plan.lab.hcl", scenario::text(plan));
    let read = Scenario::read(&source).map_err(|problem| {
        Failure::Scenario(format!("the plan is no scenario:\n{}", render(&source, &problem, false)))
    })?;
    let outcome = lab_fleet::simulate(&read, &RunOptions::default(), &mut |_| {})
        .map_err(|error| Failure::Choice(error.to_string()))?;
    let verdict = &outcome.verdict;
    let mut failures: Vec<String> = verdict
        .violated()
        .map(|finding| {
            let (step, evidence) = finding
                .violation
                .as_ref()
                .map_or(("", ""), |violation| (&violation.step, &violation.evidence));
            format!("{} ({}): in step {step}: {evidence}", finding.invariant, finding.description)
        })
        .collect();
    failures.extend(
        verdict.failed_assertions.iter().map(|failed| format!("in step {}: {}", failed.step, failed.message)),
    );
    failures.extend(verdict.failure.iter().map(|failure| {
        format!("step {} could not be carried out: {}: {}", failure.step, failure.action, failure.error)
    }));
    let (servers, clients) = scenario::size(plan);
    let templates = plan.shape.issuing.describe();
    Ok(Simulated { holds: verdict.holds(), servers, clients, templates, failures })
}
