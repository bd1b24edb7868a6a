//! The process that `exec` starts: told of changes, handed signals, ended with the program.

use std::sync::Arc;
use std::time::Duration;

use lab_world::{Clock, Entropy};
use tokio::sync::{Mutex, MutexGuard, watch};

use crate::command::{Child, CommandError, Commands, Invocation};
use crate::config::ExecConfig;
use crate::journal::Journal;

/// How long it may take to end unless configured.
const KILL_TIMEOUT: Duration = Duration::from_secs(30);

/// The signal that is none: nothing is sent.
const NO_SIGNAL: &str = "SIGNULL";

/// One process at a time, and how it is treated.
pub(crate) struct Supervisor {
    pub(crate) exec: ExecConfig,
    pub(crate) invocation: Result<Invocation, CommandError>,
    pub(crate) commands: Arc<dyn Commands>,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) journal: Journal,
    /// Locked for as long as a process is being ended.
    pub(crate) child: Mutex<Option<Arc<dyn Child>>>,
}

impl Supervisor {
    /// Starts the process, unless it was started before; gives how it will end.
    pub(crate) async fn start(&self) -> Result<watch::Receiver<Option<i32>>, String> {
        let mut child = self.child.lock().await;
        match child.as_ref() {
            Some(running) => Ok(running.ended()),
            None => {
                if let Ok(invocation) = &self.invocation {
                    self.journal.info(format!("(child) spawning: {}", invocation.started()));
                }
                self.launch(&mut child)
            }
        }
    }

    /// Tells the process that a file has changed, where there is a process.
    pub(crate) async fn reload(&self) -> Result<(), String> {
        let mut child = self.child.lock().await;
        let Some(running) = child.clone() else { return Ok(()) };
        match &self.exec.reload_signal {
            Some(signal) => {
                self.journal.info("(child) reloading process".to_owned());
                self.splay().await;
                send(&running, signal)
            }
            None => {
                self.journal.info("(child) restarting process".to_owned());
                self.kill(&running, false).await;
                self.launch(&mut child).map(|_| ())
            }
        }
    }

    /// Hands it a signal that the program got: its name, and what Go calls it.
    pub(crate) async fn signal(&self, name: &str, shown: &str) {
        let child = self.child.lock().await;
        let Some(running) = child.as_ref() else { return };
        self.journal.info(format!("(child) receiving signal {shown:?}"));
        if self.exec.reload_signal.as_deref() == Some(name) {
            self.splay().await;
        } else if self.kill_signal() == name {
            return self.kill(running, true).await;
        }
        // Nobody hears of it when that fails.
        let _ = send(running, name);
    }

    /// Ends it, without the delay where it is to be `immediate`.
    pub(crate) async fn stop(&self, immediate: bool) {
        let mut child = self.child.lock().await;
        if let Some(running) = child.take() {
            self.journal.info("(child) stopping process".to_owned());
            self.kill(&running, immediate).await;
        }
    }

    fn launch(
        &self,
        child: &mut MutexGuard<'_, Option<Arc<dyn Child>>>,
    ) -> Result<watch::Receiver<Option<i32>>, String> {
        let invocation = self.invocation.as_ref().map_err(ToString::to_string)?;
        let started = self.commands.supervise(invocation).map_err(|error| error.to_string())?;
        Ok(child.insert(started).ended())
    }

    /// Asks it to end, and ends it when it does not.
    async fn kill(&self, child: &Arc<dyn Child>, immediate: bool) {
        let mut ended = child.ended();
        if ended.borrow().is_some() {
            self.journal.debug("(child) Kill() called but process dead; not waiting for splay.".to_owned());
            return;
        }
        if immediate {
            let told = "(child) Kill() called but performing immediate shutdown; not waiting for splay.";
            self.journal.debug(told.to_owned());
        } else {
            self.splay().await;
        }
        if let Err(error) = send(child, self.kill_signal()) {
            self.journal.error(format!("(child) Kill failed: {error}"));
        } else {
            let limit = self.exec.kill_timeout.unwrap_or(KILL_TIMEOUT);
            if self.clock.timeout(limit, ended.wait_for(Option::is_some)).await.is_some() {
                return;
            }
        }
        // It may have ended in between.
        let _ = child.signal("SIGKILL");
    }

    fn kill_signal(&self) -> &str {
        self.exec.kill_signal.as_deref().unwrap_or("SIGINT")
    }

    async fn splay(&self) {
        let Some(longest) = self.exec.splay.filter(|splay| !splay.is_zero()) else { return };
        let delay = self.entropy.duration(Duration::ZERO..longest);
        self.journal.debug(format!("(child) waiting {:.2}s for random splay", delay.as_secs_f64()));
        self.clock.sleep(delay).await;
    }
}

/// Waits for the end of a process, where there is one, and gives its status.
pub(crate) async fn ended(process: &mut Option<watch::Receiver<Option<i32>>>) -> i32 {
    let code = match process {
        Some(process) => process.wait_for(Option::is_some).await.ok().and_then(|code| *code),
        None => None,
    };
    match code {
        Some(code) => code,
        // There is no process, or whoever waited for it is gone.
        None => std::future::pending().await,
    }
}

fn send(child: &Arc<dyn Child>, signal: &str) -> Result<(), String> {
    if signal == NO_SIGNAL { Ok(()) } else { child.signal(signal) }
}
