//! The program as its machine sees it: started, reloaded, stopped.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lab_world::{Host, Tasks};
use tokio::sync::watch;

use crate::command::Commands;
use crate::config::{self, Config};
use crate::engine::Engine;
use crate::error::{Error, Exit};
use crate::journal::Journal;
use crate::query::Context;
use crate::token;
use crate::vault::Client;

/// How the program is started, besides its configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Render everything once and exit (`-once`).
    pub once: bool,
}

/// A running consul-template. Dropping it kills it.
///
/// It ends by itself when a template, a render or a command fails, or when Vault has failed for too long; systemd
/// would start it again. SIGTERM does not end the real one, which forwards it to a child it does not have, so there is
/// no method for it.
pub struct Runner {
    start: Start,
    tasks: Tasks,
    exit: watch::Sender<Option<Exit>>,
    generation: u64,
}

/// What it was started with, and is reloaded with.
#[derive(Clone)]
struct Start {
    host: Host,
    path: PathBuf,
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
        Self::start_with(host, path, environment, commands, Options::default())
    }

    /// As [`Runner::start`], with options.
    pub fn start_with(
        host: &Host,
        path: impl Into<PathBuf>,
        environment: BTreeMap<String, String>,
        commands: Arc<dyn Commands>,
        options: Options,
    ) -> Result<Self, Error> {
        let start = Start { host: host.clone(), path: path.into(), environment, commands, options };
        let mut runner = Self { start, tasks: Tasks::new(), exit: watch::Sender::new(None), generation: 0 };
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
        journal.info("(runner) stopping".to_owned());
        self.tasks.abort();
        self.tasks = Tasks::new();
        if let Err(error) = self.launch() {
            finish(&self.exit, &journal, error.exit());
        }
    }

    /// Interrupts it (SIGINT), which ends it with status 12.
    pub fn stop(&self) {
        self.tasks.abort();
        let journal = Journal::new(&self.start.host.log);
        journal.info("Cleaning up...".to_owned());
        finish(&self.exit, &journal, Exit { code: 12, message: String::new() });
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
        let Start { host, path, environment, commands, options } = self.start.clone();
        let config = config::load(&host.disk, &path, &environment)?;
        host.log.set_level(config.log_level);
        let journal = Journal::new(&host.log);
        announce(&journal, &config, options);
        let context = Context {
            vault: Client::new(&host, &config.vault)?,
            config: config.vault.clone(),
            journal: journal.clone(),
            entropy: host.entropy.branch(&format!("consul-template {}", self.generation)),
            host,
        };
        self.generation += 1;
        let engine =
            Engine::new(config, context, commands, environment, options.once).map_err(Error::Runner)?;
        let (exit, scope) = (self.exit.clone(), Tasks::new());
        self.tasks.spawn(async move {
            let exited = match live(engine, &scope).await {
                Ok(()) => Exit { code: 0, message: String::new() },
                Err(error) => Error::Runner(error).exit(),
            };
            finish(&exit, &journal, exited);
        });
        Ok(())
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runner({} on {})", self.start.path.display(), self.start.host.name)
    }
}

async fn live(engine: Engine, scope: &Tasks) -> Result<(), String> {
    token::start(&engine.context, scope).await?;
    engine.run().await
}

fn announce(journal: &Journal, config: &Config, options: Options) {
    for name in &config.ignored {
        journal.debug(format!("(config) `{name}` is read and has no effect in the lab"));
    }
    journal.info("consul-template v0.41.1 ()".to_owned());
    journal.info(format!("(runner) creating new runner (dry: false, once: {})", options.once));
    journal.info("(runner) creating watcher".to_owned());
}

fn finish(exit: &watch::Sender<Option<Exit>>, journal: &Journal, ended: Exit) {
    exit.send_if_modified(|exit| {
        if exit.is_some() {
            return false;
        }
        if !ended.message.is_empty() {
            journal.error(format!("(cli) {}", ended.message));
        }
        *exit = Some(ended);
        true
    });
}
