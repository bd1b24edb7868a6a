//! `lab`: practise, test and check the move of a Nomad cluster to mutual TLS with certificates from Vault.

mod arguments;
mod exit;
mod list;
mod progress;
mod run;
mod scenario;
mod shims;
mod stand_in;
mod vault_server;
mod welcome;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit::{Exit, Failure};
use crate::stand_in::Program;

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
        Some(Command::Shims { directory }) => shims::make(directory).map(|()| Exit::Good),
        Some(Command::Vault { arguments }) => return Program::Vault.run(arguments.clone()),
    };
    match result {
        Ok(exit) => exit.into(),
        // Whoever reads the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Good.into(),
        Err(failure) => {
            anstream::eprintln!("{failure}");
            failure.exit().into()
        }
    }
}
