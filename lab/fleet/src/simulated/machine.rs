//! One machine and the programs on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use lab_workflow::{Node, Program, ProgramStatus};
use lab_world::{Host, Line, Log};

use super::program::{self, Running};

/// A machine; its programs can be signalled from the outside and, through `systemctl`, by each other.
#[derive(Debug)]
pub(super) struct Machine {
    node: Node,
    host: Host,
    logs: BTreeMap<Program, Log>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: BTreeMap<Program, Arc<dyn Running>>,
    /// Programs that did not even start.
    failed: BTreeMap<Program, String>,
    starts: u32,
}

impl Machine {
    pub(super) fn new(node: &Node, host: Host) -> Arc<Self> {
        let programs = [Program::Vault, Program::Nomad, Program::ConsulTemplate];
        let logs = programs.into_iter().map(|program| (program, Log::new(&host.clock))).collect();
        Arc::new(Self { node: node.clone(), host, logs, state: Mutex::default() })
    }

    pub(super) fn name(&self) -> &str {
        &self.node.name
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// Starts a program, unless it runs already. One that does not start counts as one that ended at once.
    pub(super) async fn start(self: &Arc<Self>, program: Program) {
        if self.status(program) == ProgramStatus::Running {
            return;
        }
        self.kill(program);
        let host = self.host_for(program);
        match program::start(self, host, program).await {
            Ok(running) => {
                self.state().running.insert(program, running);
            }
            Err(error) => {
                self.state().failed.insert(program, error);
            }
        }
    }

    /// SIGTERM, and waits.
    pub(super) async fn stop(&self, program: Program) {
        let running = self.take(program);
        if let Some(running) = running {
            running.stop().await;
        }
    }

    /// SIGKILL.
    pub(super) fn kill(&self, program: Program) {
        drop(self.take(program));
    }

    pub(super) fn kill_all(&self) {
        let running = std::mem::take(&mut self.state().running);
        drop(running);
    }

    /// SIGHUP.
    pub(super) async fn reload(&self, program: Program) -> Result<(), String> {
        let running = self.state().running.get(&program).cloned();
        match running.filter(|running| running.exited().is_none()) {
            Some(running) => {
                running.reload().await;
                Ok(())
            }
            None => Err(format!("{program}.service is not active, cannot reload.")),
        }
    }

    pub(super) fn status(&self, program: Program) -> ProgramStatus {
        let state = self.state();
        if let Some(error) = state.failed.get(&program) {
            return ProgramStatus::Exited { code: 1, text: error.clone() };
        }
        match state.running.get(&program).map(|running| running.exited()) {
            None => ProgramStatus::Stopped,
            Some(None) => ProgramStatus::Running,
            Some(Some((code, text))) => ProgramStatus::Exited { code, text },
        }
    }

    pub(super) fn log(&self, program: Program, mark: usize) -> (Vec<Line>, usize) {
        self.logs.get(&program).map_or_else(|| (Vec::new(), mark), |log| (log.lines_after(mark), log.count()))
    }

    /// The machine as one run of a program sees it: the log goes on, the randomness is another one each time.
    fn host_for(&self, program: Program) -> Host {
        let number = {
            let mut state = self.state();
            state.starts += 1;
            state.starts
        };
        let host = self.host.program(&format!("{program} {number}"));
        match self.logs.get(&program) {
            Some(log) => Host { log: log.clone(), ..host },
            None => host,
        }
    }

    fn take(&self, program: Program) -> Option<Arc<dyn Running>> {
        let mut state = self.state();
        state.failed.remove(&program);
        state.running.remove(&program)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while managing programs")
    }
}
