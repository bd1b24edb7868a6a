//! A scenario with its choices made.

use super::{Break, ChangeKind, Edit, InvariantSpec, Position, Scenario, Step};
use crate::action::{Action, Job};
use crate::fleet::Topology;
use crate::run::RunOptions;

/// What will be done: a scenario with one of its breaks, or none, and its final numbers of machines.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: String,
    /// The chosen break or variation.
    pub change: Option<String>,
    /// The invariants that must be violated; empty when everything must hold.
    pub expected: Vec<String>,
    /// The machines.
    pub topology: Topology,
    /// The jobs that run from the beginning.
    pub jobs: Vec<Job>,
    /// What must hold.
    pub invariants: Vec<InvariantSpec>,
    /// What is done.
    pub steps: Vec<PlannedStep>,
    /// By how much its times are divided; 1 for not at all.
    pub time_scale: u32,
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStep {
    /// The step.
    pub step: Step,
    /// A break leaves it out.
    pub is_skipped: bool,
    /// An earlier run did it.
    pub is_done: bool,
}

/// A choice that the scenario does not offer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No break or variation has this name.
    #[error("scenario {scenario:?} has no break called {name:?}{}", did_you_mean(.name, .known))]
    UnknownBreak {
        /// The scenario.
        scenario: String,
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// No step has this name.
    #[error("scenario {scenario:?} has no step called {name:?}{}", did_you_mean(.name, .known))]
    UnknownStep {
        /// The scenario.
        scenario: String,
        /// The name given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The scenario does not say that its times may be divided.
    #[error(
        "scenario {scenario:?} does not say that its time may be scaled: what it waits for does not come sooner; a \
         scenario in which it does says `time_scale = {asked}`"
    )]
    NotScalable {
        /// The scenario.
        scenario: String,
        /// The scale asked for.
        asked: u32,
    },
    /// A cluster needs a server.
    #[error("a cluster needs at least one server")]
    NoServers,
    /// Consensus needs an odd number, and the network has room for so many machines.
    #[error("{servers} servers and {clients} clients: at most 7 servers and 2000 clients can be simulated")]
    TooMany {
        /// The number of servers asked for.
        servers: usize,
        /// The number of clients asked for.
        clients: usize,
    },
    /// A step or break speaks of a machine that is not there with these numbers.
    #[error(
        "step {step:?} names the node {node:?}, which is not there with {servers} servers and {clients} clients"
    )]
    UnknownNode {
        /// The step.
        step: String,
        /// The machine.
        node: String,
        /// The number of servers.
        servers: usize,
        /// The number of clients.
        clients: usize,
    },
}

fn did_you_mean(name: &str, known: &[String]) -> String {
    match lab_hcl::suggest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean {near:?}?"),
        None if known.is_empty() => String::new(),
        None => format!("; it has {}", known.join(", ")),
    }
}

impl Scenario {
    /// Makes the choices: a break or variation by name, numbers of machines, and the scale of time.
    ///
    /// Errors: a choice that the scenario does not offer.
    pub fn plan(&self, options: &RunOptions) -> Result<Plan, PlanError> {
        let mut topology = self.topology.clone();
        topology.servers = options.servers.unwrap_or(topology.servers);
        topology.clients = options.clients.unwrap_or(topology.clients);
        let Topology { servers, clients, .. } = topology;
        if servers == 0 {
            return Err(PlanError::NoServers);
        }
        if servers > 7 || clients > 2000 {
            return Err(PlanError::TooMany { servers, clients });
        }
        let change = options.change.as_ref().map(|name| self.find_break(name)).transpose()?;
        let mut steps: Vec<PlannedStep> = self
            .steps
            .iter()
            .map(|step| PlannedStep { step: step.clone(), is_skipped: false, is_done: false })
            .collect();
        for edit in change.iter().flat_map(|change| &change.edits) {
            apply(&mut steps, edit);
        }
        let expected = match change.map(|change| &change.kind) {
            Some(ChangeKind::Mistake { violates }) => violates.clone(),
            Some(ChangeKind::Variation) | None => Vec::new(),
        };
        let mut plan = Plan {
            scenario: self.name.clone(),
            change: change.map(|change| change.name.clone()),
            expected,
            topology,
            jobs: self.jobs.clone(),
            invariants: self.invariants.clone(),
            steps,
            time_scale: 1,
        };
        plan.check_nodes()?;
        if let Some(first) = &options.from {
            plan.begin_at(first)?;
        }
        match options.time_scale {
            None | Some(0 | 1) => Ok(plan),
            Some(asked) if self.time_scale.is_none() => {
                Err(PlanError::NotScalable { scenario: self.name.clone(), asked })
            }
            Some(scale) => Ok(plan.scaled(scale)),
        }
    }

