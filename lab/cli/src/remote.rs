//! Runs on a cluster that is there already: what would be done, whether it may be, and how far it came.

use std::path::Path;

use lab_fleet::{Inventory, Permission, RemoteFleet};
use lab_hcl::Source;
use lab_report::hang;
use lab_workflow::{Action, Entry, Event, Existing, Outcome, Plan, Program, Role, RunOptions, Scenario};

use crate::arguments::RemoteArguments;
use crate::exit::Failure;
use crate::files::read;
use crate::terminal::errln;

/// The cluster, and what may be done to it.
pub(crate) struct Remote {
    inventory: Inventory,
    existing: Existing,
    permission: Permission,
}

impl Remote {
    /// Reads the inventory, and what the environment says of Vault and Nomad.
    ///
    /// Errors: there is no inventory, or it or a file that a variable names cannot be read.
    pub(crate) fn prepare(arguments: &RemoteArguments) -> Result<Self, Failure> {
        let missing = || {
            Failure::Usage(
                "--target remote needs --inventory FILE, which says how each machine is reached; docs/real-servers.md \
                 has one"
                    .to_owned(),
            )
        };
        let path = arguments.inventory.as_deref().ok_or_else(missing)?;
        let source = Source::new(path.display().to_string(), read(path)?);
        let inventory =
            Inventory::read(&source).map_err(|diagnostic| crate::scenario::shown(&source, &diagnostic))?;
        let existing = existing(&inventory)?;
        let permission = if arguments.allow_changes { Permission::Change } else { Permission::Look };
        Ok(Self { inventory, existing, permission })
    }

    /// The numbers of machines are the inventory's.
    pub(crate) fn fit(&self, options: &mut RunOptions, scenario: &Scenario) -> Result<(), Failure> {
        if scenario.topology.region != self.inventory.region {
            return Err(Failure::Choice(format!(
                "the scenario is for region {:?}, and the inventory says {:?}; give both the region that `nomad server \
                 members` shows",
                scenario.topology.region, self.inventory.region
            )));
        }
        options.servers = Some(self.inventory.count(Role::Server));
        options.clients = Some(self.inventory.count(Role::Client));
        Ok(())
    }

    /// What will be done, with every command.
    pub(crate) fn describe(&self, plan: &Plan) -> String {
        let mut lines =
            vec![format!("plan: {} on {} machines", plan.scenario, self.inventory.machines.len())];
        for planned in plan.steps.iter().filter(|planned| !planned.is_skipped) {
            let done = if planned.is_done { "   done before" } else { "" };
            lines.push(format!("  step {}{done}", planned.step.name));
            for action in planned.step.actions.iter().filter(|_| !planned.is_done) {
                lines.push(hang("    ", &action.describe(), 6));
                lines.extend(self.commands(action).iter().map(|line| format!("      {line}")));
            }
        }
        lines.join("\n")
    }

    /// What an action does to machines; which of them come last is decided when it is known who leads.
    fn commands(&self, action: &Action) -> Vec<String> {
        let (selector, verbs, program): (_, &[&str], _) = match action {
            Action::Reload(rollout) => (&rollout.on, &["reload"], Program::Nomad),
            Action::Restart(rollout) => (&rollout.on, &["stop", "start"], Program::Nomad),
            Action::Start(rollout) => (&rollout.on, &["start"], Program::Nomad),
            Action::Stop(rollout) => (&rollout.on, &["stop"], Program::Nomad),
            Action::Render(render) => (&render.on, &["stop", "start"], Program::ConsulTemplate),
            Action::Tls { on, .. } | Action::GossipKey { on } => (on, &[], Program::Nomad),
            _ => return Vec::new(),
        };
        let machines = self.inventory.machines.iter().filter(|machine| selector.may_choose(&machine.node));
        machines
            .flat_map(|machine| {
                let files = action.files().iter().map(|file| format!("{}: write {file}", machine.node.name));
                let commands =
                    verbs.iter().map(|verb| machine.command(&machine.service(verb, program)).join(" "));
                files.chain(commands).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Refuses a plan that would change something where that is not allowed.
    pub(crate) fn permit(&self, plan: &Plan) -> Result<(), Failure> {
        let to_come = plan.steps.iter().filter(|planned| !planned.is_skipped && !planned.is_done);
        let mut changes = to_come.flat_map(|planned| {
            planned
                .step
                .actions
                .iter()
                .filter(|action| action.changes())
                .map(|action| (&planned.step.name, action))
        });
        match changes.next() {
            Some((step, action)) if self.permission == Permission::Look => Err(Failure::NotAllowed(format!(
                "step {step:?} would change the cluster ({}), and nothing was done; read the plan above, and run it again \
                 with --allow-changes",
                action.describe()
            ))),
            _ => Ok(()),
        }
    }

    /// Carries a plan out.
    ///
    /// Errors: no event loop, or Ctrl-C.
    pub(crate) fn run(
        &self,
        plan: &Plan,
        options: &RunOptions,
        on_entry: &mut (dyn FnMut(&Entry) + Send),
    ) -> Result<Outcome, Failure> {
        let fleet =
            RemoteFleet::new(&self.inventory, self.existing.clone(), self.permission, |node, words| {
                errln!("{node}: {}", words.join(" "));
            });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::SetUp(error.to_string()))?;
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = tokio::signal::ctrl_c() => Err(Failure::Halted),
                outcome = lab_workflow::run(plan, options, &fleet, on_entry) => Ok(outcome),
            }
        })
    }
}

/// Says, after a run that ended early, what was done and how to go on.
pub(crate) fn tell_how_far(plan: &Plan, outcome: &Outcome) {
    let Some(failure) = &outcome.verdict.failure else { return };
    let finished = |name: &str| {
        let mut entries = outcome.timeline.entries().iter();
        entries.any(|entry| entry.step == name && matches!(entry.event, Event::StepFinished { .. }))
    };
    let names = |wanted: &dyn Fn(&str, bool) -> bool| {
        let names: Vec<&str> = plan
            .steps
            .iter()
            .filter(|planned| !planned.is_skipped && wanted(&planned.step.name, planned.is_done))
            .map(|planned| planned.step.name.as_str())
            .collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    errln!("done:      {}", names(&|name, is_done| is_done || finished(name)));
    errln!("not done:  {}", names(&|name, is_done| !is_done && !finished(name)));
    if plan.steps.iter().any(|planned| planned.step.name == failure.step) {
        errln!("to go on:  mend what failed in step {0}, then add --from {0}", failure.step);
    } else {
        errln!("to go on:  mend what failed; no step was begun");
    }
}

fn existing(inventory: &Inventory) -> Result<Existing, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let file = |name: &str| variable(name).map(|path| read(Path::new(&path))).transpose();
    let nomad_identity = match (file("NOMAD_CLIENT_CERT")?, file("NOMAD_CLIENT_KEY")?) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            let text = "NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY go together, and only one is set";
            return Err(Failure::Usage(text.to_owned()));
        }
    };
    Ok(Existing {
        vault: inventory.vault.clone().or_else(|| variable("VAULT_ADDR")),
        vault_authorities: file("VAULT_CACERT")?,
        vault_token: variable("VAULT_TOKEN"),
        nomad_token: variable("NOMAD_TOKEN"),
        nomad_identity,
    })
}
