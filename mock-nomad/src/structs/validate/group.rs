//! Groups.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lab_world::format_duration;

use super::parts::{Faults, number, objects, text};
use super::{reschedule, rules, service, task, volume};
use crate::structs::{Job, Opaque, TaskGroup};

const NULL: &Opaque = &Opaque::Null;
pub(super) const SECOND: i64 = 1_000_000_000;

/// A field of a group that has no type of its own.
pub(super) fn field<'a>(group: &'a TaskGroup, name: &str) -> &'a Opaque {
    group.rest.get(name).unwrap_or(NULL)
}

pub(super) fn time(nanos: i64) -> String {
    format_duration(Duration::from_nanos(nanos.max(0).unsigned_abs()))
}

pub(super) fn faults(job: &Job, group: &TaskGroup) -> Faults {
    let mut faults = Faults::default();
    if group.name.is_empty() {
        faults.add("Missing task group name");
    }
    if group.count < 0 {
        faults.add("Task group count can't be negative");
    }
    if group.tasks.is_empty() {
        faults.add("Missing tasks for task group");
    }
    disconnect(job, group, &mut faults);
    rules(group.constraints.as_deref(), &group.rest, &mut faults);
    restart(field(group, "RestartPolicy"), &mut faults);
    reschedule::faults(field(group, "ReschedulePolicy"), &mut faults);
    let disk = number(field(group, "EphemeralDisk"), "SizeMB");
    if disk < 10 {
        faults.add(format!("minimum DiskMB value is 10; got {disk}"));
    }
    if field(group, "Update").is_object() && !matches!(job.kind.as_str(), "service" | "system") {
        faults.add(format!("Job type {:?} does not allow update block", job.kind));
    }
    update(field(group, "Update"), &mut faults);
    migrate(field(group, "Migrate"), &mut faults);
    names(group, &mut faults);
    for (name, volume) in field(group, "Volumes").as_object().into_iter().flatten() {
        let own = volume::faults(volume, job, group);
        faults.nest(&format!("Task group volume validation for {name} failed: "), own);
    }
    faults.nest("Task group network validation failed: ", networks(group));
    faults.nest("Task group service validation failed: ", service::of_group(group));
    faults.nest("Task group service check validation failed: ", service::scripts_of_group(group));
    faults.nest("Task group scaling policy validation failed: ", scaling(group));
    for one in &group.tasks {
        faults.nest(&format!("Task {} validation failed: ", one.name), task::faults(group, one, disk));
    }
    faults
}

fn names(group: &TaskGroup, faults: &mut Faults) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, task) in group.tasks.iter().enumerate() {
        if task.name.is_empty() {
            faults.add(format!("Task {} missing name", position + 1));
        } else if let Some(first) = seen.get(task.name.as_str()) {
            faults.add(format!("Task {} redefines '{}' from task {first}", position + 1, task.name));
        } else {
            seen.insert(&task.name, position + 1);
        }
    }
    let leaders =
        group.tasks.iter().filter(|task| task.rest.get("Leader").is_some_and(|leader| leader == true));
    if leaders.count() > 1 {
        faults.add("Only one task may be marked as leader");
    }
}

fn disconnect(job: &Job, group: &TaskGroup, faults: &mut Faults) {
    let block = field(group, "Disconnect");
    let lost_after = number(block, "LostAfter");
    if lost_after < 0 {
        faults.add("lost_after cannot be a negative duration");
    }
    if let Some(stop_after) = block.get("StopOnClientAfter").and_then(Opaque::as_i64) {
        if stop_after < 0 {
            faults.add("stop_after cannot be a negative duration");
        }
        if lost_after > 0 {
            faults.add("Disconnect cannot be configured with both lost_after and stop_after");
        }
        if !matches!(job.kind.as_str(), "service" | "batch") {
            faults.add("stop_after can only be used with service or batch job types");
        }
    }
    let reconcile = text(block, "Reconcile");
    if !["", "best_score", "longest_running", "keep_original", "keep_replacement"].contains(&reconcile) {
        faults.add(format!("reconcile option is invalid: {reconcile}"));
    }
}

fn restart(policy: &Opaque, faults: &mut Faults) {
    if !policy.is_object() {
        return;
    }
    let mode = text(policy, "Mode");
    if !matches!(mode, "delay" | "fail") {
        faults.add(format!("Unsupported restart mode: {mode:?}"));
    }
    let (attempts, interval, delay) =
        (number(policy, "Attempts"), number(policy, "Interval"), number(policy, "Delay"));
    if attempts == 0 && mode == "delay" {
        faults.add("Restart policy \"delay\" with 0 attempts is ambiguous");
    }
    if interval < 5 * SECOND {
        faults.add(format!("Interval can not be less than 5s (got {})", time(interval)));
    }
    if attempts.saturating_mul(delay) > interval {
        let (interval, delay) = (time(interval), time(delay));
        faults.add(format!("Nomad can't restart the TaskGroup {attempts} times in an interval of {interval} with a delay of {delay}"));
    }
}

