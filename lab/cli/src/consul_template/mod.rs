//! `consul-template`: the lab's, started, signalled and stopped as the real one is.

mod help;
mod options;
mod serve;
mod shell;
mod signals;

use std::process::ExitCode;

use self::options::{CommandLine, Problem};
use crate::stand_in::Environment;
use crate::terminal::{errln, out, outln};

/// What the real program ends with when its command line is wrong.
const WRONG_COMMAND_LINE: u8 = 13;

/// Runs until everything is rendered, a signal ends it, or something fails. Everything that it says goes to standard
/// error, as the real program has it.
pub(crate) fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    let command_line = match CommandLine::read(arguments) {
        Ok(command_line) => command_line,
        Err(Problem::Help) => {
            out!("{}", help::TEXT);
            return ExitCode::SUCCESS;
        }
        Err(Problem::Version) => {
            outln!("consul-template v{} (lab {} stand-in)", VERSION, env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(Problem::Flag(told)) => {
            errln!("{told}");
            return ExitCode::from(WRONG_COMMAND_LINE);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            errln!("no runtime: {error}");
            return ExitCode::from(WRONG_COMMAND_LINE);
        }
    };
    ExitCode::from(runtime.block_on(serve::serve(command_line, environment)))
}

/// The release that it behaves as.
const VERSION: &str = "0.41.1";
