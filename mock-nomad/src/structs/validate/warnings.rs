//! What is allowed and yet unwise.

use super::group;
use super::parts::{listed, number, objects, text};
use super::task::field;
use crate::structs::{Job, Opaque, Task, TaskGroup};

/// What is unwise about a job, and `more`, in the words of the real program; empty where there is nothing.
pub(crate) fn warnings(job: &Job, more: Vec<String>) -> String {
    let mut found = Vec::new();
    for group in &job.task_groups {
        let own = of_group(group);
        if !own.is_empty() {
            found.push(format!("Group {:?} has warnings: {}", group.name, listed(&own)));
        }
    }
    if is_promoted_in_part(job) {
        found.push("auto_promote must be true for all groups to enable automatic promotion".to_owned());
    }
    if job.rest.get("Periodic").is_some_and(|periodic| !text(periodic, "Spec").is_empty()) {
        found.push("cron is deprecated and may be removed in a future release. Use crons instead".to_owned());
    }
    for task in job.task_groups.iter().flat_map(|group| &group.tasks) {
        let names = objects(field(task, "Identities")).map(|identity| text(identity, "Name"));
        let has_vault = field(task, "Vault").is_object();
        for name in names.filter(|name| name.starts_with("vault_") && !has_vault) {
            found.push(format!("Task {} has an identity called {name} but no vault block", task.name));
        }
    }
    found.extend(more);
    match found.len() {
        0 => String::new(),
        1 => format!("1 warning:\n\n* {}", found[0]),
        many => format!("{many} warnings:\n\n* {}", found.join("\n* ")),
    }
}

fn is_promoted_in_part(job: &Job) -> bool {
    let updates = || {
        job.task_groups
            .iter()
            .filter_map(|group| group.rest.get("Update"))
            .filter(|update| update.is_object())
    };
    updates().any(|update| update["AutoPromote"] == true)
        && !updates().all(|update| number(update, "Canary") == 0 || update["AutoPromote"] == true)
}

fn of_group(group: &TaskGroup) -> Vec<String> {
    let mut found = Vec::new();
    let of = |name: &str| group::field(group, name);
    let parallel = number(of("Update"), "MaxParallel");
    if group.count > 1 && parallel > group.count {
        found.push(format!(
            "Update max parallel count is greater than task group count ({parallel} > {}). A destructive change would \
             result in the simultaneous replacement of all allocations.",
            group.count
        ));
    }
    for (name, heir) in [
        ("MaxClientDisconnect", "in favor of Disconnect.LostAfter"),
        ("StopAfterClientDisconnect", "favor of Disconnect.StopOnClientAfter"),
        ("PreventRescheduleOnLost", "in favor of Disconnect.Replace"),
    ] {
        if !of(name).is_null() && of(name) != false {
            found.push(format!("{name} is deprecated and ignored {heir}"));
        }
    }
    if objects(of("Networks")).next().is_some_and(|network| number(network, "MBits") > 0) {
        let text = "mbits has been deprecated as of Nomad 0.12.0. Please remove mbits from the network block";
        found.push(text.to_owned());
    }
    found.extend(of_services(of("Services")));
    for task in &group.tasks {
        let own = of_task(task);
        if !own.is_empty() {
            found.push(format!("Task {:?} has warnings: {}", task.name, listed(&own)));
        }
    }
    found
}

fn of_task(task: &Task) -> Vec<String> {
    let mut found = Vec::new();
    if number(&task.resources, "IOPS") != 0 {
        let text = "IOPS has been deprecated as of Nomad 0.9.0. Please remove IOPS from resource block.";
        found.push(text.to_owned());
    }
    if objects(&task.resources["Networks"]).next().is_some() {
        let text = "task network resources have been deprecated as of Nomad 0.12.0. Please configure networking via \
                    group network block.";
        found.push(text.to_owned());
    }
    for (position, template) in objects(field(task, "Templates")).enumerate() {
        if number(template, "VaultGrace") != 0 {
            found.push(format!(
                "Template[{position}] VaultGrace has been deprecated as of Nomad 0.11 and ignored since Vault 0.5. Please \
                 remove VaultGrace / vault_grace from template block."
            ));
        }
    }
    found.extend(of_services(field(task, "Services")));
    for identity in objects(field(task, "Identities")) {
        let own = of_identity(identity);
        let own: Vec<String> =
            own.iter().map(|text| format!("Identity[{}] {text}", self::text(identity, "Name"))).collect();
        if !own.is_empty() {
            found.push(listed(&own));
        }
    }
    found
}

fn of_services(services: &Opaque) -> Vec<String> {
    let with_identity = objects(services).filter(|service| service["Identity"].is_object());
    let own = with_identity.flat_map(|service| {
        let name = text(service, "Name");
        of_identity(&service["Identity"]).into_iter().map(move |text| format!("Service {name:?}: {text}"))
    });
    own.collect()
}

fn of_identity(identity: &Opaque) -> Vec<String> {
    let mut found = Vec::new();
    match identity["Audience"].as_array().map_or(0, Vec::len) {
        0 => found.push("identities without an audience are insecure"),
        1 => {}
        _ => found
            .push("while multiple audiences is allowed, it is more secure to use 1 audience per identity"),
    }
    if !matches!(text(identity, "Name"), "" | "default") && number(identity, "TTL") == 0 {
        found.push("identities without an expiration are insecure");
    }
    if identity["Env"] == true && text(identity, "ChangeMode") != "restart" {
        found.push(
            "using env=true without change_mode=\"restart\" may result in task not getting updated identity",
        );
    }
    found.into_iter().map(str::to_owned).collect()
}
