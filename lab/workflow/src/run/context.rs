//! What the actions of a run share.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use lab_world::{Clock, Entropy};

use super::agents::Written;
use super::recorder::Recorder;
use super::wait::Pace;
use crate::action::{Order, Render, Selector};
use crate::error::Error;
use crate::fleet::{Fleet, Node, Program, ProgramStatus, Role};
use crate::nomad::NomadApi;
use crate::observe::Observer;
use crate::probe::Prober;
use crate::scenario::Plan;
use crate::timeline::{Change, Event};
use crate::vault::VaultApi;

/// Everything that a run needs to carry out its actions.
pub(crate) struct Context<'a> {
    pub(crate) fleet: &'a dyn Fleet,
    pub(crate) plan: &'a Plan,
    pub(crate) recorder: &'a Recorder<'a>,
    pub(crate) nomad: &'a NomadApi,
    pub(crate) observer: &'a Observer<'a>,
    pub(crate) prober: Prober<'a>,
    pub(crate) pace: &'a Pace,
    pub(crate) entropy: Entropy,
    pub(crate) memory: Mutex<Memory>,
}

/// What an operator remembers between actions.
#[derive(Default)]
pub(crate) struct Memory {
    /// Vault, once it is initialised.
    pub(crate) vault: Option<VaultApi>,
    /// The key shares that unseal it.
    pub(crate) shares: Vec<String>,
    /// How many of them it takes.
    pub(crate) threshold: usize,
    /// Tokens by the name that scenarios give them.
    pub(crate) tokens: BTreeMap<String, String>,
    /// The `tls` blocks as written.
    pub(crate) tls: Written,
    /// How certificates got to each node.
    pub(crate) renders: BTreeMap<String, Render>,
}

impl Context<'_> {
    pub(crate) fn clock(&self) -> &Clock {
        &self.fleet.operator().clock
    }

    pub(crate) fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().expect("no panic while remembering")
    }

    /// Vault with the root token.
    pub(crate) fn vault(&self) -> Result<VaultApi, Error> {
        let vault = self.memory().vault.clone();
        vault.ok_or_else(|| {
            Error::OutOfOrder("Vault is not initialised yet: `init_vault` comes first".to_owned())
        })
    }

    /// The machines that a selector chooses now.
    pub(crate) fn select(&self, selector: &Selector) -> Vec<&Node> {
        let leader = self.recorder.know(|knowledge| knowledge.leader.clone());
        let last = self.fleet.with_role(Role::Client).last().map(|node| &node.name);
        let is_last = |node: &Node| Some(&node.name) == last;
        let is_leader = |node: &Node| Some(&node.name) == leader.as_ref();
        let chosen = |node: &&Node| match selector {
            Selector::All => node.runs_nomad(),
            Selector::Servers => node.role == Role::Server,
            Selector::Clients => node.role == Role::Client,
            Selector::Leader => is_leader(node),
            Selector::Followers => node.role == Role::Server && !is_leader(node),
            Selector::LastClient => is_last(node),
            Selector::OtherClients => node.role == Role::Client && !is_last(node),
            Selector::Nodes(names) => names.contains(&node.name),
        };
        self.fleet.nodes().iter().filter(chosen).collect()
    }

    /// The same machines in an order.
    pub(crate) fn in_order<'n>(&self, mut nodes: Vec<&'n Node>, order: Order) -> Vec<&'n Node> {
        let leader = self.recorder.know(|knowledge| knowledge.leader.clone());
        let leads = |node: &&Node| Some(&node.name) == leader.as_ref();
        match order {
            Order::Given => {}
            Order::LeaderLast => nodes.sort_by_key(leads),
            Order::LeaderFirst => nodes.sort_by_key(|node| !leads(node)),
            Order::Random => self.entropy.shuffle(&mut nodes),
        }
        nodes
    }

    /// Writes a file and says so.
    pub(crate) async fn write(&self, node: &Node, path: &str, text: &str, mode: u32) -> Result<(), Error> {
        self.fleet.write(&node.name, path, text.as_bytes(), mode).await?;
        self.recorder.record(Event::FileWritten { node: node.name.clone(), path: path.to_owned() });
        Ok(())
    }

    /// Says what happened to a program, and looks closely at the cluster for a while.
    pub(crate) fn changed(&self, node: &Node, program: Program, change: Change) {
        self.recorder.record(Event::ProgramChanged { node: node.name.clone(), program, change });
        self.pace.hurry();
    }

    /// Starts a program; one that ends at once is recorded as such.
    pub(crate) async fn start(&self, node: &Node, program: Program) -> Result<(), Error> {
        self.fleet.start(&node.name, program).await?;
        self.changed(node, program, Change::Started);
        self.observer.look_at_programs();
        Ok(())
    }

    /// Stops a program that runs.
    pub(crate) async fn stop(&self, node: &Node, program: Program) -> Result<(), Error> {
        if self.fleet.status(&node.name, program) != ProgramStatus::Running {
            return Ok(());
        }
        self.fleet.stop(&node.name, program).await?;
        self.changed(node, program, Change::Stopped);
        Ok(())
    }

    /// Sends a running program SIGHUP.
    pub(crate) async fn reload(&self, node: &Node, program: Program) -> Result<(), Error> {
        if self.fleet.status(&node.name, program) != ProgramStatus::Running {
            return Ok(());
        }
        self.fleet.reload(&node.name, program).await?;
        self.changed(node, program, Change::Reloaded);
        self.observer.look_at_programs();
        Ok(())
    }

    /// Waits until what is known satisfies a condition; says whether it came about.
    pub(crate) async fn wait_for(
        &self,
        condition: &str,
        limit: Duration,
        is_met: impl Fn(&crate::knowledge::Knowledge) -> bool + Send,
    ) -> bool {
        let begun = self.clock().now();
        let met = loop {
            self.observer.poll().await;
            if self.recorder.know(&is_met) {
                break true;
            }
            if self.clock().now() - begun >= limit {
                break false;
            }
            self.clock().sleep(Duration::from_secs(1)).await;
        };
        let took_ms = milliseconds(self.clock().now() - begun);
        self.recorder.record(Event::Waited { condition: condition.to_owned(), met, took_ms });
        met
    }
}

pub(crate) fn milliseconds(duration: time::Duration) -> u64 {
    u64::try_from(duration.whole_milliseconds()).unwrap_or(0)
}
