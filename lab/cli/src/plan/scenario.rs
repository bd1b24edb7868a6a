//! A plan as a scenario.

use super::arguments::Goal;
use super::step::Step;
use super::{Plan, goal};

/// No simulation needs more machines than this to show what happens.
const MOST_CLIENTS: usize = 20;
/// The simulator's largest cluster.
const MOST_SERVERS: usize = 7;

/// How many servers and clients the scenario has.
pub(super) fn size(plan: &Plan) -> (usize, usize) {
    (plan.shape.servers.len().min(MOST_SERVERS), plan.shape.clients.len().min(MOST_CLIENTS))
}

/// The plan in the language of scenarios.
pub(super) fn text(plan: &Plan) -> String {
    let (servers, clients) = size(plan);
    let job = if clients > 0 {
        format!("    job \"app\" {{ count = {} }}\n", clients.min(3))
    } else {
        String::new()
    };
    let mut steps = block(&vault(plan));
    for step in goal::before(plan.goal, &plan.shape, &plan.budget).iter().chain(&plan.steps) {
        steps.push_str(&block(step));
    }
    steps.push_str(AFTERWARDS);
    format!(
        "# Made by lab plan --goal {}, with {}.\nformat_version = 1\n\nscenario \"plan\" {{\n  \
         summary = {:?}\n  source  = \"lab plan\"\n\n  cluster {{\n    region  = {:?}\n    servers = {servers}\n    clients = {clients}\n{job}  }}\n\n{}{steps}}}\n",
        plan.goal.name(),
        plan.shape.issuing.describe(),
        plan.goal.title(),
        plan.shape.region,
        invariants(plan.goal, clients)
    )
}

fn invariants(goal: Goal, clients: usize) -> String {
    let mut lines = vec!["invariant \"quorum\" { longest_election = \"20s\" }".to_owned()];
    if clients > 0 {
        lines.extend(
            ["no_client_down", "no_allocation_lost"].map(|name| format!("invariant \"{name}\" {{}}")),
        );
        lines.push("invariant \"new_work_starts\" { within = \"30s\" }".to_owned());
    }
    lines.push("invariant \"key_matches_certificate\" {}".to_owned());
    if goal == Goal::Mtls {
        lines.extend(
            ["no_plaintext", "role_and_region"]
                .map(|name| format!("invariant \"{name}\" {{ after = \"close\" }}")),
        );
    }
    lines.into_iter().map(|line| format!("  {line}\n")).collect::<String>() + "\n"
}

/// What stands before every plan's first step: Vault, which the real cluster has already.
fn vault(plan: &Plan) -> Step {
    let actions = "init_vault {\n  shares    = 1\n  threshold = 1\n}\nunseal_vault {}\n".to_owned();
    Step {
        name: "vault",
        summary: "Initialise and unseal Vault, with roles and a token for the templates".to_owned(),
        why: "The certificates come from somewhere.",
        actions: actions + &plan.shape.issuing.vault(),
        ..Step::default()
    }
}

fn block(step: &Step) -> String {
    let actions: String = step.actions.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "  step \"{}\" {{\n    summary = {:?}\n    why     = {:?}\n{actions}  }}\n\n",
        step.name, step.summary, step.why
    )
}

const AFTERWARDS: &str = r#"  step "afterwards" {
    summary = "Watch for ten minutes: after an election nothing shows for five"
    wait { duration = "10m" }
    assert {
      condition     = clients_ready == all && leader == present
      error_message = "the cluster is not what it was before"
    }
  }
"#;
