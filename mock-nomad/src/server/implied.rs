//! Constraints that nobody wrote: what a job asks for, only some nodes have.

use std::collections::BTreeSet;

use crate::structs::{Constraint, Job, Opaque, Task, TaskGroup};

/// The plugins without which there is no bridge network.
const CNI_PLUGINS: [&str; 5] = ["bridge", "firewall", "host-local", "loopback", "portmap"];

/// Adds to every group of a job, and to its tasks, the constraints that follow from what it asks for.
pub(super) fn add_constraints(job: &mut Job) {
    for group in &mut job.task_groups {
        for task in &mut group.tasks {
            let implied =
                task_services(task).filter(|service| service["Provider"] == "consul").map(consul).collect();
            add_to(&mut task.constraints, implied);
        }
        let implied = of_group(group);
        add_to(&mut group.constraints, implied);
        // The real one does not look whether it is there already.
        if group.tasks.iter().any(|task| objects(task.rest.get("Identities")).next().is_some()) {
            group.constraints.get_or_insert_default().push(constraint(
                "nomad.version",
                "semver",
                ">= 1.7.0-a",
            ));
        }
    }
}

/// A constraint with what makes it needless: another of the same attribute, or only the same one.
struct Implied {
    constraint: Constraint,
    by_attribute: bool,
}

fn add_to(known: &mut Option<Vec<Constraint>>, implied: Vec<Implied>) {
    for Implied { constraint, by_attribute } in implied {
        let known = known.get_or_insert_default();
        let is_known = known.iter().any(|known| match by_attribute {
            true => known.left == constraint.left,
            false => *known == constraint,
        });
        if !is_known {
            known.push(constraint);
        }
    }
}

fn constraint(attribute: &str, operand: &str, value: &str) -> Constraint {
    Constraint {
        left: format!("${{attr.{attribute}}}"),
        right: value.to_owned(),
        operand: operand.to_owned(),
    }
}

/// Without another constraint of that attribute.
fn without_other(attribute: &str, operand: &str, value: &str) -> Implied {
    Implied { constraint: constraint(attribute, operand, value), by_attribute: true }
}

fn always(attribute: &str, operand: &str, value: &str) -> Implied {
    Implied { constraint: constraint(attribute, operand, value), by_attribute: false }
}

fn of_group(group: &TaskGroup) -> Vec<Implied> {
    let mut implied = Vec::new();
    if group.tasks.iter().any(|task| given(task, "Vault")) {
        implied.push(without_other("vault.version", "semver", ">= 0.6.1"));
    }
    let secrets = group.tasks.iter().flat_map(|task| objects(task.rest.get("Secrets")));
    let providers: BTreeSet<&str> = secrets.filter_map(|secret| secret["Provider"].as_str()).collect();
    let plugin = |provider: &str| without_other(&format!("plugins.secrets.{provider}.version"), "is_set", "");
    implied.extend(providers.into_iter().map(plugin));
    let signals: BTreeSet<&str> = group.tasks.iter().flat_map(signals).collect();
    if !signals.is_empty() {
        let signals: Vec<&str> = signals.into_iter().collect();
        implied.push(always("os.signals", "set_contains", &signals.join(",")));
    }
    let own: Vec<&Opaque> = objects(group.rest.get("Services")).collect();
    let all: Vec<&Opaque> = own.iter().copied().chain(group.tasks.iter().flat_map(task_services)).collect();
    let native = || all.iter().filter(|service| service["Provider"] == "nomad");
    if native().next().is_some() {
        implied.push(always("nomad.service_discovery", "=", "true"));
    }
    if native().any(|service| objects(service.get("Checks")).next().is_some()) {
        implied.push(always("nomad.version", "semver", ">= 1.4.0"));
    }
    implied.extend(own.into_iter().filter(|service| service["Provider"] == "consul").map(consul));
    if objects(group.rest.get("Networks")).any(|network| network["Mode"] == "bridge") {
        let plugin =
            |plugin: &&str| without_other(&format!("plugins.cni.version.{plugin}"), "semver", ">= 0.4.0");
        implied.extend(CNI_PLUGINS.iter().map(plugin));
    }
    implied
}

fn consul(_: &Opaque) -> Implied {
    without_other("consul.version", "semver", ">= 1.8.0")
}

fn task_services(task: &Task) -> impl Iterator<Item = &Opaque> {
    objects(task.rest.get("Services"))
}

fn given(task: &Task, field: &str) -> bool {
    task.rest.get(field).is_some_and(|value| !value.is_null())
}

fn objects(list: Option<&Opaque>) -> impl Iterator<Item = &Opaque> {
    list.and_then(Opaque::as_array).into_iter().flatten()
}

/// The signals that a task may be sent.
fn signals(task: &Task) -> impl Iterator<Item = &str> {
    let changes = task.rest.get("Vault").into_iter().chain(objects(task.rest.get("Templates")));
    let changes =
        changes.filter(|change| change["ChangeMode"] == "signal").map(|change| &change["ChangeSignal"]);
    let all = task.rest.get("KillSignal").into_iter().chain(changes);
    all.filter_map(Opaque::as_str).filter(|signal| !signal.is_empty())
}

#[cfg(test)]
mod unit {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_asked_for_is_looked_for() {
        let job = json!({"ID": "a", "TaskGroups": [{"Name": "g", "Tasks": [
            {"Name": "t", "Driver": "raw_exec", "KillSignal": "SIGINT",
             "Services": [{"Name": "s", "Provider": "nomad", "Checks": [{"Type": "tcp"}]}],
             "Templates": [{"ChangeMode": "signal", "ChangeSignal": "SIGHUP"}]},
        ]}]});
        let mut job: Job = serde_json::from_value(job).expect("a job");
        add_constraints(&mut job);
        let once = job.clone();
        add_constraints(&mut job);
        assert_eq!(job, once, "nothing is added twice");
        let added: Vec<String> = job.task_groups[0]
            .constraints
            .iter()
            .flatten()
            .map(|found| format!("{} {} {}", found.left, found.operand, found.right))
            .collect();
        assert_eq!(
            added,
            [
                "${attr.os.signals} set_contains SIGHUP,SIGINT",
                "${attr.nomad.service_discovery} = true",
                "${attr.nomad.version} semver >= 1.4.0",
            ]
        );
    }
}
