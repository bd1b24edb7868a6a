//! One machine: a directory, and the programs that run in it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use lab_workflow::{Program, ProgramStatus};
use lab_world::{Clock, Launch, Line, Output, Process, ProcessId, Tasks};
use tokio::sync::watch;

use super::command;
use super::output::{last_words, lines_after};
use super::programs::Programs;
use crate::place::Place;

/// How long a program may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(30);

/// A machine of the fleet.
#[derive(Debug)]
pub(super) struct Machine {
    name: String,
    place: Place,
    programs: Programs,
    running: Mutex<BTreeMap<Program, Running>>,
    /// Waits for the ends of processes.
    tasks: Tasks,
}

/// A program that was started.
#[derive(Clone, Debug)]
struct Running {
    id: ProcessId,
    ended: watch::Receiver<Option<i32>>,
    /// Whether somebody asked it to end.
    was_asked: bool,
}

impl Machine {
    pub(super) fn new(
        name: &str,
        directory: &Path,
        vault: Option<SocketAddr>,
        programs: &Programs,
    ) -> io::Result<Self> {
        let place = Place::new(directory.join(name), vault);
        for below in [
            "run",
            "log",
            "bin",
            "opt/vault/data",
            "opt/nomad/data",
            "opt/nomad/agent-certs",
            "opt/nomad/cli-certs",
        ] {
            std::fs::create_dir_all(place.root().join(below))?;
        }
        command::install(place.root())?;
        Ok(Self {
            name: name.to_owned(),
            place,
            programs: programs.clone(),
            running: Mutex::default(),
            tasks: Tasks::new(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn root(&self) -> &Path {
        self.place.root()
    }

    pub(super) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.place.path(path))
    }

    pub(super) fn write(&self, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let place = self.place.path(path);
        if let Some(directory) = place.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let text = std::str::from_utf8(bytes).map(|text| self.place.text(text).into_bytes());
        std::fs::write(&place, text.as_deref().unwrap_or(bytes))?;
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(mode))
    }

    pub(super) async fn start(&self, program: Program) -> io::Result<()> {
        self.kill(program).await;
        let mut process = Process::start(&self.launch(program))?;
        let id = process.id();
        std::fs::write(self.pid_file(program), id.number.to_string())?;
        let (sender, ended) = watch::channel(None);
        self.tasks.spawn(async move {
            let code = process.ended().await.map_or(-1, |ended| ended.code);
            sender.send_replace(Some(code));
        });
        self.running().insert(program, Running { id, ended, was_asked: false });
        Ok(())
    }

    pub(super) async fn stop(&self, program: Program, clock: &Clock) {
        let Some(running) = self.ask_to_end(program) else { return };
        // One that has ended already needs no signal.
        let _ = running.id.signal("TERM");
        let mut ended = running.ended.clone();
        if clock.timeout(PATIENCE, ended.wait_for(Option::is_some)).await.is_none() {
            self.kill(program).await;
        }
    }

    pub(super) async fn kill(&self, program: Program) {
        let Some(running) = self.ask_to_end(program) else { return };
        running.id.kill_group();
        // The sender is dropped only with the machine.
        let _ = running.ended.clone().wait_for(Option::is_some).await;
    }

    pub(super) async fn kill_all(&self) {
        for program in [Program::ConsulTemplate, Program::Nomad, Program::Vault] {
            self.kill(program).await;
        }
    }

    pub(super) fn reload(&self, program: Program) -> io::Result<()> {
        let running = self.running().get(&program).cloned();
        running.ok_or_else(|| io::Error::other("it does not run"))?.id.signal("HUP")
    }

    pub(super) fn status(&self, program: Program) -> ProgramStatus {
        let Some(running) = self.running().get(&program).cloned() else { return ProgramStatus::Stopped };
        match *running.ended.borrow() {
            None => ProgramStatus::Running,
            Some(_) if running.was_asked => ProgramStatus::Stopped,
            Some(code) => ProgramStatus::Exited { code, text: last_words(&self.log_file(program)) },
        }
    }

    pub(super) fn log(&self, program: Program, mark: usize) -> (Vec<Line>, usize) {
        lines_after(&self.log_file(program), mark)
    }

    /// Notes that a program's end is wanted; gives it, if it was started.
    fn ask_to_end(&self, program: Program) -> Option<Running> {
        let mut running = self.running();
        let running = running.get_mut(&program)?;
        running.was_asked = true;
        Some(running.clone())
    }

    fn launch(&self, program: Program) -> Launch {
        let at = |path: &str| self.place.path(path).display().to_string();
        let arguments = match program {
            Program::Vault => vec!["server".to_owned(), format!("-config={}", at("/etc/vault.d"))],
            Program::Nomad => vec!["agent".to_owned(), format!("-config={}", at("/etc/nomad.d"))],
            Program::ConsulTemplate => {
                vec![format!("-config={}", at("/etc/consul-template.d/consul-template.hcl"))]
            }
        };
        let root = self.root().display().to_string();
        let environment = [
            ("HOME", root.clone()),
            ("PATH", format!("{root}/bin:{}", self.programs.search)),
            ("LAB_MACHINE", root),
        ];
        let log = self.log_file(program);
        Launch {
            program: self.programs.file(program).to_owned(),
            arguments,
            environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            directory: self.root().to_owned(),
            output: Output::Files { stdout: log.clone(), stderr: log },
        }
    }

    fn log_file(&self, program: Program) -> PathBuf {
        self.root().join("log").join(program.as_str())
    }

    fn pid_file(&self, program: Program) -> PathBuf {
        self.root().join("run").join(format!("{program}.pid"))
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<Program, Running>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Restarts a program as its service manager would.
pub(super) async fn restart(machine: &Arc<Machine>, program: Program, clock: &Clock) -> io::Result<()> {
    machine.stop(program, clock).await;
    machine.start(program).await
}
