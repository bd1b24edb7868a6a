//! Services of groups and tasks.

use std::collections::{BTreeMap, BTreeSet};

use super::check;
use super::group::field;
use super::parts::{Faults, objects, text};
use crate::structs::{Opaque, Task, TaskGroup};

const NULL: &Opaque = &Opaque::Null;

/// The services of a group, and how those of its tasks go with them.
pub(super) fn of_group(group: &TaskGroup) -> Faults {
    let mut faults = Faults::default();
    let mut all = All::default();
    for task in &group.tasks {
        for service in services_of(task) {
            all.count(&task.name, service);
            belongs(task, service, &mut faults);
        }
    }
    for (position, service) in objects(field(group, "Services")).enumerate() {
        all.count("group", service);
        let name = text(service, "Name");
        faults.nest(&format!("Service[{position}] {name} validation failed: "), one(service));
        if text(service, "AddressMode") == "driver" {
            faults.add(format!("service {name:?} cannot use address_mode=\"driver\", only services defined in a \"task\" block can use this mode"));
        }
        for check in checks_of(service) {
            let task = text(check, "TaskName");
            if task.is_empty() {
                continue;
            }
            if text(check, "AddressMode") == "driver" {
                faults.add(format!("Check {name:?} invalid: cannot use address_mode=\"driver\", only checks defined in a \"task\" service block can use this mode"));
            }
            if !group.tasks.iter().any(|known| known.name == task) {
                let check = text(check, "Name");
                faults.add(format!("Check {check} invalid: refers to non-existent task {task}"));
            }
        }
    }
    all.judge(&mut faults);
    faults
}

/// Scripts have to be somewhere.
pub(super) fn scripts_of_group(group: &TaskGroup) -> Faults {
    let mut faults = Faults::default();
    for service in objects(field(group, "Services")) {
        let homeless =
            |check: &&Opaque| text(check, "Type") == "script" && text(check, "TaskName").is_empty();
        for check in checks_of(service).filter(homeless) {
            let (service, check) = (text(service, "Name"), text(check, "Name"));
            faults.add(format!(
                "Service [{}]->{service} or Check {check} must specify task parameter",
                group.name
            ));
        }
    }
    faults
}

/// The services of a task, and the ports that they and their checks name.
pub(super) fn of_task(group: &TaskGroup, task: &Task) -> Faults {
    let mut faults = Faults::default();
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for (position, service) in services_of(task).enumerate() {
        let (name, label) = (text(service, "Name"), text(service, "PortLabel"));
        faults.nest(&format!("service[{position}] {name:?} validation failed: "), one(service));
        if !known.insert((name, label)) {
            faults.add(format!("service {name:?} is duplicate"));
        }
        let is_number = |label: &str| label.parse::<i64>().is_ok();
        let by_driver = text(service, "AddressMode") == "driver" && is_number(label);
        if !label.is_empty() && !by_driver {
            named.entry(label).or_default().insert(name);
        }
        for check in checks_of(service).filter(|check| check::requires_port(check)) {
            let (check_name, by_driver) = (text(check, "Name"), text(check, "AddressMode") == "driver");
            match text(check, "PortLabel") {
                "" if label.is_empty() => faults.add(format!("check {check_name:?} is missing a port")),
                own => {
                    let used = if own.is_empty() { label } else { own };
                    match used.parse::<i64>() {
                        Ok(_) if by_driver => {}
                        Ok(number) => faults.add(format!("check {check_name:?} cannot use a numeric port {number} without setting address_mode=\"driver\"")),
                        Err(_) => {
                            named.entry(used).or_default().insert(name);
                        }
                    }
                }
            }
        }
    }
    missing(group, task, named, &mut faults);
    faults
}

/// Ports that are named and that nobody has.
fn missing(group: &TaskGroup, task: &Task, named: BTreeMap<&str, BTreeSet<&str>>, faults: &mut Faults) {
    let networks = objects(field(group, "Networks")).chain(objects(&task.resources["Networks"]));
    let labels: BTreeSet<&str> = networks
        .flat_map(|network| objects(&network["DynamicPorts"]).chain(objects(&network["ReservedPorts"])))
        .map(|port| text(port, "Label"))
        .collect();
    for (label, services) in named {
        if !label.contains("${") && !labels.contains(label) {
            let services: Vec<&str> = services.into_iter().collect();
            let services = services.join(", ");
            faults.add(format!("port label {label:?} referenced by services {services} does not exist"));
        }
    }
}

