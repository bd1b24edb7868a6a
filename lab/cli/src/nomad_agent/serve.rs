//! From the start to the signal that ends it.

use lab_world::Host;
use mock_nomad::{Agent, Exit};

use super::options::CommandLine;
use super::terminal::Terminal;
use crate::stand_in::{Asked, Environment, Signals, follow_lab_clock};
use crate::terminal::errln;

/// Serves until a signal or a failure ends the agent; returns the exit status.
pub(super) async fn serve(command_line: CommandLine, environment: &Environment) -> u8 {
    // Signals that come while the agent starts are not lost.
    let (mut signals, host) = match (Signals::catch(), std::env::current_dir()) {
        (Ok(signals), Ok(directory)) => (signals, Host::loopback(&machine(), directory)),
        (Err(error), _) | (_, Err(error)) => {
            errln!("==> Error starting agent: {error}");
            return 1;
        }
    };
    let _lab_clock = follow_lab_clock(&host.clock, environment);
    let terminal = Terminal::default();
    host.log.set_observer(terminal.observer());
    let CommandLine { configs, options } = command_line;
    let Ok(agent) = Agent::start(&host, &configs, options).await else {
        // The terminal has been told why.
        terminal.open();
        return 1;
    };
    terminal.open();
    let exit = until_the_end(&agent, &mut signals).await;
    u8::try_from(exit.code).unwrap_or(1)
}

async fn until_the_end(agent: &Agent, signals: &mut Signals) -> Exit {
    loop {
        let asked = tokio::select! {
            biased;
            exit = agent.wait() => return exit,
            asked = signals.next() => asked,
        };
        match asked {
            Asked::Reload => agent.reload().await,
            // A second signal does not wait for a slow farewell.
            Asked::Interrupt | Asked::Terminate => {
                tokio::select! {
                    biased;
                    () = end(agent, asked) => {}
                    _ = signals.next() => return Exit { code: 1, message: String::new() },
                }
            }
        }
    }
}

async fn end(agent: &Agent, asked: Asked) {
    match asked {
        Asked::Interrupt => agent.interrupt().await,
        Asked::Terminate | Asked::Reload => agent.stop().await,
    }
}

/// What this machine is called.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "lab".to_owned() } else { name.trim().to_owned() }
}
