//! A run as it happens, for people.

mod event;
mod matrix;
mod ports;
mod verdict;

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use lab_workflow::{Entry, Event, Outcome, Scenario, Timeline};
use time::OffsetDateTime;

use self::matrix::Matrix;
use self::ports::Ports;
use crate::text::{count, elapsed, hang, wrap};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = AnsiColor::BrightBlack.on_default();
const HEADING: Style = Style::new().bold();

/// Where the text of a step begins.
const TEXT: usize = 21;

/// Writes a run to a stream as its entries come.
///
/// Give it every [`Entry`] in order, then the finished [`Outcome`].
#[derive(Debug)]
pub struct Human<'scenario, W> {
    out: W,
    scenario: &'scenario Scenario,
    is_explaining: bool,
    began: OffsetDateTime,
    ports: Ports,
    matrix: Matrix,
    step: Option<OpenStep>,
}

/// A step whose line is not written yet.
#[derive(Debug)]
struct OpenStep {
    number: usize,
    name: String,
    summary: String,
    at: OffsetDateTime,
    is_bad: bool,
    details: Vec<String>,
    /// What was told of logs: machines say the same, and say it again.
    told: BTreeSet<String>,
}

impl<'scenario, W: Write> Human<'scenario, W> {
    /// A report of a run of `scenario` into `out`; with `is_explaining` each step says why it is there and what each
    /// action is for.
    pub fn new(out: W, scenario: &'scenario Scenario, is_explaining: bool) -> Self {
        Self {
            out,
            scenario,
            is_explaining,
            began: OffsetDateTime::UNIX_EPOCH,
            ports: Ports::default(),
            matrix: Matrix::default(),
            step: None,
        }
    }

