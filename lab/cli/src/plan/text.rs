//! Plans for people and machines.

use std::time::Duration;

use serde_json::{Value, json};

use super::Plan;
use super::simulate::Simulated;

/// What stands above every plan: what is wrong with the files, and what the simulator found.
pub(super) fn above(warnings: &[String], simulated: Option<&Simulated>) -> String {
    let mut text = String::new();
    if let Some(simulated) = simulated {
        let size =
            format!("{} and {}", counted(simulated.servers, "server"), counted(simulated.clients, "client"));
        let templates = simulated.templates;
        if simulated.holds {
            text.push_str(&format!("SIMULATED with {size} and {templates}: everything held.\n"));
        } else {
            text.push_str(&format!("FAILED in the simulator, with {size} and {templates}:\n"));
            for failure in &simulated.failures {
                text.push_str(&wrapped("  - ", failure));
            }
        }
    }
    if !warnings.is_empty() {
        text.push_str("To mend first (lab verify shows where):\n");
        for warning in warnings {
            text.push_str(&wrapped("  - ", warning));
        }
    }
    text
}

pub(super) fn checklist(plan: &Plan, warnings: &[String], simulated: Option<&Simulated>) -> String {
    let mut text = above(warnings, simulated);
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&wrapped("", &title(plan)));
    text.push_str(&wrapped("", &plan.budget.describe(plan.shape.clients.len())));
    for (number, step) in plan.steps.iter().enumerate() {
        text.push_str(&format!("\n[ ] {}. {}\n", number + 1, step.summary));
        text.push_str(&wrapped("    why    ", step.why));
        text.push_str(&wrapped("    on     ", &step.on));
        if !step.fragment.is_empty() {
            text.push_str("    write\n");
            for line in step.fragment.lines() {
                text.push_str(&format!("      {line}\n"));
            }
        }
        for command in &step.commands {
            text.push_str(&instruction("    do     ", command));
        }
        for check in &step.check {
            text.push_str(&instruction("    check  ", check));
        }
        text.push_str(&wrapped("    back   ", &step.back));
    }
    text
}

/// `plaintext to mutual TLS: 3 servers, 1 client, region global`
fn title(plan: &Plan) -> String {
    let (servers, clients) = (plan.shape.servers.len(), plan.shape.clients.len());
    format!(
        "{}: {}, {}, region {}",
        plan.goal.title(),
        counted(servers, "server"),
        counted(clients, "client"),
        plan.shape.region
    )
}

/// `1 server`, `3 servers`
pub(super) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// What is to be pasted stays on one line.
fn instruction(label: &str, text: &str) -> String {
    let is_command =
        ["lab ", "systemctl ", "vault ", "cat ", "cp "].iter().any(|start| text.starts_with(start));
    if is_command { format!("{label}{text}\n") } else { wrapped(label, text) }
}

/// A text behind its label, in lines of a terminal's width.
fn wrapped(label: &str, text: &str) -> String {
    const WIDTH: usize = 80;
    let (mut lines, mut line) = (String::new(), label.to_owned());
    let indent = label.chars().count();
    for word in text.split(' ') {
        let length = line.chars().count();
        if length > indent && length + 1 + word.chars().count() > WIDTH {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line = " ".repeat(indent);
        } else if length > indent {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines + line.trim_end() + "\n"
}

pub(super) fn markdown(plan: &Plan, warnings: &[String], simulated: Option<&Simulated>) -> String {
    let mut text = format!("# {}\n\n", plan.goal.title());
    let above = above(warnings, simulated);
    if !above.is_empty() {
        text.push_str(&format!("```text\n{above}```\n\n"));
    }
    text.push_str(&format!(
        "{}, {}, region `{}`. {}\n",
        counted(plan.shape.servers.len(), "server"),
        counted(plan.shape.clients.len(), "client"),
        plan.shape.region,
        plan.budget.describe(plan.shape.clients.len())
    ));
    for (number, step) in plan.steps.iter().enumerate() {
        text.push_str(&format!("\n## {}. {}\n\n{}\n\nOn: {}\n", number + 1, step.summary, step.why, step.on));
        if !step.fragment.is_empty() {
            text.push_str(&format!("\n```hcl\n{}```\n", step.fragment));
        }
        text.push('\n');
        for command in &step.commands {
            text.push_str(&format!("- [ ] `{command}`\n"));
        }
        for check in &step.check {
            text.push_str(&format!("- [ ] check: {check}\n"));
        }
        text.push_str(&format!("\nBack: {}\n", step.back));
    }
    text
}

pub(super) fn json(plan: &Plan, warnings: &[String], simulated: Option<&Simulated>) -> String {
    let seconds = |duration: Duration| duration.as_secs_f64();
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            json!({
                "name": step.name, "summary": step.summary, "why": step.why, "on": step.on,
                "fragment": step.fragment, "commands": step.commands, "check": step.check, "back": step.back,
            })
        })
        .collect();
    let document = json!({
        "version": 1,
        "goal": plan.goal.name(),
        "region": plan.shape.region,
        "servers": plan.shape.servers,
        "clients": plan.shape.clients,
        "budget": {
            "heartbeat_ttl_s": seconds(plan.budget.ttl),
            "sure_s": seconds(plan.budget.least),
            "down_after_s": [seconds(plan.budget.down.0), seconds(plan.budget.down.1)],
            "failover_s": seconds(plan.budget.failover),
            "client_batch": plan.budget.batch,
        },
        "warnings": warnings,
        "simulated": simulated.map(|simulated| json!({
            "holds": simulated.holds, "servers": simulated.servers, "clients": simulated.clients,
            "templates": simulated.templates, "failures": simulated.failures,
        })),
        "steps": steps,
    });
    format!("{document:#}\n")
}
