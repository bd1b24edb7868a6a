//! Two runs of one scenario beside each other.

use std::collections::BTreeMap;
use std::io::{self, Write};

use lab_workflow::{Event, FindingState, Outcome, Probe};
use serde::Serialize;

use crate::text::hang;

/// How wide the column of names is.
const NAME: usize = 28;

/// Two runs of one scenario on different fleets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What the runs were carried out on, in two words.
    pub names: [String; 2],
    /// The steps that either has.
    pub steps: Vec<ComparedStep>,
    /// The invariants, each with how it stands in both.
    pub invariants: Vec<ComparedInvariant>,
    /// The exit status of both.
    pub exit_codes: [u8; 2],
}

/// What the ports said after a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedStep {
    /// Its name.
    pub name: String,
    /// How many questions were asked in both.
    pub probes: usize,
    /// The questions that were answered differently, in words.
    pub differences: Vec<String>,
}

/// How an invariant stands in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedInvariant {
    /// Its name.
    pub name: String,
    /// How it stands; `None`: it is not watched there.
    pub states: [Option<FindingState>; 2],
}

impl Comparison {
    /// Compares two runs.
    pub fn of(names: [&str; 2], outcomes: [&Outcome; 2]) -> Self {
        let [one, other] = outcomes.map(answers);
        let steps = steps(outcomes).into_iter().map(|name| {
            let of_step = |answers: &Answers| -> BTreeMap<(String, Probe), bool> {
                let of_step = answers.iter().filter(|((step, _, _), _)| *step == name);
                of_step.map(|((_, node, probe), accepted)| ((node.clone(), *probe), *accepted)).collect()
            };
            compare_step(names, &name, [of_step(&one), of_step(&other)])
        });
        Self {
            names: names.map(str::to_owned),
            steps: steps.collect(),
            invariants: invariants(outcomes),
            exit_codes: outcomes.map(|outcome| outcome.verdict.exit_code()),
        }
    }

    /// Whether both runs came to the same, in every answer and every verdict.
    pub fn is_equal(&self) -> bool {
        self.exit_codes[0] == self.exit_codes[1]
            && self.steps.iter().all(|step| step.differences.is_empty())
            && self.invariants.iter().all(|invariant| invariant.states[0] == invariant.states[1])
    }

    /// Writes both tables for people.
    ///
    /// Errors: those of `out`.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{:NAME$}{:>8}{:>8}", "step", "probes", "differ")?;
        for step in &self.steps {
            writeln!(out, "{:NAME$}{:>8}{:>8}", step.name, step.probes, step.differences.len())?;
            for difference in &step.differences {
                writeln!(out, "{}", hang("    ", difference, 4))?;
            }
        }
        let [one, other] = &self.names;
        writeln!(out, "\n{:NAME$}{one:>16}{other:>16}", "invariant")?;
        for ComparedInvariant { name, states } in &self.invariants {
            let mark = if states[0] == states[1] { "" } else { "  differs" };
            let [one, other] = states.map(state);
            writeln!(out, "{name:NAME$}{one:>16}{other:>16}{mark}")?;
        }
        let [one, other] = self.exit_codes;
        writeln!(out, "{:NAME$}{one:>16}{other:>16}", "exit status")?;
        let result = if self.is_equal() { "equal" } else { "different" };
        writeln!(out, "\n{result}")
    }
}

fn state(state: Option<FindingState>) -> &'static str {
    match state {
        None => "not watched",
        Some(FindingState::Held) => "held",
        Some(FindingState::Violated) => "violated",
        Some(FindingState::NotExercised) => "not exercised",
    }
}

/// Whether the port accepted, by step, machine and question; the last answer of a step counts.
type Answers = BTreeMap<(String, String, Probe), bool>;

fn answers(outcome: &Outcome) -> Answers {
    let mut answers = Answers::new();
    for entry in outcome.timeline.entries() {
        if let Event::Probe { node, probe, verdict } = &entry.event {
            answers.insert((entry.step.clone(), node.clone(), *probe), verdict.accepted);
        }
    }
    answers
}

/// The names of the steps, in the order of the longer run.
fn steps(outcomes: [&Outcome; 2]) -> Vec<String> {
    let of_run = |outcome: &Outcome| {
        let mut names: Vec<String> = Vec::new();
        for entry in outcome.timeline.entries() {
            let is_probe = matches!(entry.event, Event::Probe { .. } | Event::StepStarted { .. });
            if is_probe && !names.contains(&entry.step) {
                names.push(entry.step.clone());
            }
        }
        names
    };
    let [one, other] = outcomes.map(of_run);
    if one.len() >= other.len() { one } else { other }
}

fn compare_step(names: [&str; 2], name: &str, answers: [BTreeMap<(String, Probe), bool>; 2]) -> ComparedStep {
    let [one, other] = answers;
    let word = |accepted: bool| if accepted { "accepted" } else { "refused" };
    let mut probes = 0;
    let mut differences = Vec::new();
    for ((node, probe), accepted) in &one {
        // A question is asked where an answer could have changed, which depends on who leads.
        let Some(answer) = other.get(&(node.clone(), *probe)) else { continue };
        probes += 1;
        if answer != accepted {
            let (one, other) = (word(*accepted), word(*answer));
            differences.push(format!("{node}: {probe}: {} {one}, {} {other}", names[0], names[1]));
        }
    }
    ComparedStep {
        name: if name.is_empty() { "before".to_owned() } else { name.to_owned() },
        probes,
        differences,
    }
}

fn invariants(outcomes: [&Outcome; 2]) -> Vec<ComparedInvariant> {
    let states = outcomes.map(|outcome| {
        let states =
            outcome.verdict.findings.iter().map(|finding| (finding.invariant.clone(), finding.state));
        states.collect::<BTreeMap<_, _>>()
    });
    let all: std::collections::BTreeSet<&String> = states.iter().flat_map(BTreeMap::keys).collect();
    all.into_iter()
        .map(|name| ComparedInvariant {
            name: name.clone(),
            states: [states[0].get(name).copied(), states[1].get(name).copied()],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_workflow::{Finding, ProbeVerdict, Timeline, Verdict};
    use time::OffsetDateTime;

    fn outcome(accepted: bool, state: FindingState) -> Outcome {
        let mut timeline = Timeline::new();
        let verdict = ProbeVerdict { accepted, text: String::new() };
        let event = Event::Probe { node: "server-1".into(), probe: Probe::PLAINTEXT, verdict };
        timeline.append(OffsetDateTime::UNIX_EPOCH, "close", event);
        let finding = Finding {
            invariant: "no_plaintext".into(),
            description: String::new(),
            state,
            checks: 1,
            violation: None,
        };
        Outcome { timeline, verdict: Verdict { findings: vec![finding], ..Verdict::default() } }
    }

    #[test]
    fn what_differs_is_told_by_port_and_by_invariant() {
        let (closed, open) = (outcome(false, FindingState::Held), outcome(true, FindingState::Violated));
        assert!(Comparison::of(["sim", "local"], [&closed, &closed]).is_equal());
        let comparison = Comparison::of(["sim", "local"], [&closed, &open]);
        assert!(!comparison.is_equal());
        let mut text = Vec::new();
        comparison.write(&mut text).expect("memory takes all of it");
        let text = String::from_utf8(text).expect("text");
        assert!(text.contains("    server-1: plaintext RPC: sim refused, local accepted\n"), "{text}");
        assert!(
            text.contains("no_plaintext                            held        violated  differs\n"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }
}
