//! `lab up`, `down`, `status`, `env` and `clock`: a Vault and a Nomad cluster on this machine's loopback, as processes
//! of their own, with everything that belongs to them in `./.lab`.

mod certificates;
mod clock;
mod cluster;
mod environment;
mod ports;
mod ready;
mod state;
mod systemctl;
mod unit;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

pub(crate) use self::clock::{ClockArguments, clock};
pub(crate) use self::environment::{EnvArguments, env};
use self::state::{DIRECTORY, State};
pub(crate) use self::systemctl::run as systemctl;
use crate::exit::{Exit, Failure};
use crate::stand_in::table::Columns;
use crate::terminal::{errln, outln};

/// `lab up`
#[derive(Args, Debug)]
pub(crate) struct Up {
    /// How many Nomad servers.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=7), allow_negative_numbers = true)]
    servers: u16,

    /// How many Nomad clients.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=100), allow_negative_numbers = true)]
    clients: u16,

    /// Nomad speaks mutual TLS, with certificates in .lab/tls.
    #[arg(long)]
    tls: bool,

    /// Nomad's access control is on; its first token is made.
    #[arg(long)]
    acl: bool,

    /// Vault's port; 0 for any that is free.
    #[arg(long, default_value_t = 8200, value_name = "PORT")]
    vault_port: u16,

    /// The port of the first Nomad server's HTTP API, with those of RPC and gossip above it; 0 for any that are free.
    #[arg(long, default_value_t = 4646, value_name = "PORT")]
    nomad_port: u16,

    /// Come back as soon as everything is ready, and leave it running until `lab down`.
    #[arg(long, short)]
    detach: bool,

    /// Run the command behind `--` while everything is up, and end with its exit status.
    #[arg(long, requires = "command")]
    exec: bool,

    /// The command for --exec.
    #[arg(last = true)]
    command: Vec<OsString>,
}

/// Starts everything; returns when it is ready, when it has been stopped again, or when the command has ended.
pub(crate) fn up(options: &Up) -> Result<Exit, Failure> {
    let directory = std::env::current_dir()?.join(DIRECTORY);
    if State::load(&directory).is_some_and(|state| state.units.iter().any(|unit| unit.is_running())) {
        return Err(Failure::SetUp(format!(
            "a lab is up already in {}; `lab status` shows it, `lab down` ends it",
            directory.display()
        )));
    }
    let stop = Stop::prepare()?;
    let mut state = cluster::start(options, &directory)?;
    let ready = ready::wait(&mut state, usize::from(options.clients), options.acl);
    if let Err(failure) = ready.and_then(|()| Ok(state.save(&directory)?)) {
        state.stop_all();
        return Err(failure);
    }
    if options.exec {
        let code = environment::run(&state, &directory, &options.command);
        state.stop_all();
        State::remove(&directory);
        return code;
    }
    announce(&state, options.detach);
    if !options.detach {
        stop.wait();
        state.stop_all();
        State::remove(&directory);
        errln!("everything is stopped");
    }
    Ok(Exit::Good)
}

/// Stops everything that `lab up -d` started, and removes what runs on this machine left when their `lab` was killed.
pub(crate) fn down() -> Result<Exit, Failure> {
    let left = crate::local::clean_leftovers();
    if left > 0 {
        errln!("removed what {left} killed {} left", if left == 1 { "run" } else { "runs" });
    }
    let (directory, state) = match found() {
        Err(_) if left > 0 => return Ok(Exit::Good),
        found => found?,
    };
    state.stop_all();
    State::remove(&directory);
    errln!("everything is stopped; files and logs stay in {}", directory.display());
    Ok(Exit::Good)
}

/// Prints what runs.
pub(crate) fn status() -> Result<Exit, Failure> {
    let (_, state) = found()?;
    let mut lines = vec!["Unit|PID|State|Address|Log".to_owned()];
    for unit in &state.units {
        let running = if unit.is_running() { "running" } else { "stopped" };
        lines.push(format!(
            "{}|{}|{running}|{}|{}",
            unit.name,
            unit.process.number,
            unit.address,
            unit.log.display()
        ));
    }
    writeln!(anstream::stdout(), "{}", Columns::LIST.format(&lines))?;
    let is_up = state.units.iter().all(|unit| unit.is_running());
    Ok(if is_up { Exit::Good } else { Exit::Unexpected })
}

fn announce(state: &State, is_detached: bool) {
    outln!("Vault    {}   token root", state.vault);
    let token = state.nomad_token.as_ref().map(|token| format!("   token {token}")).unwrap_or_default();
    outln!("Nomad    {}{token}", state.nomad);
    outln!("\nIn another shell:  eval \"$(lab env)\"  and then  vault status, nomad node status");
    outln!("It ends with:      {}", if is_detached { "lab down" } else { "Ctrl-C" });
}

/// The lab that is up here or in a directory above, or where the environment says.
fn found() -> Result<(PathBuf, State), Failure> {
    let directory = directory(&std::env::current_dir()?);
    let missing = || Failure::SetUp("no lab is up here; `lab up` starts one".to_owned());
    let directory = directory.ok_or_else(missing)?;
    let state = State::load(&directory).ok_or_else(missing)?;
    Ok((directory, state))
}

fn directory(here: &Path) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("LAB_DIRECTORY").filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named));
    }
    here.ancestors().map(|above| above.join(DIRECTORY)).find(|directory| State::load(directory).is_some())
}

/// Ctrl-C and SIGTERM, caught before anything is started.
struct Stop {
    runtime: tokio::runtime::Runtime,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn prepare() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let inside = runtime.enter();
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        drop(inside);
        Ok(Self { runtime, interrupt, terminate })
    }

    fn wait(mut self) {
        let (interrupt, terminate) = (&mut self.interrupt, &mut self.terminate);
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
    }
}
