//! `lab run`

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use lab_report::{Human, summary};
use lab_workflow::{Entry, Outcome, ProbeMode, RunOptions, Scenario};
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
    let clock = Clock::system();
    let began = clock.now();
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
    if arguments.format == Format::Human {
        let cluster = outcome.timeline.entries().last().zip(outcome.timeline.entries().first());
        let cluster =
            cluster.map_or_else(String::new, |(last, first)| lab_report::elapsed(last.at - first.at));
        anstream::eprintln!(
            "{cluster} of the cluster's time in {:.2} s",
            (clock.now() - began).as_seconds_f64()
        );
    }
    Ok(Exit::of_run(outcome.verdict.exit_code()))
}

fn run_for_people(
    scenario: &Scenario,
    options: &RunOptions,
    is_explaining: bool,
) -> Result<Outcome, Failure> {
    let mut human = Human::new(anstream::stdout(), scenario, is_explaining);
    let outcome = carry_out(scenario, options, |entry| human.entry(entry))?;
    let file = keep(&outcome, options);
    if let Err(error) = &file {
        anstream::eprintln!("warning: the timeline could not be kept in {RUNS}: {error}");
    }
    human.finish(&outcome, file.ok().as_deref())?;
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
fn keep(outcome: &Outcome, options: &RunOptions) -> io::Result<String> {
    let timeline = &outcome.timeline;
    let scenario = summary(outcome).scenario.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "_");
    let change = options.change.as_ref().map(|change| format!("-{change}")).unwrap_or_default();
    let path = PathBuf::from(RUNS).join(format!("{scenario}{change}-{}.jsonl", options.seed));
    fs::create_dir_all(RUNS)?;
    let mut file = io::BufWriter::new(fs::File::create(&path)?);
    timeline.write_json_lines(&mut file)?;
    file.flush()?;
    Ok(path.display().to_string())
}
