//! The program as its machine sees it: started, reloaded, stopped.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lab_world::{Host, Tasks};
use tokio::sync::{Mutex, watch};

use crate::command::{Commands, Invocation};
use crate::config::{self, Config, Process};
use crate::engine::Engine;
use crate::error::{Error, Exit};
use crate::journal::Journal;
use crate::nomad;
use crate::query::Context;
use crate::supervisor::Supervisor;
use crate::token;
use crate::vault::Client;

/// How the program is started, besides its configuration.
#[derive(Clone, Default)]
pub struct Options {
    /// Render everything once and exit (`-once`).
    pub once: bool,
    /// Render once what needs nothing from elsewhere, and exit (`-parse-only`).
    pub parse_only: bool,
    /// Instead of writing files and running commands, show what would be written here: `> path` and the contents
    /// (`-dry`).
    pub dry: Option<DryRun>,
    /// Configuration that is laid over that of the files, as its flags are.
    pub settings: String,
}

/// Where a dry run shows what would be written.
pub type DryRun = Arc<dyn Fn(&str) + Send + Sync>;

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Options(once: {}, dry: {})", self.once, self.dry.is_some())
    }
}

/// A running consul-template. Dropping it kills it.
///
/// It ends by itself when a template, a render or a command fails, when Vault has failed for too long, or when the
/// process that it supervises has ended; systemd would start it again. SIGTERM ends that process, if there is one, and
/// the program only with it.
pub struct Runner {
    start: Start,
    tasks: Tasks,
    exit: watch::Sender<Option<Exit>>,
    generation: u64,
    process: Process,
    supervisor: Option<Arc<Supervisor>>,
    /// Whether it was halted for a reload.
    is_halted: bool,
    /// What is still done after its end was asked for.
    closing: Tasks,
}

/// What it was started with, and is reloaded with.
#[derive(Clone)]
struct Start {
    host: Host,
    paths: Vec<PathBuf>,
    environment: BTreeMap<String, String>,
    commands: Arc<dyn Commands>,
    options: Options,
}

impl Runner {
    /// Starts the program with a configuration file or a directory of them, on `host`'s disk. `commands` runs what
    /// templates have under `command`. Must be called inside a tokio runtime.
    ///
    /// The level of `host.log` becomes that of the configuration, `WARN` unless it says otherwise.
    ///
    /// Errors: what the real program says before it exits: a configuration that does not parse or has unknown names, a
    /// template that cannot be read, TLS files that cannot be used. What goes wrong later is in [`Runner::exited`].
    pub fn start(
        host: &Host,
        path: impl Into<PathBuf>,
        environment: BTreeMap<String, String>,
        commands: Arc<dyn Commands>,
    ) -> Result<Self, Error> {
        Self::start_with(host, vec![path.into()], environment, commands, Options::default())
    }

    /// As [`Runner::start`], with any number of files and directories, later ones over earlier ones, and with options.
    pub fn start_with(
        host: &Host,
        paths: Vec<PathBuf>,
        environment: BTreeMap<String, String>,
        commands: Arc<dyn Commands>,
        options: Options,
    ) -> Result<Self, Error> {
        let start = Start { host: host.clone(), paths, environment, commands, options };
        let mut runner = Self {
            start,
            tasks: Tasks::new(),
            exit: watch::Sender::new(None),
            generation: 0,
            process: Process::default(),
            supervisor: None,
            is_halted: false,
            closing: Tasks::new(),
        };
        runner.launch()?;
        Ok(runner)
    }

    /// Reads the configuration again (SIGHUP): all views are dropped, so every certificate of a `secret` call is
    /// issued anew, while `pkiCert` keeps what is in its destination. A configuration that cannot be used ends the
    /// program; when it has ended already nothing happens.
    pub fn reload(&mut self) {
        if self.exited().is_some() {
            return;
        }
        let journal = Journal::new(&self.start.host.log);
        journal.info("Reloading configuration...".to_owned());
        if !std::mem::take(&mut self.is_halted) {
            journal.info("(runner) stopping".to_owned());
        }
        self.tasks.abort();
        self.tasks = Tasks::new();
        if let Err(error) = self.launch() {
            finish(&self.exit, &journal, error.exit());
        }
    }

    /// Ends what it does ahead of a reload, its process too, for as long as that takes. A reload without this leaves the
    /// process behind.
    pub async fn halt(&mut self) {
        self.is_halted = true;
        Journal::new(&self.start.host.log).info("(runner) stopping".to_owned());
        self.tasks.abort();
        if let Some(supervisor) = &self.supervisor {
            supervisor.stop(false).await;
        }
    }

