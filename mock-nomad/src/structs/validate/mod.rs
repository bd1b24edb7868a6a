//! What a job must be to be registered, with every fault in the words of the real program.

mod check;
mod group;
mod parts;
mod reschedule;
mod rules;
mod service;
mod task;
mod volume;
mod warnings;

pub(crate) use self::parts::listed;
use self::parts::{Faults, text};
use self::rules::rules;
pub(crate) use self::warnings::warnings;
use super::{Job, Opaque};

/// Every fault of a job in the words of go-multierror: `2 errors occurred:\n\t* …\n\t* …\n\n`.
#[cfg(test)]
fn validate(job: &Job) -> Result<(), String> {
    all(job).text().map_or(Ok(()), Err)
}

/// Every fault of a job by itself.
pub(crate) fn faults(job: &Job) -> Vec<String> {
    all(job).list()
}

fn all(job: &Job) -> Faults {
    let mut faults = Faults::default();
    identity(job, &mut faults);
    for (position, datacenter) in job.datacenters.iter().enumerate() {
        if datacenter.is_empty() && position < 1 {
            faults.add("Job datacenter must be non-empty string");
        }
    }
    let tasks = || job.task_groups.iter().flat_map(|group| &group.tasks);
    if tasks().any(|task| task.rest.get("Schedule").is_some_and(Opaque::is_object)) {
        faults.add("task schedules requires Nomad Enterprise");
    }
    rules(job.constraints.as_deref(), &job.rest, &mut faults);
    if job.task_groups.is_empty() {
        faults.add("Missing job task groups");
    }
    for (position, group) in job.task_groups.iter().enumerate() {
        let number = position + 1;
        if group.name.is_empty() {
            faults.add(format!("Job task group {number} missing name"));
        } else if let Some(first) =
            job.task_groups[..position].iter().position(|other| other.name == group.name)
        {
            faults.add(format!(
                "Job task group {number} redefines '{}' from group {}",
                group.name,
                first + 1
            ));
        }
        if group::field(group, "ShutdownDelay").as_i64().is_some_and(|delay| delay < 0) {
            faults.add("ShutdownDelay must be a positive value");
        }
        if job.kind == "system" && group.count > 1 {
            faults.add(format!(
                "Job task group {} has count {}. Count cannot exceed 1 with system scheduler",
                group.name, group.count
            ));
        }
    }
    for group in &job.task_groups {
        faults.nest(&format!("Task group {} validation failed: ", group.name), group::faults(job, group));
    }
    periodic(job, &mut faults);
    parameterized(job, &mut faults);
    faults
}

fn identity(job: &Job, faults: &mut Faults) {
    if job.region.is_empty() {
        faults.add("Missing job region");
    }
    match job.id.as_str() {
        "" => faults.add("Missing job ID"),
        id if id.contains(' ') => faults.add("Job ID contains a space"),
        id if id.contains('\0') => faults.add("Job ID contains a null character"),
        _ => {}
    }
    if job.name.is_empty() {
        faults.add("Missing job name");
    } else if job.name.contains('\0') {
        faults.add("Job Name contains a null character");
    }
    if job.namespace.is_empty() {
        faults.add("Job must be in a namespace");
    }
    if !matches!(job.kind.as_str(), "service" | "batch" | "system" | "sysbatch") {
        faults.add(format!("Invalid job type: {:?}", job.kind));
    }
    if !(1..=100).contains(&job.priority) {
        faults.add("job priority must be between [1, 100]");
    }
}

fn periodic(job: &Job, faults: &mut Faults) {
    let Some(block) = job.rest.get("Periodic").filter(|block| block.is_object()) else { return };
    if !job.is_batch() {
        faults.add("Periodic can only be used with \"batch\" or \"sysbatch\" scheduler");
    }
    if block["Enabled"] == false {
        return;
    }
    let mut own = Faults::default();
    let specs: Vec<&str> =
        block["Specs"].as_array().into_iter().flatten().filter_map(Opaque::as_str).collect();
    let single = text(block, "Spec");
    if single.is_empty() && specs.is_empty() {
        own.add("Must specify a spec");
    }
    let zone = text(block, "TimeZone");
    if !matches!(zone, "" | "UTC" | "Local") && !crate::server::is_known_zone(zone) {
        own.add(format!("Invalid time zone {zone:?}: unknown time zone {zone}"));
    }
    match text(block, "SpecType") {
        "cron" => {
            for spec in [single].into_iter().filter(|spec| !spec.is_empty()).chain(specs) {
                if let Err(why) = crate::server::check_cron(spec) {
                    own.add(format!("Invalid cron spec {spec:?}: {why}"));
                }
            }
        }
        other => own.add(format!("Unknown periodic specification type {other:?}")),
    }
    faults.nest("", own);
}

fn parameterized(job: &Job, faults: &mut Faults) {
    let Some(block) = job.rest.get("ParameterizedJob").filter(|block| block.is_object()) else { return };
    if !job.is_batch() {
        faults.add("Parameterized job can only be used with \"batch\" or \"sysbatch\" scheduler");
    }
    let mut own = Faults::default();
    let payload = text(block, "Payload");
    if !matches!(payload, "" | "optional" | "required" | "forbidden") {
        own.add(format!("Unknown payload requirement: {payload:?}"));
    }
    let keys = |field: &str| -> Vec<String> {
        let list = block[field].as_array().into_iter().flatten();
        list.filter_map(|key| key.as_str().map(str::to_owned)).collect()
    };
    let optional = keys("MetaOptional");
    let both: Vec<String> = keys("MetaRequired").into_iter().filter(|key| optional.contains(key)).collect();
    if !both.is_empty() {
        own.add(format!(
            "Required and optional meta keys should be disjoint. Following keys exist in both: [{}]",
            both.join(" ")
        ));
    }
    faults.nest("", own);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structs::canonicalize;
    use serde_json::Value;

    #[test]
    fn faults_are_told_as_the_real_program_does() {
        let mut wrong = Vec::new();
        for line in include_str!("recorded.jsonl").lines() {
            let recorded: Value = serde_json::from_str(line).expect("a recorded answer");
            let wanted = recorded["answer"].as_str().expect("an answer");
            let Ok(job) = serde_json::from_value::<Job>(canonicalize(&recorded["job"], "global")) else {
                wrong.push(format!("{} is no job", recorded["job"]));
                continue;
            };
            let came = match validate(&job) {
                Ok(()) => format!("OK {}", warnings(&job, Vec::new())),
                Err(faults) => format!("ERR 500 {faults}"),
            };
            if came != wanted {
                wrong.push(format!("{}\nwanted {wanted:?}\ncame   {came:?}", recorded["job"]));
            }
        }
        assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
    }
}
