//! A cluster in memory and in virtual time.

mod machine;
mod program;
mod systemctl;

use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use lab_workflow::{
    Entry, Fault, Fleet, FleetError, Node, Outcome, PlanError, Program, ProgramStatus, Role, RunOptions,
    Scenario, Topology, run,
};
use lab_world::{DEFAULT_EPOCH, Host, Line, Net, Simulation, Tear};

use self::machine::Machine;

/// The name that Consul has for the Vault that is active.
const ACTIVE_VAULT: &str = "active.vault.service.consul";

/// Carries a scenario out on a new simulated cluster and waits for its end; virtual time takes none.
///
/// `on_entry` sees each entry of the timeline as it comes. The same scenario, options and program give the same
/// timeline.
///
/// Errors: a choice in `options` that the scenario does not offer.
pub fn simulate(
    scenario: &Scenario,
    options: &RunOptions,
    on_entry: &mut (dyn FnMut(&Entry) + Send),
) -> Result<Outcome, PlanError> {
    let plan = scenario.plan(options)?;
    Ok(Simulation::run(options.seed, DEFAULT_EPOCH, async |world| {
        let fleet = SimulatedFleet::new(world, &plan.topology);
        run(&plan, options, &fleet, on_entry).await
    }))
}

/// Simulated machines: one Vault, Nomad servers and Nomad clients, with a disk and an address each.
#[derive(Debug)]
pub struct SimulatedFleet<'w> {
    world: &'w Simulation,
    operator: Host,
    nodes: Vec<Node>,
    machines: Vec<Arc<Machine>>,
}

impl<'w> SimulatedFleet<'w> {
    /// New machines on which nothing runs yet: `vault-1`, `server-1`, ..., `client-1`, ...
    pub fn new(world: &'w Simulation, topology: &Topology) -> Self {
        let operator = world.host("operator");
        let numbered =
            |role: Role, count: usize| (1..=count).map(move |number| (role, format!("{role}-{number}")));
        let nodes: Vec<Node> = numbered(Role::Vault, 1)
            .chain(numbered(Role::Server, topology.servers))
            .chain(numbered(Role::Client, topology.clients))
            .map(|(role, name)| describe(&world.host(&name), role, &topology.region))
            .collect();
        let machines = nodes.iter().map(|node| Machine::new(node, world.host(&node.name))).collect();
        world.register(ACTIVE_VAULT, &["vault-1"]);
        Self { world, operator, nodes, machines }
    }

    fn machine(&self, node: &str) -> Result<&Arc<Machine>, FleetError> {
        let found = self.machines.iter().find(|machine| machine.name() == node);
        found.ok_or_else(|| FleetError::UnknownNode(node.to_owned()))
    }
}

/// A machine with the ports of its role.
fn describe(host: &Host, role: Role, region: &str) -> Node {
    let address = host.net.address();
    let port = |port: u16, is_open: bool| is_open.then(|| SocketAddr::new(address, port));
    Node {
        name: host.name.clone(),
        role,
        region: region.to_owned(),
        address,
        http: port(4646, role != Role::Vault),
        rpc: port(4647, role == Role::Server),
        serf: port(4648, role == Role::Server),
        vault: port(8200, role == Role::Vault),
    }
}

impl Fleet for SimulatedFleet<'_> {
    fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn operator(&self) -> &Host {
        &self.operator
    }

    fn net(&self, node: &str) -> Result<Net, FleetError> {
        Ok(self.machine(node)?.host().net.clone())
    }

    fn read<'a>(&'a self, node: &'a str, path: &'a str) -> BoxFuture<'a, Result<Vec<u8>, FleetError>> {
        Box::pin(async move {
            let machine = self.machine(node)?;
            machine.host().disk.read(path).map_err(|error| file(node, &error))
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
            let disk = &self.machine(node)?.host().disk;
            disk.write(path, bytes)
                .and_then(|()| disk.set_mode(path, mode))
                .map_err(|error| file(node, &error))
        })
    }

    fn start<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            self.machine(node)?.start(program).await;
            Ok(())
        })
    }

    fn stop<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            self.machine(node)?.stop(program).await;
            Ok(())
        })
    }

    fn kill<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            self.machine(node)?.kill(program);
            Ok(())
        })
    }

    fn reload<'a>(&'a self, node: &'a str, program: Program) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            let failed = |cause| FleetError::Program { node: node.to_owned(), program, cause };
            self.machine(node)?.reload(program).await.map_err(failed)
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
            fault.nodes().try_for_each(|node| self.machine(node).map(drop))?;
            match fault {
                Fault::Cut { from, to } => self.world.cut(from, to),
                Fault::Isolate { node } => self.world.isolate(node),
                Fault::Clog { from, to, delay } => self.world.clog(from, to, *delay),
                Fault::Reset { one, other } => self.world.reset(one, other),
                Fault::PowerOff { node } => {
                    self.machine(node)?.kill_all();
                    self.world.power_off(node);
                }
                Fault::TornWrite { node, path, bytes } => {
                    let disk = &self.machine(node)?.host().disk;
                    disk.tear(path, Tear::Partial(*bytes)).map_err(|error| file(node, &error))?;
                }
            }
            Ok(())
        })
    }

    fn heal<'a>(&'a self, fault: &'a Fault) -> BoxFuture<'a, Result<(), FleetError>> {
        Box::pin(async move {
            fault.nodes().try_for_each(|node| self.machine(node).map(drop))?;
            match fault {
                Fault::Cut { from, to } => self.world.heal(from, to),
                Fault::Isolate { node } => self.world.rejoin(node),
                Fault::PowerOff { node } => self.world.power_on(node),
                // These are over by themselves.
                Fault::Clog { .. } | Fault::Reset { .. } | Fault::TornWrite { .. } => {}
            }
            Ok(())
        })
    }
}

fn file(node: &str, error: &lab_world::DiskError) -> FleetError {
    FleetError::File { node: node.to_owned(), cause: error.to_string() }
}