    /// Interrupts it (SIGINT), which ends it with status 12: at once, or when its process has ended.
    pub fn stop(&self) {
        self.tasks.abort();
        let journal = Journal::new(&self.start.host.log);
        journal.info("Cleaning up...".to_owned());
        let ended = Exit { code: 12, message: String::new() };
        let Some(supervisor) = self.supervisor.clone() else { return finish(&self.exit, &journal, ended) };
        let exit = self.exit.clone();
        journal.info("(runner) stopping".to_owned());
        self.closing.spawn(async move {
            supervisor.stop(true).await;
            finish(&exit, &journal, ended);
        });
    }

    /// Hands a signal on to the process that it supervises: its name, `SIGTERM`, and what Go calls it, `terminated`.
    pub async fn signal(&self, name: &str, shown: &str) {
        if let Some(supervisor) = &self.supervisor {
            supervisor.signal(name, shown).await;
        }
    }

    /// What was configured for the process that it runs in.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// How it ended, if it has.
    pub fn exited(&self) -> Option<Exit> {
        self.exit.borrow().clone()
    }

    /// Waits until it ends.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.exit.subscribe();
        match exit.wait_for(Option::is_some).await.map(|exit| exit.clone()) {
            Ok(Some(exit)) => exit,
            // The sender lives in `self`, and a value was waited for.
            _ => Exit { code: 0, message: String::new() },
        }
    }

    fn launch(&mut self) -> Result<(), Error> {
        let Start { host, paths, environment, commands, options } = self.start.clone();
        let config = config::load(&host.disk, &paths, &options.settings, &environment)?;
        self.process = config.process.clone();
        host.log.set_level(config.log_level);
        let journal = Journal::new(&host.log);
        announce(&journal, &config, &options, self.generation);
        let context = Context {
            vault: Client::new(&host, &config.vault)?,
            config: config.vault.clone(),
            journal: journal.clone(),
            entropy: host.entropy.branch(&format!("consul-template {}", self.generation)),
            nomad: Arc::new(nomad::Agent::new(&host, &config.nomad)?),
            nomad_retry: config.nomad.retry.clone(),
            host,
        };
        self.generation += 1;
        self.supervisor = supervisor(&config, &context, &commands, &environment);
        let mut engine =
            Engine::new(config, context, commands, environment, options).map_err(Error::Runner)?;
        if let Some(supervisor) = self.supervisor.clone() {
            engine.supervise(supervisor);
        }
        let (exit, scope) = (self.exit.clone(), Tasks::new());
        self.tasks.spawn(async move {
            let exited = match live(engine, &scope).await {
                Ok(()) => Exit { code: 0, message: String::new() },
                Err(error) => error.exit(),
            };
            finish(&exit, &journal, exited);
        });
        Ok(())
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runner({:?} on {})", self.start.paths, self.start.host.name)
    }
}

/// What keeps the command of `exec`, where there is one.
fn supervisor(
    config: &Config,
    context: &Context,
    commands: &Arc<dyn Commands>,
    environment: &BTreeMap<String, String>,
) -> Option<Arc<Supervisor>> {
    if !config.exec.is_set() {
        return None;
    }
    let variables = config.exec.environment.apply(environment, config.for_commands());
    Some(Arc::new(Supervisor {
        exec: config.exec.clone(),
        invocation: Invocation::new(&config.exec.command, variables),
        commands: commands.clone(),
        clock: context.host.clock.clone(),
        entropy: context.entropy.branch("exec"),
        journal: context.journal.clone(),
        child: Mutex::new(None),
    }))
}

async fn live(engine: Engine, scope: &Tasks) -> Result<(), Error> {
    token::start(&engine.context, scope).await.map_err(Error::Runner)?;
    engine.run().await
}

fn announce(journal: &Journal, config: &Config, options: &Options, generation: u64) {
    for name in &config.ignored {
        journal.debug(format!("(config) `{name}` is read and has no effect in the lab"));
    }
    if generation == 0 {
        journal.info("consul-template v0.41.1 ()".to_owned());
    }
    let (dry, once) = (options.dry.is_some(), options.once);
    journal.info(format!("(runner) creating new runner (dry: {dry}, once: {once})"));
    journal.info("(runner) creating watcher".to_owned());
}

fn finish(exit: &watch::Sender<Option<Exit>>, journal: &Journal, ended: Exit) {
    exit.send_if_modified(|exit| {
        if exit.is_some() {
            return false;
        }
        if !ended.message.is_empty() {
            let told = format!("(cli) {}", ended.message);
            if ended.code == 0 { journal.info(told) } else { journal.error(told) }
        }
        *exit = Some(ended);
        true
    });
}
