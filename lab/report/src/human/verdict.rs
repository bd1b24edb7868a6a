//! What the run came to.

use std::io::{self, Write};

use lab_workflow::{Entry, Event, Finding, FindingState, Outcome, Verdict};
use time::OffsetDateTime;

use super::{BAD, GOOD, HEADING, QUIET};
use crate::text::{count, elapsed, hang, wrap};

/// Where an invariant's text begins.
const TEXT: usize = 40;

pub(super) fn write(out: &mut impl Write, outcome: &Outcome, began: OffsetDateTime) -> io::Result<()> {
    let verdict = &outcome.verdict;
    if !verdict.findings.is_empty() {
        writeln!(out, "\n{HEADING}Invariants{HEADING:#}")?;
    }
    for finding in &verdict.findings {
        write_finding(out, finding)?;
        if let Some(violation) = &finding.violation {
            writeln!(
                out,
                "{}",
                wrap(&format!("in step {}: {}", violation.step, violation.evidence), 13).join("\n")
            )?;
            let entry = outcome.timeline.entries().iter().find(|entry| entry.seq == violation.by);
            if let Some(proof) = entry.and_then(|entry| describe_proof(entry, began)) {
                writeln!(out, "{}", hang("      proof  ", &proof, 13))?;
            }
        }
    }
    writeln!(out)?;
    write_result(out, verdict)
}

fn write_finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let (style, state) = match finding.state {
        FindingState::Held => (GOOD, "held"),
        FindingState::Violated => (BAD, "VIOLATED"),
        FindingState::NotExercised => (QUIET, "untried"),
    };
    let text = match finding.state {
        FindingState::NotExercised => format!("{}: never had the chance to fail", finding.description),
        _ => finding.description.clone(),
    };
    let body = wrap(&text, TEXT).join("\n");
    let name = format!("{:<width$}", finding.invariant, width = TEXT - 13);
    writeln!(out, "  {style}{state:<9}{style:#}  {name}{}", body.trim_start())
}

/// The entry that shows a violation: when, where, what was asked and the very answer; nothing where time alone shows it.
fn describe_proof(entry: &Entry, began: OffsetDateTime) -> Option<String> {
    let text = match &entry.event {
        Event::Probe { node, probe, verdict } => {
            let answer = if verdict.accepted { "accepted" } else { "refused" };
            format!("{node} was asked by {probe}: {answer}: {}", verdict.text)
        }
        event @ (Event::NodeStatus { .. } | Event::Allocation { .. } | Event::ProgramChanged { .. }) => {
            super::event::describe(event, true)?.1
        }
        Event::Served { .. } | Event::CertificateFiles { .. } => entry.to_json(),
        _ => return None,
    };
    Some(format!("at {} {text}", elapsed(entry.at - began)))
}

fn write_result(out: &mut impl Write, verdict: &Verdict) -> io::Result<()> {
    let violated: Vec<&str> = verdict.violated().map(|finding| finding.invariant.as_str()).collect();
    let failed = verdict.failed_assertions.len();
    let (style, text) = match verdict.exit_code() {
        0 => (GOOD, "every invariant and assertion held".to_owned()),
        105 => (
            BAD,
            verdict.failure.as_ref().map_or_else(String::new, |failure| {
                format!("the run ended in step {}, with {}: {}", failure.step, failure.action, failure.error)
            }),
        ),
        1 => (BAD, format!("this mistake should have violated {} and did not", verdict.unshown().join(", "))),
        _ => (
            BAD,
            match (violated.is_empty(), verdict.expected.is_empty()) {
                (true, _) => format!("{} did not hold", count(failed, "assertion")),
                (false, true) => format!("violated: {}", violated.join(", ")),
                (false, false) => format!("the mistake shows; violated: {}", violated.join(", ")),
            },
        ),
    };
    let body = hang("", &text, 11);
    writeln!(out, "{HEADING}verdict{HEADING:#}    {style}{}{style:#}", body.trim_start())
}
