//! The agent: a process with a configuration, that starts servers and clients, is told to read its files again, and
//! ends.

mod client;
mod http;
mod keyring;
mod metrics;
mod monitor;
mod overrides;
mod read;
mod reload;
mod server;
mod shown;
mod start;
mod ui;
mod view;
mod ways;

use std::path::PathBuf;
use std::sync::Arc;

use lab_world::{Host, Tasks};
use tokio::sync::{Mutex, watch};

pub use self::overrides::Overrides;
use self::start::Running;
use self::ui::Ui;
use crate::config::AgentConfig;
use crate::telemetry::Telemetry;

/// What is given on the command line beside the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-dev`: a server and a client in one agent, on loopback, with nothing on disk.
    pub dev: bool,
    /// Whether its tasks end with it, as those of a development agent do.
    pub ends_tasks: bool,
    /// Settings over those of the files.
    pub overrides: Overrides,
}

impl Options {
    fn ends_tasks(&self) -> bool {
        self.dev || self.ends_tasks
    }
}

/// How an agent ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The process's exit status.
    pub code: i32,
    /// The last line for the terminal, without its `==> `: why it ended.
    pub message: String,
}

/// Why an agent did not start; displays as the last line on the terminal, without its `==> `. The real program exits
/// with status 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used: `Error loading configuration from F: ...` and the like.
    #[error("{0}")]
    Configuration(String),
    /// A part of the agent did not start: `Error starting agent: ...`, `Error starting http server: ...`.
    #[error("{0}")]
    Start(String),
}

/// A running Nomad agent. Dropping it kills it.
///
/// Its log is its host's, named as the real one's loggers; what the real program prints to the terminal (`==> ...`) is
/// in it too, under no name.
pub struct Agent {
    shared: Arc<Shared>,
}

/// What outlives a reload.
struct Shared {
    host: Host,
    paths: Vec<PathBuf>,
    options: Options,
    ui: Ui,
    tasks: Tasks,
    telemetry: Arc<Telemetry>,
    running: Mutex<Option<Running>>,
    exit: watch::Sender<Option<Exit>>,
}

impl Agent {
    /// Starts an agent with the files and directories of `paths`, in this order.
    ///
    /// Errors are in the real program's words; the log holds every line that it would have printed before.
    pub async fn start(host: &Host, paths: &[PathBuf], options: Options) -> Result<Self, StartError> {
        let shared = Arc::new(Shared {
            host: host.clone(),
            paths: paths.to_vec(),
            options,
            ui: Ui::new(&host.log),
            tasks: Tasks::new(),
            telemetry: Arc::new(Telemetry::new(&host.clock)),
            running: Mutex::new(None),
            exit: watch::Sender::new(None),
        });
        let agent = Self { shared };
        let running = start::start(&agent.shared).await?;
        *agent.shared.running.lock().await = Some(running);
        Ok(agent)
    }

    /// SIGHUP: reads the files again and applies what the real program applies; returns when it is done. The agent may
    /// be dead then, see [`Agent::exited`].
    pub async fn reload(&self) {
        let mut running = self.shared.running.lock().await;
        let Some(agent) = running.as_mut() else { return };
        if let Err(exit) = reload::reload(&self.shared, agent).await {
            running.take();
            self.shared.end(exit);
        }
    }

    /// SIGTERM: ends in order; with `leave_on_terminate` it tells the other servers first.
    pub async fn stop(&self) {
        self.end_by("terminated", |config| config.leave_on_terminate).await;
    }

    /// SIGINT: as [`Agent::stop`], with `leave_on_interrupt`.
    pub async fn interrupt(&self) {
        self.end_by("interrupt", |config| config.leave_on_interrupt).await;
    }

    async fn end_by(&self, signal: &str, leaves: fn(&AgentConfig) -> bool) {
        let Some(running) = self.shared.running.lock().await.take() else { return };
        let message = format!("Caught signal: {signal}");
        self.shared.ui.output(&message);
        let leave = leaves(&running.config());
        if leave {
            self.shared.ui.output("Gracefully shutting down agent...");
            running.leave().await;
        }
        running.say_goodbye(leave);
        if self.shared.options.ends_tasks() {
            running.kill_processes();
        }
        self.shared.end(Exit { code: if leave { 0 } else { 1 }, message });
    }

    /// How it ended; `None` while it runs.
    pub fn exited(&self) -> Option<Exit> {
        self.shared.exit.borrow().clone()
    }

    /// Waits until it ends.
    pub async fn wait(&self) -> Exit {
        let mut exit = self.shared.exit.subscribe();
        let ended = exit.wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone());
        // The sender lives in `self`.
        ended.unwrap_or(Exit { code: 1, message: String::new() })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Nobody would find the processes of a development agent again.
        if self.shared.options.ends_tasks()
            && let Ok(running) = self.shared.running.try_lock()
            && let Some(running) = running.as_ref()
        {
            running.kill_processes();
        }
        self.shared.tasks.abort();
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Agent({}, exited: {:?})", self.shared.host.name, self.exited())
    }
}

impl Shared {
    /// Ends everything.
    fn end(&self, exit: Exit) {
        self.tasks.abort();
        self.exit.send_replace(Some(exit));
    }
}
