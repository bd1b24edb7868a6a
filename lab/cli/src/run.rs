//! `lab run`

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use lab_report::{Human, summary};
use lab_workflow::{Entry, Outcome, ProbeMode, RunOptions, Scenario, Timeline};
use lab_world::Clock;

use crate::arguments::{Format, Probe, Run};
use crate::exit::{Exit, Failure};
use crate::progress::Progress;

/// Where timelines are kept, below the working directory.
const RUNS: &str = ".lab/runs";

pub(crate) fn run(arguments: &Run) -> Result<Exit, Failure> {
    let scenario = crate::scenario::load(&arguments.scenario)?;
    let options = RunOptions {
        seed: arguments.seed,
        change: arguments.change.clone(),
        servers: arguments.servers,
        clients: arguments.clients,
        probe: match arguments.probe {
            Probe::Changed => ProbeMode::Changed,
            Probe::Full => ProbeMode::Full,
        },
    };
    let outcome = match arguments.format {
        Format::Human => run_for_people(&scenario, &options, arguments.explain)?,
        Format::Json => {
            let outcome = carry_out(&scenario, &options, |_| Ok(()))?;
            let document = serde_json::to_string_pretty(&summary(&outcome)).map_err(io::Error::from)?;
            writeln!(io::stdout(), "{document}")?;
            outcome
        }
        Format::Jsonl => {
            let mut out = io::BufWriter::new(io::stdout());
            let outcome = carry_out(&scenario, &options, |entry| writeln!(out, "{}", entry.to_json()))?;
            out.flush()?;
            outcome
        }
    };
    Ok(Exit::of_run(outcome.verdict.exit_code()))
}

fn run_for_people(
    scenario: &Scenario,
    options: &RunOptions,
    is_explaining: bool,
) -> Result<Outcome, Failure> {
    let clock = Clock::system();
    let began = clock.now();
    let mut human = Human::new(anstream::stdout(), scenario, is_explaining);
    let outcome = carry_out(scenario, options, |entry| human.entry(entry))?;
    let file = keep(&outcome.timeline, &scenario.name, options);
    if let Err(error) = &file {
        anstream::eprintln!("warning: the timeline could not be kept in {RUNS}: {error}");
    }
    human.finish(&outcome, file.ok().as_deref())?;
    let entries = outcome.timeline.entries();
    if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
        let cluster = lab_report::elapsed(last.at - first.at);
        let took = (clock.now() - began).as_seconds_f64();
        anstream::eprintln!("{cluster} of the cluster's time in {took:.2} s");
    }
    Ok(outcome)
}

/// Simulates the run, and gives each entry to the progress line and to `write`.
fn carry_out(
    scenario: &Scenario,
    options: &RunOptions,
    mut write: impl FnMut(&Entry) -> io::Result<()> + Send,
) -> Result<Outcome, Failure> {
    let mut progress = Progress::new();
    let mut written = Ok(());
    let outcome = lab_fleet::simulate(scenario, options, &mut |entry| {
        progress.entry(entry);
        if written.is_ok() {
            written = progress.suspend(|| write(entry));
        }
    });
    let outcome = outcome.map_err(|error| Failure::Choice(error.to_string()))?;
    written?;
    Ok(outcome)
}

/// Writes the timeline below the working directory and says where.
fn keep(timeline: &Timeline, scenario: &str, options: &RunOptions) -> io::Result<String> {
    let scenario = scenario.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "_");
    let change = options.change.as_ref().map(|change| format!("-{change}")).unwrap_or_default();
    let path = PathBuf::from(RUNS).join(format!("{scenario}{change}-{}.jsonl", options.seed));
    fs::create_dir_all(RUNS)?;
    let mut file = io::BufWriter::new(fs::File::create(&path)?);
    timeline.write_json_lines(&mut file)?;
    file.flush()?;
    Ok(path.display().to_string())
}
