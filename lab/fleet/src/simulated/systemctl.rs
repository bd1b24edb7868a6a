//! The commands that consul-template runs: the machine's service manager.

use std::sync::Weak;

use lab_consul_template::{CommandError, CommandFuture, Commands, Invocation};
use lab_workflow::Program;

use super::machine::Machine;

/// `systemctl reload|restart|start|stop nomad`, carried out on the machine's own programs.
///
/// There is no shell here: what it cannot run fails, as an unknown command does, rather than seeming to be done.
pub(super) struct Systemctl {
    machine: Weak<Machine>,
}

impl Systemctl {
    pub(super) fn new(machine: Weak<Machine>) -> Self {
        Self { machine }
    }
}

impl Commands for Systemctl {
    fn run(&self, command: &Invocation) -> CommandFuture {
        let (machine, command) = (self.machine.clone(), command.clone());
        Box::pin(async move {
            // Without the machine there is nobody left who could ask.
            let Some(machine) = machine.upgrade() else { return Ok(()) };
            match carry_out(&machine, &command.line()).await {
                true => Ok(()),
                false => Err(CommandError::Failed(command.started())),
            }
        })
    }
}

/// Whether the command ended with status 0.
async fn carry_out(machine: &std::sync::Arc<Machine>, command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().filter(|word| *word != "sudo").collect();
    let (verb, unit) = match words.as_slice() {
        ["systemctl", verb, unit] | ["service", unit, verb] => (*verb, *unit),
        _ => return false,
    };
    let Some(program) = program(unit) else { return false };
    match verb {
        "reload" => machine.reload(program).await.is_ok(),
        "restart" | "try-restart" => {
            machine.stop(program).await;
            machine.start(program).await;
            true
        }
        "reload-or-restart" => {
            if machine.reload(program).await.is_err() {
                machine.start(program).await;
            }
            true
        }
        "start" => {
            machine.start(program).await;
            true
        }
        "stop" => {
            machine.stop(program).await;
            true
        }
        _ => false,
    }
}

fn program(unit: &str) -> Option<Program> {
    let unit = unit.trim_end_matches(".service");
    [Program::Vault, Program::Nomad, Program::ConsulTemplate]
        .into_iter()
        .find(|program| program.as_str() == unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use lab_workflow::{Node, ProgramStatus, Role};
    use lab_world::{DEFAULT_EPOCH, Simulation};

    /// A machine with a configuration for consul-template that renders nothing.
    fn machine(world: &Simulation) -> Arc<Machine> {
        let host = world.host("client-1");
        host.disk.write("/etc/consul-template.d/consul-template.hcl", b"").expect("there is room");
        let node = Node {
            name: host.name.clone(),
            role: Role::Client,
            region: "global".to_owned(),
            address: host.net.address(),
            http: None,
            rpc: None,
            serf: None,
            vault: None,
        };
        Machine::new(&node, host)
    }

    #[test]
    fn units_are_started_and_stopped_and_what_is_unknown_fails() {
        Simulation::run(0, DEFAULT_EPOCH, async |world| {
            let machine = machine(world);
            let status = || machine.status(Program::ConsulTemplate);
            assert!(!carry_out(&machine, "systemctl reload consul-template").await, "it does not run");
            assert!(carry_out(&machine, "sudo systemctl start consul-template").await);
            assert_eq!(status(), ProgramStatus::Running);
            assert!(carry_out(&machine, "systemctl reload consul-template.service").await);
            assert!(carry_out(&machine, "service consul-template restart").await);
            assert_eq!(status(), ProgramStatus::Running);
            assert!(carry_out(&machine, "systemctl stop consul-template").await);
            assert_eq!(status(), ProgramStatus::Stopped);
            for unknown in ["systemctl reload mongod", "systemctl dance nomad", "pkill -HUP nomad", ""] {
                assert!(!carry_out(&machine, unknown).await, "{unknown}");
            }
        });
    }

    #[test]
    fn a_program_that_does_not_start_has_exited() {
        Simulation::run(0, DEFAULT_EPOCH, async |world| {
            let machine = machine(world);
            machine.host().disk.write("/etc/nomad.d/nomad.hcl", b"name = [").expect("there is room");
            machine.start(Program::Nomad).await;
            let ProgramStatus::Exited { code: 1, text } = machine.status(Program::Nomad) else {
                panic!("{:?}", machine.status(Program::Nomad));
            };
            assert!(text.contains("/etc/nomad.d/nomad.hcl"), "{text}");
            machine.stop(Program::Nomad).await;
            assert_eq!(machine.status(Program::Nomad), ProgramStatus::Stopped);
        });
    }
}
