//! `nomad agent`: the lab's Nomad on loopback sockets, started, spoken to and stopped as the real one is.

mod help;
mod options;
mod serve;
mod terminal;

use std::process::ExitCode;

use self::options::{CommandLine, Problem};
use crate::stand_in::Environment;
use crate::terminal::{err, errln, out};

/// Runs until a signal ends it. What is said and the log go to standard output, warnings and failures to standard
/// error, as the real program has it.
pub(crate) fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    let command_line = match CommandLine::read(arguments, environment) {
        Ok(command_line) => command_line,
        Err(Problem::Help) => {
            out!("{}", help::TEXT);
            return ExitCode::SUCCESS;
        }
        Err(Problem::Flag(told)) => {
            errln!("{told}");
            err!("==> {}", help::TEXT);
            return ExitCode::FAILURE;
        }
        Err(Problem::Value(told)) => {
            errln!("==> {told}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            errln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(serve::serve(command_line, environment));
    // What is still in a system call, a lookup for example, must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_millis(100));
    ExitCode::from(code)
}
