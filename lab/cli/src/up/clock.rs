//! `lab clock`: the time of the processes of a lab, moved on.

use std::io::Write;

use clap::Args;
use lab_world::{Clock, format_duration, format_rfc3339, parse_duration, pause};

use super::found;
use crate::exit::{Exit, Failure};
use crate::stand_in::{LOOK_AGAIN, clock_offset};

/// `lab clock`
#[derive(Args, Debug)]
pub(crate) struct ClockArguments {
    /// How far to move it on: `+23h`. Without it the time is shown.
    #[arg(allow_hyphen_values = true)]
    step: Option<String>,
}

/// Moves the clock of every process of the lab that is up, or shows it.
pub(crate) fn clock(arguments: &ClockArguments) -> Result<Exit, Failure> {
    let (directory, _) = found().map_err(|failure| match failure {
        Failure::SetUp(text) => Failure::SetUp(format!(
            "{text}. The time of real servers cannot be moved: certificates that live for a minute show there what those \
             of a day do (`lab run --time-scale`)"
        )),
        other => other,
    })?;
    let mut offset = clock_offset(&directory);
    if let Some(step) = &arguments.step {
        let step = parse_duration(step).map_err(|error| {
            Failure::Usage(format!("{error}: a clock is moved on by a duration such as +23h or +90m"))
        })?;
        offset += step;
        let (file, beside) = (directory.join("clock"), directory.join("clock.new"));
        std::fs::write(&beside, offset.as_millis().to_string())?;
        std::fs::rename(beside, file)?;
        // What is done next is done at the new time by all of them.
        pause(2 * LOOK_AGAIN);
    }
    let now = Clock::system().now() + offset;
    let mut out = anstream::stdout();
    writeln!(out, "{}   {} ahead of this machine", format_rfc3339(now), format_duration(offset))?;
    Ok(Exit::Good)
}
