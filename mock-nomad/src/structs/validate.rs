//! What a job must be to be registered.

use std::collections::BTreeSet;

use super::{Job, Task, TaskGroup};

/// Every fault of a job in the words of go-multierror: `2 errors occurred:\n\t* …\n\t* …\n\n`.
pub(crate) fn validate(job: &Job) -> Result<(), String> {
    let mut faults = Vec::new();
    job_faults(job, &mut faults);
    for (position, group) in job.task_groups.iter().enumerate() {
        group_faults(job, group, position, &mut faults);
    }
    let count = match faults.len() {
        0 => return Ok(()),
        1 => "1 error occurred:".to_owned(),
        many => format!("{many} errors occurred:"),
    };
    let lines: String = faults.iter().map(|fault| format!("\t* {fault}\n")).collect();
    Err(format!("{count}\n{lines}\n"))
}

fn job_faults(job: &Job, faults: &mut Vec<String>) {
    if job.region.is_empty() {
        faults.push("Missing job region".into());
    }
    match job.id.as_str() {
        "" => faults.push("Missing job ID".into()),
        id if id.contains(' ') => faults.push("Job ID contains a space".into()),
        id if id.contains('\0') => faults.push("Job ID contains a null character".into()),
        _ => {}
    }
    if job.name.is_empty() {
        faults.push("Missing job name".into());
    } else if job.name.contains('\0') {
        faults.push("Job Name contains a null character".into());
    }
    if job.namespace.is_empty() {
        faults.push("Job must be in a namespace".into());
    }
    if !matches!(job.kind.as_str(), "service" | "batch" | "system" | "sysbatch") {
        faults.push(format!("Invalid job type: {:?}", job.kind));
    }
    if !(1..=100).contains(&job.priority) {
        faults.push("Job priority must be between [1, 100]".into());
    }
    if job.datacenters.iter().any(String::is_empty) {
        faults.push("Job datacenter must be non-empty string".into());
    }
    if job.task_groups.is_empty() {
        faults.push("Missing job task groups".into());
    }
}

fn group_faults(job: &Job, group: &TaskGroup, position: usize, faults: &mut Vec<String>) {
    let number = position + 1;
    if group.name.is_empty() {
        faults.push(format!("Job task group {number} missing name"));
    } else if let Some(first) = job.task_groups[..position].iter().position(|other| other.name == group.name)
    {
        faults.push(format!("Job task group {number} redefines '{}' from group {}", group.name, first + 1));
    }
    if job.kind == "system" && group.count > 1 {
        faults.push(format!(
            "Job task group {} has count {}. Count cannot exceed 1 with system scheduler",
            group.name, group.count
        ));
    }
    let mut own = Vec::new();
    if group.count < 0 {
        own.push("Task group count can't be negative".to_owned());
    }
    if group.tasks.is_empty() {
        own.push("Missing tasks for task group".to_owned());
    }
    disconnect_faults(job, group, &mut own);
    let mut names = BTreeSet::new();
    for (position, task) in group.tasks.iter().enumerate() {
        if task.name.is_empty() {
            own.push(format!("Task {} missing name", position + 1));
        } else if !names.insert(task.name.as_str()) {
            own.push(format!("Task {} redefines '{}'", position + 1, task.name));
        }
        own.extend(task_fault(task));
    }
    if !own.is_empty() {
        let label = if own.len() == 1 { "1 error".to_owned() } else { format!("{} errors", own.len()) };
        let lines: String = own.iter().map(|fault| format!("\t* {fault}\n")).collect();
        faults.push(format!("Task group {} validation failed: {label} occurred:\n{lines}\n", group.name));
    }
}

fn disconnect_faults(job: &Job, group: &TaskGroup, faults: &mut Vec<String>) {
    let lost_after = group.number("Disconnect", "LostAfter").unwrap_or(0);
    let stop_after = group.number("Disconnect", "StopOnClientAfter");
    if lost_after < 0 {
        faults.push("lost_after cannot be a negative duration".into());
    }
    if let Some(stop_after) = stop_after {
        if stop_after < 0 {
            faults.push("stop_after cannot be a negative duration".into());
        }
        if lost_after > 0 {
            faults.push("Disconnect cannot be configured with both lost_after and stop_after".into());
        }
        if !matches!(job.kind.as_str(), "service" | "batch") {
            faults.push("stop_after can only be used with service or batch job types".into());
        }
    }
    if let Some(reconcile) = group.text("Disconnect", "Reconcile")
        && !["", "best_score", "longest_running", "keep_original", "keep_replacement"].contains(&reconcile)
    {
        faults.push(format!("reconcile option is invalid: {reconcile}"));
    }
}

fn task_fault(task: &Task) -> Option<String> {
    let mut faults = Vec::new();
    if task.driver.is_empty() {
        faults.push("Missing task driver");
    }
    if task.cpu() < 1 {
        faults.push("minimum CPU value is 1; got 0");
    }
    if task.memory() < 10 {
        faults.push("minimum MemoryMB value is 10; got less");
    }
    if faults.is_empty() {
        return None;
    }
    let label = if faults.len() == 1 { "1 error".to_owned() } else { format!("{} errors", faults.len()) };
    let lines: String = faults.iter().map(|fault| format!("\t* {fault}\n")).collect();
    Some(format!("Task {} validation failed: {label} occurred:\n{lines}\n", task.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structs::canonicalize;
    use serde_json::json;

    fn faults(job: serde_json::Value) -> String {
        let job = serde_json::from_value(canonicalize(&job, "global")).expect("a job");
        validate(&job).expect_err("faults")
    }

    #[test]
    fn faults_are_listed_as_the_real_program_does() {
        assert_eq!(faults(json!({"ID": "x"})), "1 error occurred:\n\t* Missing job task groups\n\n");
        assert_eq!(
            faults(json!({"ID": "has space", "Name": "x", "TaskGroups": []})),
            "2 errors occurred:\n\t* Job ID contains a space\n\t* Missing job task groups\n\n"
        );
        let group = json!({"Name": "g", "Tasks": [{"Name": "t", "Driver": "raw_exec"}]});
        assert_eq!(
            faults(json!({"ID": "app", "Type": "nonsense", "TaskGroups": [group]})),
            "1 error occurred:\n\t* Invalid job type: \"nonsense\"\n\n"
        );
    }

    #[test]
    fn a_sound_job_passes() {
        let job =
            json!({"ID": "app", "TaskGroups": [{"Name": "g", "Tasks": [{"Name": "t", "Driver": "docker"}]}]});
        let job = serde_json::from_value(canonicalize(&job, "global")).expect("a job");
        assert_eq!(validate(&job), Ok(()));
    }
}