    fn find_break(&self, name: &str) -> Result<&Break, PlanError> {
        self.breaks.iter().find(|known| known.name == name).ok_or_else(|| PlanError::UnknownBreak {
            scenario: self.name.clone(),
            name: name.to_owned(),
            known: self.breaks.iter().map(|known| known.name.clone()).collect(),
        })
    }
}

impl Plan {
    /// Whether only a simulated network can do what it asks for.
    pub fn needs_simulation(&self) -> bool {
        let mut actions = self.steps.iter().flat_map(|planned| &planned.step.actions);
        actions.any(|action| {
            matches!(action, Action::Inject(fault) if !matches!(fault, crate::fleet::Fault::PowerOff { .. }))
        })
    }

    /// Takes the steps before this one as done.
    fn begin_at(&mut self, first: &str) -> Result<(), PlanError> {
        let index = self.steps.iter().position(|planned| planned.step.name == first);
        let known: Vec<String> = self.steps.iter().map(|planned| planned.step.name.clone()).collect();
        let unknown =
            || PlanError::UnknownStep { scenario: self.scenario.clone(), name: first.to_owned(), known };
        let index = index.ok_or_else(unknown)?;
        self.steps[..index].iter_mut().for_each(|planned| planned.is_done = true);
        Ok(())
    }

    fn check_nodes(&self) -> Result<(), PlanError> {
        let Topology { servers, clients, .. } = self.topology;
        let there: Vec<String> = node_names(&self.topology);
        for PlannedStep { step, .. } in &self.steps {
            for node in step.actions.iter().flat_map(Action::named_nodes) {
                if !there.contains(&node) {
                    return Err(PlanError::UnknownNode { step: step.name.clone(), node, servers, clients });
                }
            }
        }
        Ok(())
    }
}

/// The names of a cluster's machines: `vault-1`, `server-1`, ..., `client-1`, ...
pub(crate) fn node_names(topology: &Topology) -> Vec<String> {
    let numbered =
        |kind: &'static str, count: usize| (1..=count).map(move |number| format!("{kind}-{number}"));
    numbered("vault", 1)
        .chain(numbered("server", topology.servers))
        .chain(numbered("client", topology.clients))
        .collect()
}

fn apply(steps: &mut Vec<PlannedStep>, edit: &Edit) {
    let position =
        |name: &str, steps: &[PlannedStep]| steps.iter().position(|planned| planned.step.name == name);
    match edit {
        Edit::Replace(new) => {
            if let Some(index) = position(&new.name, steps) {
                let old = &steps[index].step;
                let step = Step {
                    summary: or_else(&new.summary, &old.summary),
                    source: or_else(&new.source, &old.source),
                    why: or_else(&new.why, &old.why),
                    without: or_else(&new.without, &old.without),
                    ..new.clone()
                };
                steps[index].step = step;
            }
        }
        Edit::Skip(name) => {
            if let Some(index) = position(name, steps) {
                steps[index].is_skipped = true;
            }
        }
        Edit::Insert(place, step) => {
            let index = match place {
                Position::Before(name) => position(name, steps),
                Position::After(name) => position(name, steps).map(|index| index + 1),
            };
            let planned = PlannedStep { step: step.clone(), is_skipped: false, is_done: false };
            steps.insert(index.unwrap_or(steps.len()), planned);
        }
    }
}

fn or_else(new: &str, old: &str) -> String {
    if new.is_empty() { old.to_owned() } else { new.to_owned() }
}
