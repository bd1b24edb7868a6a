//! `lab compare --all`: every scenario with every mistake, in one table.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lab_report::Comparison;
use lab_workflow::{RunOptions, Scenario};

use super::{Compared, name};
use crate::arguments::Target;
use crate::exit::{Exit, Failure};
use crate::terminal::{errln, outln};

/// A scenario and one of its changes.
type Case = (Scenario, Option<String>);

/// Compares everything, `jobs` runs at a time, and prints a line for each as a table in Markdown.
pub(super) fn run(compared: &Compared, jobs: usize) -> Result<Exit, Failure> {
    let cases = cases(compared)?;
    let [one, other] = compared.targets.map(name);
    writeln!(anstream::stdout(), "| scenario | change | answers compared | differ | {one} | {other} | |")?;
    writeln!(anstream::stdout(), "|---|---|---:|---:|---:|---:|---|")?;
    let next = AtomicUsize::new(0);
    let worst = Mutex::new(Ok(Exit::Good));
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, cases.len().max(1)) {
            scope.spawn(|| {
                while let Some((scenario, change)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = compared.run(scenario, change.as_deref());
                    let is_equal = result.as_ref().is_ok_and(Comparison::is_equal);
                    let mut worst = worst.lock().expect("no panic while comparing");
                    print(scenario, change.as_deref(), &result);
                    match result {
                        Err(Failure::Interrupted) => *worst = Err(Failure::Interrupted),
                        _ if !is_equal && worst.is_ok() => *worst = Ok(Exit::Violated),
                        _ => {}
                    }
                    if worst.is_err() {
                        return;
                    }
                }
            });
        }
    });
    worst.into_inner().expect("no panic while comparing")
}

/// Everything that both targets can carry out; what they cannot is named.
fn cases(compared: &Compared) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for embedded in scenarios::all() {
        let scenario = crate::scenario::load(embedded.name)?;
        let changes = scenario.breaks.iter().map(|change| Some(change.name.clone()));
        for change in std::iter::once(None).chain(changes) {
            let options = RunOptions { change: change.clone(), ..RunOptions::default() };
            let plan = scenario.plan(&options).map_err(|error| Failure::Choice(error.to_string()))?;
            if plan.needs_simulation() && compared.targets != [Target::Sim; 2] {
                let change = change.unwrap_or_default();
                errln!("left out: {} {change}: it cuts connections", scenario.name);
            } else {
                cases.push((scenario.clone(), change));
            }
        }
    }
    Ok(cases)
}

fn print(scenario: &Scenario, change: Option<&str>, result: &Result<Comparison, Failure>) {
    let (scenario, change) = (&scenario.name, change.unwrap_or_default());
    match result {
        Ok(comparison) => {
            let probes: usize = comparison.steps.iter().map(|step| step.probes).sum();
            let differ: usize = comparison.steps.iter().map(|step| step.differences.len()).sum();
            let [one, other] = comparison.exit_codes;
            let verdict = if comparison.is_equal() { "equal" } else { "different" };
            outln!("| {scenario} | {change} | {probes} | {differ} | {one} | {other} | {verdict} |");
            for difference in comparison.steps.iter().flat_map(|step| &step.differences) {
                errln!("{scenario} {change}: {difference}");
            }
        }
        Err(failure) => outln!("| {scenario} | {change} | | | | | {failure} |"),
    }
}
