//! What the ports accept, as the probes found it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use lab_workflow::{Ask, Credential, Port, Probe, ProbeVerdict, Transport};

use super::HEADING;
use crate::text::{WIDTH, wrap};

/// The questions whose answers are told after each step; the table at the end has all of them.
const TOLD: [(Port, Transport, Credential, Ask); 5] = [
    (Port::Rpc, Transport::Plaintext, Credential::None, Ask::Ping),
    (Port::Rpc, Transport::Tls, Credential::Client, Ask::Ping),
    (Port::Rpc, Transport::Tls, Credential::Client, Ask::Raft),
    (Port::Http, Transport::Plaintext, Credential::None, Ask::Http),
    (Port::Http, Transport::Tls, Credential::Cli, Ask::Http),
];

/// How many columns an answer takes at the most: `accepted by 20 of 20`.
const ANSWER: usize = 20;

/// The last answer to every question.
#[derive(Debug, Default)]
pub(super) struct Ports {
    answers: BTreeMap<Probe, BTreeMap<String, ProbeVerdict>>,
    told: BTreeMap<Probe, (usize, usize)>,
}

impl Ports {
    pub(super) fn seen(&mut self, node: &str, probe: Probe, verdict: &ProbeVerdict) {
        self.answers.entry(probe).or_default().insert(node.to_owned(), verdict.clone());
    }

    /// A line for each of the main questions whose answers are others than when it was last told.
    pub(super) fn changes(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        for (probe, answers) in &self.answers {
            if !is_told(probe) {
                continue;
            }
            let open = answers.values().filter(|verdict| verdict.accepted).count();
            let before = self.told.insert(*probe, (open, answers.len()));
            if before != Some((open, answers.len())) {
                lines.push(format!("{probe}: {}", tally(open, answers.len())));
            }
        }
        lines
    }

    /// A table of everything that was asked, as it stands now.
    pub(super) fn write_table(&self, out: &mut impl Write) -> io::Result<()> {
        if self.answers.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{HEADING}What the ports accept now{HEADING:#}")?;
        for (probe, answers) in &self.answers {
            let open = answers.values().filter(|verdict| verdict.accepted).count();
            let answer = tally(open, answers.len());
            writeln!(out, "{}", row(&probe.to_string(), &answer))?;
            for reason in refusals(answers) {
                writeln!(out, "{}", wrap(&reason, 6).join("\n"))?;
            }
        }
        Ok(())
    }
}

/// A question and its answer side by side, or below each other where the question is long.
fn row(question: &str, answer: &str) -> String {
    let width = WIDTH - ANSWER;
    if question.chars().count() + 3 > width {
        format!("  {question}\n{:width$}{answer}", "")
    } else {
        format!("{:<width$}{answer}", format!("  {question}"))
    }
}

fn is_told(probe: &Probe) -> bool {
    !probe.held && TOLD.contains(&(probe.port, probe.transport, probe.credential, probe.ask))
}

/// `accepted by 2 of 3`, `accepted by all 3`, `refused by all 3`.
fn tally(open: usize, all: usize) -> String {
    match open {
        0 => format!("refused by all {all}"),
        open if open == all => format!("accepted by all {all}"),
        open => format!("accepted by {open} of {all}"),
    }
}

/// The texts of the refusals, each once, without what differs from one connection to the next.
fn refusals(answers: &BTreeMap<String, ProbeVerdict>) -> Vec<String> {
    let mut texts: Vec<String> =
        answers.values().filter(|verdict| !verdict.accepted).map(|verdict| verdict.text.clone()).collect();
    texts.sort();
    texts.dedup();
    texts.truncate(2);
    texts
}
