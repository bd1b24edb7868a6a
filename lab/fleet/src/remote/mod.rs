//! A cluster that runs already, on machines that are reached by commands.

mod inventory;
mod shell;

use std::path::Path;
use std::sync::Mutex;

use futures::future::BoxFuture;
use lab_workflow::{Existing, Fault, Fleet, FleetError, Node, Program, ProgramStatus};
use lab_world::{Host, Line, Net, shell_word};

use crate::place::Place;

pub use self::inventory::{Inventory, Machine};

/// Whether machines may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Their files are read and their ports are asked; nothing else.
    Look,
    /// Files are written, programs started, stopped and reloaded.
    Change,
}

/// What hears of every command before it is run: the machine's name and the words.
type OnCommand = Box<dyn FnMut(&str, &[String]) + Send>;

/// Machines that exist, in real time. Nothing is set up or removed; dropping it changes nothing.
pub struct RemoteFleet {
    operator: Host,
    nodes: Vec<Node>,
    machines: Vec<Machine>,
    existing: Existing,
    permission: Permission,
    on_command: Mutex<OnCommand>,
}

impl RemoteFleet {
    /// The machines of an inventory. `on_command` hears of every command that changes one, before it is run.
    pub fn new(
        inventory: &Inventory,
        existing: Existing,
        permission: Permission,
        on_command: impl FnMut(&str, &[String]) + Send + 'static,
    ) -> Self {
        let operator = Host { net: Net::outgoing(), ..Host::loopback("operator", ".") };
        Self {
            operator,
            nodes: inventory.machines.iter().map(|machine| machine.node.clone()).collect(),
            machines: inventory.machines.clone(),
            existing,
            permission,
            on_command: Mutex::new(Box::new(on_command)),
        }
    }

    fn machine(&self, node: &str) -> Result<&Machine, FleetError> {
        let found = self.machines.iter().find(|machine| machine.node.name == node);
        found.ok_or_else(|| FleetError::UnknownNode(node.to_owned()))
    }

    fn place(&self, machine: &Machine) -> Place {
        let vault = self.existing.vault.as_deref().and_then(|vault| vault.split_once("://"));
        Place::new(machine.root.clone().into(), vault.and_then(|(_, address)| address.parse().ok()))
    }

    /// Runs a command that changes a machine, if that is allowed.
    async fn change(
        &self,
        machine: &Machine,
        what: &str,
        script: &str,
        input: &[u8],
    ) -> Result<Vec<u8>, FleetError> {
        let node = &machine.node.name;
        if self.permission == Permission::Look {
            return Err(FleetError::NotAllowed(what.to_owned(), node.clone()));
        }
        let words = machine.command(script);
        (self.on_command.lock().expect("no panic while telling"))(node, &words);
        let result = shell::run(&words, input, &self.operator.clock).await;
        result.map_err(|cause| FleetError::File { node: node.clone(), cause: format!("{what}: {cause}") })
    }

    async fn service(&self, node: &str, verb: &str, program: Program) -> Result<(), FleetError> {
        let machine = self.machine(node)?;
        self.change(machine, &format!("{verb} {program}"), &machine.service(verb, program), b"")
            .await
            .map(drop)
    }
}

impl Fleet for RemoteFleet {
    fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn operator(&self) -> &Host {
        &self.operator
    }

    fn existing(&self) -> Option<Existing> {
        Some(self.existing.clone())
    }

    fn net(&self, node: &str) -> Result<Net, FleetError> {
        self.machine(node).map(|_| self.operator.net.clone())
    }

    fn check<'a>(&'a self, node: &'a str) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            let words = self.machine(node)?.command("true");
            let result = shell::run(&words, b"", &self.operator.clock).await;
            let tried = |cause| format!("`{}` does not work: {cause}", words.join(" "));
            result.map(drop).map_err(|cause| FleetError::File { node: node.to_owned(), cause: tried(cause) })
        })
    }

    fn read<'a>(&'a self, node: &'a str, path: &'a str) -> BoxFuture<'a, Result<Vec<u8>, FleetError>> {
        Box::pin(async move {
            let machine = self.machine(node)?;
            let file = self.place(machine).path(path);
            let script = format!("cat -- {}", shell_word(&file.display().to_string()));
            let result = shell::run(&machine.command(&script), b"", &self.operator.clock).await;
            result.map_err(|cause| FleetError::File { node: node.to_owned(), cause })
        })
    }

    fn write<'a>(
        &'a self,
        node: &'a str,
        path: &'a str,
        bytes: &'a [u8],
        mode: u32,
    ) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            let machine = self.machine(node)?;
            let place = self.place(machine);
            let text = std::str::from_utf8(bytes).map(|text| place.text(text).into_bytes());
            let script = write_script(&place.path(path), mode);
            let what = format!("write {path}");
            self.change(machine, &what, &script, text.as_deref().unwrap_or(bytes)).await.map(drop)
        })
    }

    fn start<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(self.service(node, "start", program))
    }

    fn stop<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(self.service(node, "stop", program))
    }

    fn kill<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(self.service(node, "kill", program))
    }

    fn reload<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(self.service(node, "reload", program))
    }

    /// Its service manager looks after it.
    fn status(&self, _: &str, _: Program) -> ProgramStatus {
        ProgramStatus::Running
    }

    /// Logs stay where they are.
    fn log(&self, _: &str, _: Program, mark: usize) -> (Vec<Line>, usize) {
        (Vec::new(), mark)
    }

    fn inject<'a>(&'a self, fault: &'a Fault) -> BoxFuture<'a, Result<(), FleetError>> {
        let refused = FleetError::Unsupported(format!("{fault}: the machines are somebody's"));
        Box::pin(async move { Err(refused) })
    }

    fn heal<'a>(&'a self, fault: &'a Fault) -> BoxFuture<'a, Result<(), FleetError>> {
        self.inject(fault)
    }
}

/// Beside the old file first, so that there is never half a one.
fn write_script(file: &Path, mode: u32) -> String {
    let directory = file.parent().unwrap_or(Path::new("/")).display().to_string();
    let (file, beside) = (file.display().to_string(), format!("{}.lab", file.display()));
    let (directory, file, beside) = (shell_word(&directory), shell_word(&file), shell_word(&beside));
    format!(
        "mkdir -p {directory} && (umask 077 && cat >{beside}) && chmod {mode:o} {beside} && mv {beside} {file}"
    )
}
