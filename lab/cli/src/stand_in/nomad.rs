//! `nomad`: its version, its agent, and everything that is asked of one.

use std::process::ExitCode;

use super::Environment;
use crate::terminal::outln;
use crate::{nomad_agent, nomad_cli};

/// How the version is written. Tools take the number behind `Nomad v`.
pub(crate) fn version() -> String {
    format!("Nomad v{}", mock_nomad::VERSION)
}

/// Runs `nomad` with these arguments.
pub(crate) fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    match arguments.first().map(String::as_str) {
        Some("agent") => nomad_agent::run(&arguments[1..], environment),
        Some("version" | "-v" | "-version" | "--version") => {
            outln!("{}", version());
            ExitCode::SUCCESS
        }
        _ => nomad_cli::run(arguments, environment),
    }
}
