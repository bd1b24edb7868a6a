//! `systemctl`, for the processes of the lab that is up and nothing else.

use std::process::ExitCode;

use lab_hcl::suggest;

use super::found;
use super::state::State;
use super::unit::Unit;
use crate::terminal::{errln, outln};

/// What the lab's knows.
const VERBS: [&str; 6] = ["reload", "restart", "start", "stop", "status", "is-active"];

/// What systemd ends with when a unit is not there.
const NO_UNIT: u8 = 5;
/// What `status` ends with when a unit does not run.
const NOT_RUNNING: u8 = 3;

/// Runs `systemctl` with these arguments.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    match carry_out(arguments) {
        Ok(code) => ExitCode::from(code),
        Err((text, code)) => {
            errln!("{text}");
            ExitCode::from(code)
        }
    }
}

fn carry_out(arguments: &[String]) -> Result<u8, (String, u8)> {
    let words: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let Some((verb, names)) = words.split_first() else {
        return Err((format!("The lab's systemctl knows {}.", VERBS.join(", ")), 1));
    };
    if !VERBS.contains(verb) {
        let hint =
            suggest(verb, VERBS).map_or_else(|| ".".to_owned(), |meant| format!("; did you mean {meant}?"));
        return Err((
            format!("The lab's systemctl does not know {verb}{hint} It knows {}.", VERBS.join(", ")),
            1,
        ));
    }
    let (directory, mut state) = found().map_err(|failure| (failure.to_string(), 1))?;
    let mut worst = 0;
    for name in names {
        let meant = state.named(name);
        if meant.is_empty() {
            let known: Vec<&str> = state.units.iter().map(|unit| unit.name.as_str()).collect();
            let text = format!(
                "Failed to {verb} {name}: the lab's systemctl touches only the units of the lab: {}, and nomad for every \
                 agent.",
                known.join(", ")
            );
            return Err((text, NO_UNIT));
        }
        for index in meant {
            let unit = &mut state.units[index];
            let code = apply(verb, unit, &directory)
                .map_err(|error| (format!("Failed to {verb} {name}: {error}"), 1))?;
            worst = worst.max(code);
        }
    }
    save(&state, &directory)?;
    Ok(worst)
}

fn save(state: &State, directory: &std::path::Path) -> Result<(), (String, u8)> {
    state.save(directory).map_err(|error| (format!("the lab's state cannot be written: {error}"), 1))
}

fn apply(verb: &str, unit: &mut Unit, directory: &std::path::Path) -> std::io::Result<u8> {
    let again = |unit: &Unit| Unit::start(directory, &unit.name, &unit.arguments, &unit.address);
    match verb {
        "reload" if !unit.is_running() => {
            errln!("{} is not active, cannot reload.", unit.name);
            return Ok(1);
        }
        "reload" => unit.signal("HUP"),
        "restart" => {
            unit.stop();
            *unit = again(unit)?;
        }
        "start" if !unit.is_running() => *unit = again(unit)?,
        "stop" => unit.stop(),
        "status" | "is-active" => {
            let is_running = unit.is_running();
            let state = if is_running { "active" } else { "inactive" };
            if verb == "status" {
                let shown = if is_running { "active (running)" } else { "inactive (dead)" };
                outln!(
                    "{}\n     Active: {shown}\n   Main PID: {}\n        Log: {}",
                    unit.name,
                    unit.process.number,
                    unit.log.display()
                );
            } else {
                outln!("{state}");
            }
            return Ok(if is_running { 0 } else { NOT_RUNNING });
        }
        _ => {}
    }
    Ok(0)
}
