//! A scenario: a cluster, steps, what must hold meanwhile, and the mistakes that must show.

mod assertion;
mod change;
mod invariant;
mod plan;
mod read;
mod scale;

use crate::action::{Action, Job};
use crate::fleet::Topology;

pub use self::assertion::{Assertion, Comparison, Condition, Fact};
pub use self::change::{Break, ChangeKind, Edit, Position};
pub use self::invariant::InvariantSpec;
pub use self::plan::{Plan, PlanError, PlannedStep};

/// A scenario, read from a `*.lab.hcl` or `*.lab.json` file or built in Rust.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name, such as `rpc-upgrade-mode`.
    pub name: String,
    /// What it shows, in one line.
    pub summary: String,
    /// Which guide and step it follows.
    pub source: String,
    /// Its machines.
    pub topology: Topology,
    /// The jobs that run from the beginning.
    pub jobs: Vec<Job>,
    /// What must hold.
    pub invariants: Vec<InvariantSpec>,
    /// What is done.
    pub steps: Vec<Step>,
    /// The mistakes and variations that can be chosen.
    pub breaks: Vec<Break>,
    /// By how much its times may be divided where time cannot be skipped; `None`: they mean what they say.
    pub time_scale: Option<u32>,
}

/// A named part of a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// What it does, in one line.
    pub summary: String,
    /// Which guide and step it follows.
    pub source: String,
    /// Why it is there, for those who learn.
    pub why: String,
    /// What breaks without it.
    pub without: String,
    /// What is done, in order.
    pub actions: Vec<Action>,
    /// What must be true afterwards.
    pub assertions: Vec<Assertion>,
}

impl Scenario {
    /// A scenario without steps: three servers and three clients in region `global`, and nothing running.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            summary: String::new(),
            source: String::new(),
            topology: Topology { region: "global".to_owned(), servers: 3, clients: 3 },
            jobs: Vec::new(),
            invariants: Vec::new(),
            steps: Vec::new(),
            breaks: Vec::new(),
            time_scale: None,
        }
    }

    /// The scenario with other numbers of machines.
    #[must_use]
    pub fn sized(mut self, servers: usize, clients: usize) -> Self {
        self.topology.servers = servers;
        self.topology.clients = clients;
        self
    }

    /// The scenario with a job that runs from the beginning.
    #[must_use]
    pub fn job(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }

    /// The scenario with an invariant.
    #[must_use]
    pub fn invariant(mut self, invariant: InvariantSpec) -> Self {
        self.invariants.push(invariant);
        self
    }

    /// The scenario with a further step.
    #[must_use]
    pub fn step(mut self, name: &str, actions: Vec<Action>) -> Self {
        self.steps.push(Step { name: name.to_owned(), actions, ..Step::default() });
        self
    }
}
