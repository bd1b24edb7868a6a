//! Commands, run on this machine.

use std::io::ErrorKind;
use std::sync::Arc;

use lab_consul_template::{Child, CommandError, CommandFuture, Commands, Invocation};
use lab_world::{ProcessId, Tasks};
use tokio::process::Command;
use tokio::sync::watch;

/// Runs commands. One that is not waited for any longer is killed; the one that is supervised is not: the real program
/// leaves it behind when it fails.
pub(super) struct Shell;

impl Commands for Shell {
    fn run(&self, command: &Invocation) -> CommandFuture {
        let command = command.clone();
        Box::pin(async move {
            let mut child = process(&command).kill_on_drop(true).spawn().map_err(not_started(&command))?;
            match child.wait().await {
                Ok(status) if status.success() => Ok(()),
                _ => Err(CommandError::Failed(command.started())),
            }
        })
    }

    fn supervise(&self, command: &Invocation) -> Result<Arc<dyn Child>, CommandError> {
        let mut child = process(command).kill_on_drop(false).spawn().map_err(not_started(command))?;
        let id = ProcessId::of(child.id().unwrap_or_default());
        let (ending, ended) = watch::channel(None);
        let tasks = Tasks::new();
        tasks.spawn(async move {
            let status = child.wait().await;
            ending.send_replace(Some(status.map_or(127, |status| status.code().unwrap_or(-1))));
        });
        Ok(Arc::new(Supervised { id, is_group: command.is_shell, ended, _tasks: tasks }))
    }
}

/// The process that is supervised.
struct Supervised {
    id: ProcessId,
    /// Whether signals are for its group.
    is_group: bool,
    ended: watch::Receiver<Option<i32>>,
    _tasks: Tasks,
}

impl Child for Supervised {
    fn signal(&self, name: &str) -> Result<(), String> {
        let sent = if self.is_group { self.id.signal_group(name) } else { self.id.signal(name) };
        sent.map_err(|error| error.to_string())
    }

    fn ended(&self) -> watch::Receiver<Option<i32>> {
        self.ended.clone()
    }
}

fn process(command: &Invocation) -> Command {
    let mut process = Command::new(&command.words[0]);
    process.args(&command.words[1..]).env_clear().envs(&command.environment);
    if command.is_shell {
        process.process_group(0);
    }
    process
}

fn not_started(command: &Invocation) -> impl Fn(std::io::Error) -> CommandError {
    let program = command.words[0].clone();
    move |error| {
        CommandError::NotStarted(match error.kind() {
            ErrorKind::NotFound if program.contains('/') => {
                format!("fork/exec {program}: no such file or directory")
            }
            ErrorKind::NotFound => format!("exec: {program:?}: executable file not found in $PATH"),
            ErrorKind::PermissionDenied => format!("fork/exec {program}: permission denied"),
            _ => error.to_string(),
        })
    }
}
