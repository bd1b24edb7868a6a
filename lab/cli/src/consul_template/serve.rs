//! From the start to the end.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use lab_consul_template::{Error, Exit, Options, Runner};
use lab_world::{Host, Level, Line, format_rfc3339};

use super::options::CommandLine;
use super::shell::Shell;
use super::signals::Signals;
use crate::stand_in::{Environment, follow_lab_clock};
use crate::terminal::errln;

/// What the program ends with when it cannot even begin.
const NO_START: u8 = 14;

/// Runs until something ends it; returns the exit status.
pub(super) async fn serve(command_line: CommandLine, environment: &Environment) -> u8 {
    // Signals that come while it starts are not lost.
    let mut signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => {
            errln!("{error}");
            return NO_START;
        }
    };
    // Paths stay as they are written, in what is said of them too.
    let host = Host::loopback("consul-template", "");
    let _lab_clock = follow_lab_clock(&host.clock, environment);
    host.log.set_observer(print);
    let variables: BTreeMap<String, String> = environment
        .names()
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), environment.get(name)?.to_owned())))
        .collect();
    let options = Options {
        once: command_line.once,
        parse_only: command_line.parse_only,
        dry: command_line.dry.then(|| -> lab_consul_template::DryRun { Arc::new(show) }),
        settings: command_line.settings,
    };
    let started = Runner::start_with(&host, command_line.configs, variables, Arc::new(Shell), options);
    let mut runner = match started {
        Ok(runner) => runner,
        Err(error) => return refused(&host, &error),
    };
    let pid_file = PidFile::write(&runner.process().pid_file);
    let exit = until_the_end(&mut runner, &mut signals).await;
    drop(pid_file);
    u8::try_from(exit.code & 0xff).unwrap_or(NO_START)
}

async fn until_the_end(runner: &mut Runner, signals: &mut Signals) -> Exit {
    loop {
        let signal = tokio::select! {
            biased;
            exit = runner.wait() => return exit,
            signal = signals.next() => signal,
        };
        let process = runner.process();
        let is = |configured: &str, usual: &str| {
            signal.name == if configured.is_empty() { usual } else { configured }
        };
        if is(&process.kill_signal, "SIGINT") {
            errln!("Cleaning up...");
            runner.stop();
            return runner.wait().await;
        } else if is(&process.reload_signal, "SIGHUP") {
            errln!("Reloading configuration...");
            runner.halt().await;
            runner.reload();
        } else {
            runner.signal(signal.name, signal.shown).await;
        }
    }
}

/// Says why it does not start.
fn refused(host: &Host, error: &Error) -> u8 {
    match error {
        // The log is not set up yet, and Go's own has times of another form.
        Error::Configuration(text) => {
            let now = format_rfc3339(host.clock.now());
            let now = now.replace('-', "/").replace('T', " ");
            errln!("{} [ERR] (cli) {text}", now.trim_end_matches('Z'));
        }
        Error::Runner(_) | Error::Child(_) => host.log.error("", format!("(cli) {error}")),
    }
    u8::try_from(error.exit().code).unwrap_or(NO_START)
}

/// A line of the log: without what the program has printed itself, and with at most one empty line behind it.
fn print(line: &Line) {
    if ["Cleaning up...", "Reloading configuration..."].contains(&line.message.as_str()) {
        return;
    }
    let level = match line.level {
        Level::Error => "ERR".to_owned(),
        level => level.to_string(),
    };
    let (seconds, millis) = (format_rfc3339(line.at), line.at.millisecond());
    let empty_line = if line.message.ends_with("\n\n") { "\n" } else { "" };
    let (seconds, message) = (seconds.trim_end_matches('Z'), line.message.trim_end());
    errln!("{seconds}.{millis:03}Z [{level}] {message}{empty_line}");
}

/// What a dry run prints.
fn show(text: &str) {
    // Whoever reads it has seen enough.
    let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
}

/// The file with the process's id; it goes when the program does.
struct PidFile(String);

impl PidFile {
    fn write(path: &str) -> Option<Self> {
        if path.is_empty() {
            return None;
        }
        match std::fs::write(path, std::process::id().to_string()) {
            Ok(()) => Some(Self(path.to_owned())),
            Err(error) => {
                errln!("could not open pid file: {error}");
                None
            }
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        let _ = std::fs::remove_file(Path::new(&self.0));
    }
}
