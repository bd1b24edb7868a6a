//! `lab compare`

mod all;

use std::io::{self, Write};
use std::num::NonZeroU32;

use lab_report::Comparison;
use lab_workflow::{RunOptions, Scenario};

use crate::arguments::{Compare, Target};
use crate::exit::{Exit, Failure};
use crate::run::{Stage, carry_out};

/// Runs a scenario on two fleets and prints what differs; both runs must come to the same.
pub(crate) fn run(arguments: &Compare) -> Result<Exit, Failure> {
    let [one, other] = arguments.targets[..] else {
        return Err(Failure::Usage("--targets takes two of sim, loopback and local: sim,local".to_owned()));
    };
    if arguments.targets.contains(&Target::Remote) {
        let text = "a cluster that is there already has nothing to be compared with; --targets takes sim, loopback and local";
        return Err(Failure::Usage(text.to_owned()));
    }
    let compared = Compared { targets: [one, other], time_scale: arguments.time_scale };
    if arguments.all {
        return all::run(&compared, arguments.jobs);
    }
    let comparison =
        compared.run(&crate::scenario::load(&arguments.scenario)?, arguments.change.as_deref())?;
    let mut out = io::stdout();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&comparison).map_err(io::Error::from)?)?;
    } else {
        comparison.write(&mut out)?;
    }
    Ok(if comparison.is_equal() { Exit::Good } else { Exit::Violated })
}

/// What is compared with what.
#[derive(Clone, Copy, Debug)]
struct Compared {
    targets: [Target; 2],
    time_scale: Option<NonZeroU32>,
}

impl Compared {
    /// Carries a scenario out on both, with the same times.
    fn run(&self, scenario: &Scenario, change: Option<&str>) -> Result<Comparison, Failure> {
        let scales = self.targets.map(|target| target.time_scale(self.time_scale, scenario));
        let options = RunOptions {
            change: change.map(str::to_owned),
            time_scale: scales[0].or(scales[1]),
            ..RunOptions::default()
        };
        let [one, other] =
            self.targets.map(|target| carry_out(scenario, &options, Stage::Target(target), |_| Ok(())));
        Ok(Comparison::of(self.targets.map(name), [&one?, &other?]))
    }
}

/// What a target's runs are called in a table.
fn name(target: Target) -> &'static str {
    match target {
        Target::Sim => "simulated",
        Target::Loopback => "loopback",
        Target::Local => "real",
        Target::Remote => "remote",
    }
}
