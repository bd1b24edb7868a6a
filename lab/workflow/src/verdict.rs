//! What a run comes to.

use crate::timeline::{FindingState, Timeline};

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Everything that happened.
    pub timeline: Timeline,
    /// What it comes to.
    pub verdict: Verdict,
}

/// What a run comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How each invariant stands, in the scenario's order.
    pub findings: Vec<Finding>,
    /// The assertions that did not hold, with what the scenario says of them.
    pub failed_assertions: Vec<FailedAssertion>,
    /// The action that failed and ended the run.
    pub failure: Option<Failure>,
    /// The invariants that the chosen break must violate.
    pub expected: Vec<String>,
}

/// How one invariant stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name.
    pub invariant: String,
    /// What it says, in a few words.
    pub description: String,
    /// How it stands.
    pub state: FindingState,
    /// How often it could have failed.
    pub checks: u64,
    /// How it failed, where it did.
    pub violation: Option<Violation>,
}

/// How an invariant failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The step.
    pub step: String,
    /// The number of the timeline's entry that shows it.
    pub by: u64,
    /// The evidence in words.
    pub evidence: String,
}

/// An assertion that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAssertion {
    /// The step.
    pub step: String,
    /// The condition.
    pub condition: String,
    /// What the scenario says, with what was found.
    pub message: String,
}

/// An action that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The step.
    pub step: String,
    /// The action in one line.
    pub action: String,
    /// Why.
    pub error: String,
}

impl Verdict {
    /// The invariants that were violated.
    pub fn violated(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.state == FindingState::Violated)
    }

    /// The invariants that a break should have violated and did not.
    pub fn unshown(&self) -> Vec<&str> {
        let is_violated = |name: &str| self.violated().any(|finding| finding.invariant == name);
        self.expected.iter().map(String::as_str).filter(|name| !is_violated(name)).collect()
    }

    /// Whether every invariant and assertion held.
    pub fn holds(&self) -> bool {
        self.failure.is_none() && self.failed_assertions.is_empty() && self.violated().next().is_none()
    }

    /// The exit status: 0 everything held; 100 an assertion or invariant failed; 105 an action failed; 1 a break did
    /// not show what it must.
    pub fn exit_code(&self) -> u8 {
        if self.failure.is_some() {
            105
        } else if !self.unshown().is_empty() {
            1
        } else if self.holds() {
            0
        } else {
            100
        }
    }
}
