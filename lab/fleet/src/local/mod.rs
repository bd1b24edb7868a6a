//! A cluster of the real programs on this machine, in real time.

mod cleanup;
mod command;
mod machine;
mod output;
mod programs;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use lab_workflow::{
    Entry, Fault, Fleet, FleetError, Node, Outcome, Plan, Program, ProgramStatus, Role, RunOptions, Topology,
    run,
};
use lab_world::{Host, Line, Net, Tasks};

use self::machine::Machine;

pub use self::cleanup::clean_up;
pub use self::programs::{Programs, ProgramsError};

/// Why a run could not begin on this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalError {
    /// A directory or a file could not be made.
    #[error("{}: {cause}", .path.display())]
    Directory {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// No port of 127.0.0.1 is free.
    #[error("no free port on 127.0.0.1: {0}")]
    Ports(String),
}

/// Carries a plan out on the real programs of this machine, in `directory`, and leaves nothing of it behind: neither a
/// process nor a file.
///
/// Errors: `directory` cannot be made, or no ports are free.
pub async fn run_locally(
    plan: &Plan,
    options: &RunOptions,
    programs: &Programs,
    directory: &Path,
    on_entry: &mut (dyn FnMut(&Entry) + Send),
) -> Result<Outcome, LocalError> {
    let fleet = LocalFleet::new(&plan.topology, programs, directory).await?;
    Ok(run(plan, options, &fleet, on_entry).await)
}

/// Machines that are directories: one Vault, Nomad servers and Nomad clients, all of them on 127.0.0.1 with ports of
/// their own. Dropping it ends every process and removes every file.
#[derive(Debug)]
pub struct LocalFleet {
    operator: Host,
    nodes: Vec<Node>,
    machines: Vec<Arc<Machine>>,
    directory: PathBuf,
    /// Carries out what consul-template asks of `systemctl`.
    tasks: Tasks,
}

impl LocalFleet {
    /// New machines in `directory`, on which nothing runs yet.
    ///
    /// Errors: `directory` cannot be made, or no ports are free.
    pub async fn new(topology: &Topology, programs: &Programs, directory: &Path) -> Result<Self, LocalError> {
        let cannot = |cause: std::io::Error| LocalError::Directory {
            path: directory.to_owned(),
            cause: cause.to_string(),
        };
        std::fs::create_dir_all(directory).map_err(cannot)?;
        let directory = directory.canonicalize().map_err(cannot)?;
        let operator = Host::loopback("operator", &directory);
        let nodes =
            describe(topology, &operator.net).await.map_err(|error| LocalError::Ports(error.to_string()))?;
        let vault = nodes.iter().find_map(|node| node.vault);
        let machines: Vec<Arc<Machine>> = nodes
            .iter()
            .map(|node| Machine::new(&node.name, &directory, vault, programs).map(Arc::new))
            .collect::<Result<_, _>>()
            .map_err(cannot)?;
        let tasks = Tasks::new();
        for machine in &machines {
            tasks.spawn(command::serve(Arc::downgrade(machine), operator.clock.clone()));
        }
        Ok(Self { operator, nodes, machines, directory, tasks })
    }

    fn machine(&self, node: &str) -> Result<&Arc<Machine>, FleetError> {
        let found = self.machines.iter().find(|machine| machine.name() == node);
        found.ok_or_else(|| FleetError::UnknownNode(node.to_owned()))
    }
}

impl Drop for LocalFleet {
    fn drop(&mut self) {
        self.tasks.abort();
        clean_up(&self.directory);
    }
}

/// The machines with ports that are free now.
async fn describe(topology: &Topology, net: &Net) -> std::io::Result<Vec<Node>> {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let roles = [(Role::Vault, 1), (Role::Server, topology.servers), (Role::Client, topology.clients)];
    let names = roles.iter().flat_map(|(role, count)| (1..=*count).map(move |number| (*role, number)));
    let names: Vec<_> = names.collect();
    let ports = net.free_ports(3 * names.len()).await?;
    let nodes = names.into_iter().zip(ports.as_chunks::<3>().0).map(|((role, number), ports)| {
        let [first, second, third] = ports.map(|port| SocketAddr::new(address, port));
        let agent = role != Role::Vault;
        Node {
            name: format!("{role}-{number}"),
            role,
            region: topology.region.clone(),
            address,
            http: agent.then_some(first),
            rpc: (role == Role::Server).then_some(second),
            serf: (role == Role::Server).then_some(third),
            vault: (role == Role::Vault).then_some(first),
        }
    });
    Ok(nodes.collect())
}

impl Fleet for LocalFleet {
    fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn operator(&self) -> &Host {
        &self.operator
    }

    fn net(&self, node: &str) -> Result<Net, FleetError> {
        self.machine(node).map(|_| self.operator.net.clone())
    }

    fn read<'a>(&'a self, node: &'a str, path: &'a str) -> BoxFuture<'a, Result<Vec<u8>, FleetError>> {
        Box::pin(async move { self.machine(node)?.read(path).map_err(|cause| file(node, &cause)) })
    }

    fn write<'a>(
        &'a self,
        node: &'a str,
        path: &'a str,
        bytes: &'a [u8],
        mode: u32,
    ) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(
            async move { self.machine(node)?.write(path, bytes, mode).map_err(|cause| file(node, &cause)) },
        )
    }

    fn start<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            let failed = |cause: std::io::Error| failed(node, program, &cause);
            self.machine(node)?.start(program).await.map_err(failed)
        })
    }

    fn stop<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            self.machine(node)?.stop(program, &self.operator.clock).await;
            Ok(())
        })
    }

    fn kill<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            self.machine(node)?.kill(program).await;
            Ok(())
        })
    }

    fn reload<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            let failed = |cause: std::io::Error| failed(node, program, &cause);
            self.machine(node)?.reload(program).map_err(failed)
        })
    }

    fn status(&self, node: &str, program: Program) -> ProgramStatus {
        self.machine(node).map_or(ProgramStatus::Stopped, |machine| machine.status(program))
    }

    fn log(&self, node: &str, program: Program, mark: usize) -> (Vec<Line>, usize) {
        self.machine(node).map_or_else(|_| (Vec::new(), mark), |machine| machine.log(program, mark))
    }

    fn inject<'a>(&'a self, fault: &'a Fault) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            match fault {
                Fault::PowerOff { node } => {
                    self.machine(node)?.kill_all().await;
                    Ok(())
                }
                other => Err(FleetError::Unsupported(format!(
                    "{other}: its network and its disks are this machine's"
                ))),
            }
        })
    }

    fn heal<'a>(&'a self, fault: &'a Fault) -> BoxFuture<'a, Result<(), FleetError>> {
        // What can be injected is over when programs are started again, which the workflow does.
        Box::pin(async move { fault.nodes().try_for_each(|node| self.machine(node).map(drop)) })
    }
}

fn file(node: &str, cause: &std::io::Error) -> FleetError {
    FleetError::File { node: node.to_owned(), cause: cause.to_string() }
}

fn failed(node: &str, program: Program, cause: &std::io::Error) -> FleetError {
    FleetError::Program { node: node.to_owned(), program, cause: cause.to_string() }
}