    /// The next entry of the timeline.
    ///
    /// Errors: those of the stream.
    pub fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        match &entry.event {
            Event::RunStarted { change, seed, servers, clients, region, is_virtual, .. } => {
                self.began = entry.at;
                let time = if *is_virtual { "virtual" } else { "real" };
                let cluster = format!(
                    "{}, {}, region {region}; seed {seed}; {time} time from {}",
                    count(*servers, "server"),
                    count(*clients, "client"),
                    self.began.date(),
                );
                self.header(change.as_deref(), &cluster)
            }
            Event::StepStarted { number, summary } => {
                self.close_step()?;
                self.step = Some(OpenStep {
                    number: *number,
                    name: entry.step.clone(),
                    summary: summary.clone(),
                    at: entry.at,
                    is_bad: false,
                    details: Vec::new(),
                    told: BTreeSet::new(),
                });
                Ok(())
            }
            Event::StepSkipped { skipped } => {
                self.close_step()?;
                writeln!(self.out, "{BAD}  -  left out{BAD:#}            {skipped}")
            }
            Event::StepDoneBefore { done } => {
                self.close_step()?;
                writeln!(self.out, "{QUIET}  -  done before         {done}{QUIET:#}")
            }
            Event::Note { text } if self.step.is_none() => {
                writeln!(self.out, "{}\n", hang("note       ", text, 11))
            }
            Event::Probe { node, probe, verdict } => {
                self.ports.seen(node, *probe, verdict);
                Ok(())
            }
            Event::Handshake { phase, from, to, transport, verdict, .. } => {
                self.matrix.seen(*phase, from, to, transport, verdict.accepted);
                Ok(())
            }
            Event::Finding { .. } | Event::RunFinished { .. } => self.close_step(),
            event => {
                self.detail(entry, event);
                Ok(())
            }
        }
    }

    /// The verdict; nothing comes after it. `timeline_file` is where the timeline was written to, if it was.
    ///
    /// Errors: those of the stream.
    pub fn finish(mut self, outcome: &Outcome, timeline_file: Option<&str>) -> io::Result<()> {
        self.close_step()?;
        self.ports.write_table(&mut self.out)?;
        self.matrix.write(&mut self.out)?;
        verdict::write(&mut self.out, outcome, self.began)?;
        if let Some(file) = timeline_file {
            writeln!(self.out, "{}", hang("timeline", file, 11))?;
        }
        if let Some(hint) = self.hint(&outcome.timeline, outcome.verdict.exit_code()) {
            writeln!(self.out, "{}", hang("next", &hint, 11))?;
        }
        self.out.flush()
    }

    fn header(&mut self, change: Option<&str>, cluster: &str) -> io::Result<()> {
        let Scenario { name, summary, source, .. } = self.scenario;
        let texts = [name, summary, source].into_iter().filter(|text| !text.is_empty());
        for (text, head) in texts.zip(["scenario", "", ""]) {
            self.headed(head, text)?;
        }
        self.headed("cluster", cluster)?;
        if let Some(chosen) =
            change.and_then(|change| self.scenario.breaks.iter().find(|known| known.name == change))
        {
            let head = match chosen.kind {
                lab_workflow::ChangeKind::Mistake { .. } => "mistake",
                lab_workflow::ChangeKind::Variation => "variation",
            };
            self.headed(head, &format!("{}: {}", chosen.name, chosen.summary))?;
        }
        writeln!(self.out)
    }

    fn headed(&mut self, head: &str, text: &str) -> io::Result<()> {
        let body = wrap(text, 11).join("\n");
        writeln!(self.out, "{HEADING}{head:<11}{HEADING:#}{}", body.trim_start())
    }

    fn detail(&mut self, entry: &Entry, event: &Event) {
        let Some(step) = &mut self.step else { return };
        let Some((is_bad, text)) = event::describe(event, self.is_explaining) else { return };
        if matches!(event, Event::Log { .. }) && !step.told.insert(text.clone()) {
            return;
        }
        step.is_bad |= is_bad;
        let at = elapsed(entry.at - self.began);
        let style = if is_bad { BAD } else { QUIET };
        let lines = hang(&format!("{at:>TEXT$}  ", TEXT = TEXT - 2), &text, TEXT);
        step.details.push(format!("{style}{lines}{style:#}"));
    }

    /// Writes the open step with what was measured after it.
    fn close_step(&mut self) -> io::Result<()> {
        let Some(step) = self.step.take() else { return Ok(()) };
        let (style, state) = if step.is_bad { (BAD, "FAIL") } else { (GOOD, "ok") };
        let head =
            format!("{:>3}  {style}{state:<4}{style:#} {:>9}  ", step.number, elapsed(step.at - self.began));
        let texts = [step.name.as_str(), step.summary.as_str()];
        let texts: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        let text = wrap(&texts.join(": "), TEXT).join("\n");
        writeln!(self.out, "{head}{}", text.trim_start())?;
        if self.is_explaining {
            self.explain(&step.name)?;
        }
        for detail in &step.details {
            writeln!(self.out, "{detail}")?;
        }
        for line in self.ports.changes() {
            writeln!(self.out, "{}", wrap(&line, TEXT).join("\n"))?;
        }
        Ok(())
    }

    /// Why a step is there and what breaks without it; the chosen break's own step where it replaces one.
    fn explain(&mut self, name: &str) -> io::Result<()> {
        let Some(step) = self.scenario.steps.iter().find(|step| step.name == name) else { return Ok(()) };
        for (head, text) in [("why", &step.why), ("without", &step.without), ("source", &step.source)] {
            if !text.is_empty() {
                writeln!(self.out, "{}", hang(&format!("{head:>width$}  ", width = TEXT - 2), text, TEXT))?;
            }
        }
        Ok(())
    }

    /// What to try next.
    fn hint(&self, timeline: &Timeline, exit_code: u8) -> Option<String> {
        let Some(Event::RunStarted { change, .. }) = timeline.events().next() else { return None };
        let name = &self.scenario.name;
        match (change, self.scenario.breaks.first()) {
            (None, Some(first)) if exit_code == 0 => Some(format!("lab run {name} --break {}", first.name)),
            (Some(_), _) => Some(format!("lab run {name} --explain")),
            _ => None,
        }
    }
}
