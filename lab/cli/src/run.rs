//! `lab run`

use std::fs;
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;

use lab_report::{Human, summary};
use lab_workflow::{Entry, Outcome, Plan, PlanError, ProbeMode, RunOptions, Scenario, Timeline};
use lab_world::Clock;

use crate::arguments::{Format, Probe, RemoteArguments, Run, Target};
use crate::exit::{Exit, Failure};
use crate::local;
use crate::progress::Progress;
use crate::remote::{self, Remote};
use crate::terminal::errln;

/// Where timelines are kept, below the working directory.
const RUNS: &str = ".lab/runs";

pub(crate) fn run(arguments: &Run) -> Result<Exit, Failure> {
    let scenario = crate::scenario::load(&arguments.scenario)?;
    let mut options = RunOptions {
        seed: arguments.seed,
        change: arguments.change.clone(),
        servers: arguments.servers,
        clients: arguments.clients,
        probe: match arguments.probe {
            Probe::Changed => ProbeMode::Changed,
            Probe::Full => ProbeMode::Full,
        },
        time_scale: arguments.target.time_scale(arguments.time_scale, &scenario),
        from: arguments.remote.from.clone(),
    };
    let remote = match arguments.target {
        Target::Remote => {
            let remote = Remote::prepare(&arguments.remote)?;
            remote.fit(&mut options, &scenario)?;
            let plan = scenario.plan(&options).map_err(|error| Failure::Choice(error.to_string()))?;
            Some((remote, plan))
        }
        _ if arguments.remote != RemoteArguments::default() => {
            let text = "--inventory, --allow-changes, --dry-run and --from are for --target remote";
            return Err(Failure::Usage(text.to_owned()));
        }
        _ => None,
    };
    let mut stage = Stage::Target(arguments.target);
    if let Some((remote, plan)) = &remote {
        if arguments.remote.dry_run {
            writeln!(io::stdout(), "{}", remote.describe(plan))?;
            return Ok(Exit::Good);
        }
        errln!("{}", remote.describe(plan));
        remote.permit(plan)?;
        stage = Stage::Remote(remote, plan);
    }
    let outcome = match arguments.format {
        Format::Human => run_for_people(&scenario, &options, arguments, stage)?,
        Format::Json => {
            let outcome = carry_out(&scenario, &options, stage, |_| Ok(()))?;
            let document = serde_json::to_string_pretty(&summary(&outcome)).map_err(io::Error::from)?;
            writeln!(io::stdout(), "{document}")?;
            outcome
        }
        Format::Jsonl => {
            let mut out = io::BufWriter::new(io::stdout());
            let write = |entry: &Entry| writeln!(out, "{}", entry.to_json());
            let outcome = carry_out(&scenario, &options, stage, write)?;
            out.flush()?;
            outcome
        }
    };
    if let Some((_, plan)) = &remote {
        remote::tell_how_far(plan, &outcome);
    }
    Ok(Exit::of_run(outcome.verdict.exit_code()))
}

fn run_for_people(
    scenario: &Scenario,
    options: &RunOptions,
    arguments: &Run,
    stage: Stage<'_>,
) -> Result<Outcome, Failure> {
    let clock = Clock::system();
    let began = clock.now();
    let mut human = Human::new(anstream::stdout(), scenario, arguments.explain);
    let outcome = carry_out(scenario, options, stage, |entry| human.entry(entry))?;
    let file = keep(&outcome.timeline, &scenario.name, options);
    if let Err(error) = &file {
        errln!("warning: the timeline could not be kept in {RUNS}: {error}");
    }
    human.finish(&outcome, file.ok().as_deref())?;
    let entries = outcome.timeline.entries();
    if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
        let cluster = lab_report::elapsed(last.at - first.at);
        let took = (clock.now() - began).as_seconds_f64();
        errln!("{cluster} of the cluster's time in {took:.2} s");
    }
    Ok(outcome)
}

impl Target {
    /// The scale of time: what was asked for; or what the scenario says itself, where time cannot be skipped.
    pub(crate) fn time_scale(self, asked: Option<NonZeroU32>, scenario: &Scenario) -> Option<u32> {
        asked.map(NonZeroU32::get).or(if self == Self::Sim { None } else { scenario.time_scale })
    }
}

/// What a run is carried out on.
#[derive(Clone, Copy)]
pub(crate) enum Stage<'a> {
    /// A cluster that is made for it.
    Target(Target),
    /// One that is there, and what will be done to it.
    Remote(&'a Remote, &'a Plan),
}

/// Carries the run out, and gives each entry to the progress line and to `write`.
pub(crate) fn carry_out(
    scenario: &Scenario,
    options: &RunOptions,
    stage: Stage<'_>,
    mut write: impl FnMut(&Entry) -> io::Result<()> + Send,
) -> Result<Outcome, Failure> {
    let mut progress = Progress::new();
    let mut written = Ok(());
    let mut on_entry = |entry: &Entry| {
        progress.entry(entry);
        if written.is_ok() {
            written = progress.suspend(|| write(entry));
        }
    };
    let unknown = |error: PlanError| Failure::Choice(error.to_string());
    let outcome = match stage {
        Stage::Remote(remote, plan) => remote.run(plan, options, &mut on_entry)?,
        Stage::Target(Target::Sim) => {
            lab_fleet::simulate(scenario, options, &mut on_entry).map_err(unknown)?
        }
        Stage::Target(target) => {
            local::run(target, &scenario.plan(options).map_err(unknown)?, options, &mut on_entry)?
        }
    };
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
