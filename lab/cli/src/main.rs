//! `lab`: practise, test and check the move of a Nomad cluster to mutual TLS with certificates from Vault.

mod arguments;
mod compare;
mod consul_template;
mod exit;
mod explain;
mod files;
mod list;
mod local;
mod nomad_agent;
mod nomad_cli;
mod plan;
mod probe;
mod progress;
mod remote;
mod run;
mod scenario;
mod shims;
mod stand_in;
mod terminal;
mod up;
mod vault_cli;
mod vault_server;
mod verify;
mod welcome;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit::{Exit, Failure};
use crate::stand_in::Program;
use crate::terminal::errln;

fn main() -> ExitCode {
    let command_line: Vec<OsString> = std::env::args_os().collect();
    if let Some((program, arguments)) = Program::meant_by(&command_line) {
        return program.run(arguments);
    }
    let arguments = Arguments::parse_from(command_line);
    let result = match &arguments.command {
        None => welcome::print().map(|()| Exit::Good),
        Some(Command::Run(options)) if options.list => list::print(options.format).map(|()| Exit::Good),
        Some(Command::Run(options)) => run::run(options),
        Some(Command::Verify(arguments)) => verify::run(arguments),
        Some(Command::Explain(arguments)) => explain::run(arguments),
        Some(Command::Compare(options)) => compare::run(options),
        Some(Command::Guard { directory }) => local::guard(directory).map(|()| Exit::Good),
        Some(Command::Probe(arguments)) => probe::run(arguments),
        Some(Command::Plan(arguments)) => plan::run(arguments),
        Some(Command::Shims { directory }) => shims::make(directory).map(|()| Exit::Good),
        Some(Command::Up(options)) => up::up(options),
        Some(Command::Down) => up::down(),
        Some(Command::Status) => up::status(),
        Some(Command::Env(arguments)) => up::env(arguments),
        Some(Command::Clock(arguments)) => up::clock(arguments),
        Some(Command::Nomad { arguments }) => return Program::Nomad.run(arguments.clone()),
        Some(Command::Vault { arguments }) => return Program::Vault.run(arguments.clone()),
    };
    match result {
        Ok(exit) => exit.into(),
        // Whoever reads the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Good.into(),
        Err(failure) => {
            errln!("{failure}");
            failure.exit().into()
        }
    }
}