fn update(block: &Opaque, faults: &mut Faults) {
    if !block.is_object() {
        return;
    }
    let of = |field: &str| number(block, field);
    let check = text(block, "HealthCheck");
    if !matches!(check, "checks" | "task_states" | "manual") {
        faults.add(format!("Invalid health check given: {check:?}"));
    }
    for (field, title) in [("MaxParallel", "Max parallel"), ("Canary", "Canary count")] {
        if of(field) < 0 {
            faults.add(format!("{title} can not be less than zero: {} < 0", of(field)));
        }
    }
    if of("Canary") == 0 && block["AutoPromote"] == true {
        faults.add("Auto Promote requires a Canary count greater than zero");
    }
    let (min, deadline, progress) = (of("MinHealthyTime"), of("HealthyDeadline"), of("ProgressDeadline"));
    if min < 0 {
        faults.add(format!("Minimum healthy time may not be less than zero: -{}", time(-min)));
    }
    if deadline <= 0 {
        faults.add(format!("Healthy deadline must be greater than zero: {}", time(deadline)));
    }
    if progress < 0 {
        faults.add(format!("Progress deadline must be zero or greater: -{}", time(-progress)));
    }
    if min >= deadline {
        faults.add(format!(
            "Minimum healthy time must be less than healthy deadline: {} > {}",
            time(min),
            time(deadline)
        ));
    }
    if progress != 0 && deadline >= progress {
        faults.add(format!(
            "Healthy deadline must be less than progress deadline: {} > {}",
            time(deadline),
            time(progress)
        ));
    }
    if of("Stagger") <= 0 {
        faults.add(format!("Stagger must be greater than zero: {}", time(of("Stagger"))));
    }
}

fn migrate(block: &Opaque, faults: &mut Faults) {
    if !block.is_object() {
        return;
    }
    let of = |field: &str| number(block, field);
    if of("MaxParallel") < 0 {
        faults.add(format!("MaxParallel must be >= 0 but found {}", of("MaxParallel")));
    }
    if !matches!(text(block, "HealthCheck"), "checks" | "task_states") {
        faults.add(format!("Invalid HealthCheck: {:?}", text(block, "HealthCheck")));
    }
    if of("MinHealthyTime") < 0 {
        faults.add(format!("MinHealthyTime is -{} and must be >= 0", time(-of("MinHealthyTime"))));
    }
    if of("MinHealthyTime") > of("HealthyDeadline") {
        faults.add("MinHealthyTime must be less than HealthyDeadline");
    }
}

fn networks(group: &TaskGroup) -> Faults {
    let mut faults = Faults::default();
    let (mut labels, mut fixed): (BTreeSet<String>, BTreeMap<i64, String>) = <_>::default();
    for network in objects(field(group, "Networks")) {
        let dynamic = objects(network.get("DynamicPorts").unwrap_or(NULL));
        for port in objects(network.get("ReservedPorts").unwrap_or(NULL)).chain(dynamic) {
            let (label, value) = (text(port, "Label"), number(port, "Value"));
            if !labels.insert(label.to_owned()) {
                faults.add(format!("Port label {label} already in use by taskgroup network"));
            }
            if value != 0 {
                if value > 65_535 {
                    faults.add(format!("Port {label} ({value}) cannot be greater than 65535"));
                } else if let Some(first) = fixed
                    .get(&value)
                    .filter(|_| port.get("IgnoreCollision").is_none_or(|ignore| ignore == false))
                {
                    faults.add(format!("Static port {value} already reserved by taskgroup network:{first}"));
                } else {
                    fixed.insert(value, label.to_owned());
                }
            }
            if number(port, "To") < -1 {
                faults
                    .add(format!("Port {label:?} cannot be mapped to negative value {}", number(port, "To")));
            }
        }
    }
    faults
}

fn scaling(group: &TaskGroup) -> Faults {
    let mut faults = Faults::default();
    let policy = field(group, "Scaling");
    if !policy.is_object() {
        return faults;
    }
    let (least, most) = (number(policy, "Min"), policy.get("Max").and_then(Opaque::as_i64).unwrap_or(-1));
    if policy.get("Max").is_none_or(|max| max.is_null() || *max == 0 || most < 0) {
        faults.add("Scaling policy invalid: maximum count must be specified and non-negative");
    } else if most < least {
        faults.add("Scaling policy invalid: maximum count must not be less than minimum count");
    }
    if group.count < least {
        faults.add(
            "Scaling policy invalid: task group count must not be less than minimum count in scaling policy",
        );
    }
    if group.count > most.max(0) {
        faults.add("Scaling policy invalid: task group count must not be greater than maximum count in scaling policy");
    }
    faults
}
