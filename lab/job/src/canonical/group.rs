//! Groups.

use serde_json::{Value as Json, json};

use super::{SECOND, fill, fill_all, merged, service, task, update_defaults, weights};

pub(super) fn canonicalize(group: &mut Json, job: &Json, kind: &str) {
    fill(group, "Name", json!(""));
    let name = group["Name"].clone();
    if group["Count"].is_null() {
        let least = group["Scaling"]["Min"].clone();
        group["Count"] = if least.is_null() { json!(1) } else { least };
    }
    if group["Scaling"].is_object() {
        fill(&mut group["Scaling"], "Enabled", json!(true));
        let count = group["Count"].clone();
        fill(&mut group["Scaling"], "Min", count);
        if group["Scaling"]["Type"] == "" {
            group["Scaling"]["Type"] = "horizontal".into();
        }
    }
    fill(group, "EphemeralDisk", json!({}));
    fill_all(&mut group["EphemeralDisk"], json!({"Migrate": false, "SizeMB": 300, "Sticky": false}));
    if group["Consul"].is_object() && group["Consul"]["Cluster"] == "" {
        group["Consul"]["Cluster"] = "default".into();
    }
    if group["Disconnect"].is_object() {
        fill_all(&mut group["Disconnect"], json!({"Replace": true, "Reconcile": "best_score"}));
    }
    policies(group, job, kind);
    weights(group);
    let restart = group["RestartPolicy"].clone();
    let mut tasks = group["Tasks"].take();
    for one in tasks.as_array_mut().into_iter().flatten() {
        task::canonicalize(one, job, &name, &restart);
    }
    group["Tasks"] = tasks;
    for one in group["Services"].as_array_mut().into_iter().flatten() {
        service::canonicalize(one, &[&job["Name"], &name]);
    }
}

/// Each of a group's policies is its own, else the job's, else the default of the job's type.
fn policies(group: &mut Json, job: &Json, kind: &str) {
    group["Update"] = merged(&job["Update"], &group["Update"]);
    if group["Update"].is_object() {
        fill_all(&mut group["Update"], update_defaults());
    }
    group["Migrate"] = merged(&job["Migrate"], &group["Migrate"]);
    let migrate = json!({"HealthCheck": "checks", "HealthyDeadline": 300 * SECOND, "MaxParallel": 1, "MinHealthyTime": 10 * SECOND});
    if kind == "service" && group["Migrate"].is_null() || group["Migrate"].is_object() {
        fill(group, "Migrate", json!({}));
        fill_all(&mut group["Migrate"], migrate);
    }
    let reschedule = merged(&job["Reschedule"], &group["ReschedulePolicy"]);
    group["ReschedulePolicy"] = merged(&reschedule_defaults(kind), &reschedule);
    fill(group, "RestartPolicy", json!({}));
    fill_all(&mut group["RestartPolicy"], restart_defaults(kind));
}

fn restart_defaults(kind: &str) -> Json {
    let (attempts, interval) = if matches!(kind, "service" | "system") { (2, 1800) } else { (3, 86_400) };
    json!({"Attempts": attempts, "Delay": 15 * SECOND, "Interval": interval * SECOND, "Mode": "fail", "RenderTemplates": false})
}

fn reschedule_defaults(kind: &str) -> Json {
    match kind {
        "service" => {
            json!({"Attempts": 0, "Delay": 30 * SECOND, "DelayFunction": "exponential", "Interval": 0,
                            "MaxDelay": 3600 * SECOND, "Unlimited": true})
        }
        "batch" => json!({"Attempts": 1, "Delay": 5 * SECOND, "DelayFunction": "constant",
                          "Interval": 86_400 * SECOND, "MaxDelay": 0, "Unlimited": false}),
        _ => Json::Null,
    }
}
