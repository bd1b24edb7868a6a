//! `vault server`: the lab's Vault on loopback sockets, started, spoken to and stopped as the real one is.

mod address;
mod banner;
mod dev_tls;
mod failure;
mod help;
mod logging;
mod options;
mod serve;
mod settings;

use std::process::ExitCode;

use self::options::Options;
use crate::stand_in::Environment;
use crate::terminal::{errln, out, outln};

/// Runs until a signal ends it. Everything that is said goes to standard output and the log to standard error, as the
/// real program has it.
pub(crate) fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    let options = match Options::read(arguments, environment) {
        Ok(options) => options,
        Err(told) if told == "flag: help requested" => {
            out!("{}", help::TEXT);
            return ExitCode::SUCCESS;
        }
        Err(told) => {
            outln!("{told}");
            return ExitCode::FAILURE;
        }
    };
    // One thread serves: requests are short and share one state, and what is long, an RSA key, has a thread of its own.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            errln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve::serve(&options, environment)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            outln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
