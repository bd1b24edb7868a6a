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

/// Runs until a signal ends it. Everything that is said goes to standard output and the log to standard error, as the
/// real program has it.
pub(crate) fn run(arguments: &[String], environment: &Environment) -> ExitCode {
    let options = match Options::read(arguments, environment) {
        Ok(options) => options,
        Err(told) if told == "flag: help requested" => {
            anstream::print!("{}", help::TEXT);
            return ExitCode::SUCCESS;
        }
        Err(told) => {
            anstream::println!("{told}");
            return ExitCode::FAILURE;
        }
    };
    // One thread serves: requests are short, and what is long, an RSA key, has a thread of its own.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            anstream::eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve::serve(&options, environment)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::println!("{failure}");
            ExitCode::FAILURE
        }
    }
}