/// Services and checks of a task are of this task.
fn belongs(task: &Task, service: &Opaque, faults: &mut Faults) {
    let is_other = |thing: &Opaque| !["", task.name.as_str()].contains(&text(thing, "TaskName"));
    if is_other(service) {
        let (name, other) = (text(service, "Name"), text(service, "TaskName"));
        faults.add(format!(
            "Service {name} is invalid: may only specify task the service belongs to, got {other:?}"
        ));
    }
    for check in checks_of(service).filter(|check| is_other(check)) {
        let (name, other) = (text(check, "Name"), text(check, "TaskName"));
        faults.add(format!(
            "Check {name} is invalid: may only specify task the check belongs to, got {other:?}"
        ));
    }
}

/// A service by itself.
fn one(service: &Opaque) -> Faults {
    let mut faults = Faults::default();
    let name = text(service, "Name");
    if !is_sound_name(name) {
        faults.add(format!("Service name must be valid per RFC 1123 and can contain only alphanumeric characters or dashes and must be no longer than 63 characters: {name:?}"));
    }
    let mode = text(service, "AddressMode");
    if !matches!(mode, "" | "auto" | "host" | "driver" | "alloc" | "alloc_ipv6") {
        faults.add(format!("Service address_mode must be \"auto\", \"host\", or \"driver\"; not {mode:?}"));
    } else if !matches!(mode, "" | "auto") && !text(service, "Address").is_empty() {
        faults.add("Service address_mode must be \"auto\" if address is set");
    }
    let on_update = text(service, "OnUpdate");
    if !matches!(on_update, "" | "require_healthy" | "ignore_warnings" | "ignore") {
        faults.add(format!("Service on_update must be \"require_healthy\", \"ignore_warnings\", or \"ignore\"; not {on_update:?}"));
    }
    match text(service, "Provider") {
        provider @ ("consul" | "nomad") => {
            for check in checks_of(service) {
                check::fault(service, check, provider == "nomad", &mut faults);
            }
            if provider == "nomad" && service["Connect"].is_object() {
                faults.add("Service with provider nomad cannot include Connect blocks");
            }
        }
        provider => {
            faults.add(format!("Service provider must be \"consul\", or \"nomad\"; not {provider:?}"))
        }
    }
    faults
}

/// Whether a name can be one of a host; what is filled in later counts as a word.
fn is_sound_name(name: &str) -> bool {
    let mut plain = name.to_owned();
    while let Some(start) = plain.find("${") {
        let Some(length) = plain[start..].find('}') else { break };
        plain.replace_range(start..=start + length, "ENV-VAR");
    }
    plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !plain.starts_with('-')
        && !plain.ends_with('-')
        && plain.len() <= 63
}

/// What all services of a group and its tasks have to agree on.
#[derive(Default)]
struct All<'a> {
    providers: BTreeSet<&'a str>,
    seen: BTreeSet<String>,
    twice: BTreeSet<String>,
}

impl<'a> All<'a> {
    fn count(&mut self, owner: &str, service: &'a Opaque) {
        self.providers.insert(text(service, "Provider"));
        let id = format!("{owner}->{}:{}", text(service, "Name"), text(service, "PortLabel"));
        if !self.seen.insert(id.clone()) {
            self.twice.insert(id);
        }
    }

    fn judge(self, faults: &mut Faults) {
        if !self.twice.is_empty() {
            let twice: Vec<String> = self.twice.into_iter().collect();
            faults.add(format!("Services are not unique: [{}]", twice.join(" ")));
        }
        if self.providers.len() > 1 {
            faults.add("Multiple service providers used: task group services must use the same provider");
        }
    }
}

fn services_of(task: &Task) -> impl Iterator<Item = &Opaque> {
    objects(task.rest.get("Services").unwrap_or(NULL))
}

fn checks_of(service: &Opaque) -> impl Iterator<Item = &Opaque> {
    objects(service.get("Checks").unwrap_or(NULL))
}
