//! From the API's job to the servers'.

use serde_json::{Map, Value, json};

/// How long a task is given to end, in nanoseconds.
const KILL_TIMEOUT: u64 = 5_000_000_000;

/// Puts a job from the API into the servers' canonical form: every field that the real program writes is there, with its
/// default where the user said nothing or `null`; fields that it does not know are gone.
pub(crate) fn canonicalize(job: &Value, region: &str) -> Value {
    let given_region = job.get("Region").and_then(Value::as_str).filter(|region| !region.is_empty());
    let mut filled = lab_job::canonicalize(job);
    filled["Region"] = given_region.unwrap_or(region).into();
    if filled["Datacenters"].as_array().is_none_or(Vec::is_empty) && !filled["Datacenters"].is_string() {
        filled["Datacenters"] = json!(["*"]);
    }
    if filled["Priority"] == 0 {
        filled["Priority"] = 50.into();
    }
    if filled["NodePool"] == "" {
        filled["NodePool"] = "default".into();
    }
    let kind = filled["Type"].as_str().unwrap_or_default().to_owned();
    let (stagger, parallel) = match filled["Update"].as_object() {
        Some(update) if kind != "batch" => (update["Stagger"].clone(), update["MaxParallel"].clone()),
        _ => (json!(0), json!(0)),
    };
    filled["Update"] = json!({"AutoPromote": false, "AutoRevert": false, "Canary": 0, "HealthCheck": "",
        "HealthyDeadline": 0, "MaxParallel": parallel, "MinHealthyTime": 0, "ProgressDeadline": 0, "Stagger": stagger});
    set(
        &mut filled,
        &[("DispatchIdempotencyToken", json!("")), ("SubmitTime", json!(0)), ("TaskGroups", json!([]))],
    );
    remove(&mut filled, &["Migrate", "Reschedule"]);
    empty_is_null(&mut filled, &["Meta"]);
    for link in filled["UI"].get_mut("Links").and_then(Value::as_array_mut).into_iter().flatten() {
        let url = link["URL"].take();
        remove(link, &["URL"]);
        link["Url"] = url;
    }
    let id = filled["ID"].clone();
    for group in filled["TaskGroups"].as_array_mut().into_iter().flatten() {
        self::group(group, &id);
    }
    filled
}

fn group(group: &mut Value, job: &Value) {
    remove(group, &["MaxRunDuration"]);
    set(group, &[("PreventRescheduleOnLost", json!(false)), ("Tasks", json!([]))]);
    empty_is_null(group, &["Meta", "Services", "Networks", "Volumes", "Constraints"]);
    if group["Disconnect"].is_object() {
        set(&mut group["Disconnect"], &[("LostAfter", json!(0))]);
        if group["Disconnect"]["Reconcile"] == "" {
            group["Disconnect"]["Reconcile"] = "best_score".into();
        }
    }
    networks(&mut group["Networks"]);
    let name = group["Name"].clone();
    if group["Scaling"].is_object() {
        group["Scaling"]["Target"] = json!({"Namespace": "default", "Job": job, "Group": name});
        remove(&mut group["Scaling"], &["Namespace"]);
    }
    for service in group["Services"].as_array_mut().into_iter().flatten() {
        self::service(service, "");
    }
    for task in group["Tasks"].as_array_mut().into_iter().flatten() {
        let task_name = task["Name"].clone();
        for policy in task["ScalingPolicies"].as_array_mut().into_iter().flatten() {
            let target = json!({"Namespace": "default", "Job": job, "Group": name, "Task": task_name});
            policy["Target"] = target;
            set(policy, &[("Min", json!(0)), ("Enabled", json!(true))]);
            remove(policy, &["Namespace"]);
        }
        for template in task["Templates"].as_array_mut().into_iter().flatten() {
            remove(&mut template["ChangeScript"], &["RunOnFirstRender"]);
        }
        self::task(task);
    }
}

fn task(task: &mut Value) {
    set(task, &[("CSIPluginConfig", Value::Null)]);
    if let Some(task) = task.as_object_mut() {
        task.entry("CSIPluginConfig").or_insert(Value::Null);
    }
    if task["KillTimeout"] == 0 {
        task["KillTimeout"] = json!(KILL_TIMEOUT);
    }
    remove(&mut task["LogConfig"], &["Enabled"]);
    let resources = &mut task["Resources"];
    set(
        resources,
        &[("DiskMB", json!(0)), ("IOPS", json!(0)), ("MemoryMaxMB", json!(0)), ("SecretsMB", json!(0))],
    );
    networks(&mut resources["Networks"]);
    empty_is_null(task, &["Meta", "Env", "Services", "Templates", "Artifacts", "Identities", "Constraints"]);
    if task["Identity"].is_null() {
        task["Identity"] = json!({});
    }
    let identity = &mut task["Identity"];
    for (field, default) in [
        ("Audience", json!(["nomadproject.io"])),
        ("ChangeMode", json!("")),
        ("ChangeSignal", json!("")),
        ("Env", json!(false)),
        ("File", json!(false)),
        ("Filepath", json!("")),
        ("ServiceName", json!("")),
        ("TTL", json!(0)),
    ] {
        if identity[field].is_null() {
            identity[field] = default;
        }
    }
    identity["Name"] = "default".into();
    remove(identity, &["ExtraClaims"]);
    for identity in task["Identities"].as_array_mut().into_iter().flatten() {
        remove(identity, &["ExtraClaims"]);
    }
    remove(&mut task["Vault"], &["Policies"]);
    let name = task["Name"].as_str().unwrap_or_default().to_owned();
    for service in task["Services"].as_array_mut().into_iter().flatten() {
        self::service(service, &name);
    }
}

/// `task`: whose it is; empty for the group's.
fn service(service: &mut Value, task: &str) {
    remove(service, &["CheckRestart"]);
    service["Namespace"] = "default".into();
    fill(service, "TaskName", task);
    let text = |field: &str| service[field].as_str().unwrap_or_default().to_owned();
    let (name, owner) = (text("Name"), text("TaskName"));
    if service["Identity"].is_object() {
        remove(&mut service["Identity"], &["ExtraClaims"]);
    }
    for check in service["Checks"].as_array_mut().into_iter().flatten() {
        remove(check, &["Advertise"]);
        fill(check, "Notes", "");
        fill(check, "Name", &format!("service: {name:?} check"));
        if !task.is_empty() {
            check["TaskName"] = "".into();
        }
        fill(check, "TaskName", &owner);
        fill(check, "OnUpdate", "require_healthy");
    }
}

/// Sets a text that is empty or not there.
fn fill(value: &mut Value, field: &str, text: &str) {
    if value[field].as_str().unwrap_or_default().is_empty() {
        value[field] = text.into();
    }
}

/// Of networks only what is set is written.
fn networks(list: &mut Value) {
    for network in list.as_array_mut().into_iter().flatten() {
        for ports in ["DynamicPorts", "ReservedPorts"] {
            for port in network[ports].as_array_mut().into_iter().flatten() {
                if port["HostNetwork"] == "" {
                    port["HostNetwork"] = "default".into();
                }
                keep_set(port);
            }
        }
        keep_set(network);
    }
}

fn keep_set(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| {
            !matches!(value, Value::Null | Value::Bool(false)) && *value != json!(0) && *value != json!("")
        });
    }
}

/// Sets fields that are null or not there.
fn set(value: &mut Value, defaults: &[(&str, Value)]) {
    let Some(fields) = value.as_object_mut() else { return };
    for (name, default) in defaults {
        let field = fields.entry(*name).or_insert(Value::Null);
        if field.is_null() {
            *field = default.clone();
        }
    }
}

fn remove(value: &mut Value, names: &[&str]) {
    let mut nothing = Map::new();
    let fields = value.as_object_mut().unwrap_or(&mut nothing);
    names.iter().for_each(|name| drop(fields.remove(*name)));
}

/// The servers do not tell empty lists and maps from none.
fn empty_is_null(value: &mut Value, names: &[&str]) {
    for name in names {
        let empty = match &value[*name] {
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        if empty {
            value[*name] = Value::Null;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_job_becomes_whole() {
        let job = json!({"ID": "app", "Unknown": 1, "Datacenters": null,
            "TaskGroups": [{"Name": "g", "Count": 2, "RestartPolicy": {"Attempts": 0},
                            "Tasks": [{"Name": "t", "Driver": "raw_exec", "Resources": {"CPU": 20}}]}]});
        let job = canonicalize(&job, "eu");
        assert_eq!(
            (&job["Name"], &job["Region"], &job["Priority"]),
            (&json!("app"), &json!("eu"), &json!(50))
        );
        assert_eq!(job["Datacenters"], json!(["*"]));
        assert_eq!(job.get("Unknown"), None);
        let group = &job["TaskGroups"][0];
        assert_eq!(group["RestartPolicy"]["Attempts"], 0);
        assert_eq!(group["Update"]["MinHealthyTime"], 10_000_000_000_i64);
        assert_eq!(group["Tasks"][0]["Resources"]["MemoryMB"], 300);
        assert_eq!(group["Tasks"][0]["Identity"]["Name"], "default");
    }

    #[test]
    fn jobs_are_kept_as_the_real_servers_keep_them() {
        for line in include_str!("recorded_jobs.jsonl").lines() {
            let recorded: Value = serde_json::from_str(line).expect("a recorded job");
            let mut kept = canonicalize(&recorded["given"], "global");
            remove(
                &mut kept,
                &["CreateIndex", "ModifyIndex", "JobModifyIndex", "SubmitTime", "Status", "Version"],
            );
            let mut wrong = Vec::new();
            differences("", &recorded["kept"], &kept, &mut wrong);
            assert!(wrong.is_empty(), "{}\n{}", recorded["given"]["ID"], wrong.join("\n"));
        }
    }

    /// What is wanted and what came, where they differ.
    fn differences(path: &str, wanted: &Value, came: &Value, found: &mut Vec<String>) {
        match (wanted, came) {
            (Value::Object(wanted), Value::Object(came)) => {
                let names: std::collections::BTreeSet<&String> = wanted.keys().chain(came.keys()).collect();
                for name in names {
                    let nothing = json!("(nothing)");
                    let (wanted, came) =
                        (wanted.get(name).unwrap_or(&nothing), came.get(name).unwrap_or(&nothing));
                    differences(&format!("{path}/{name}"), wanted, came, found);
                }
            }
            (Value::Array(wanted), Value::Array(came)) if wanted.len() == came.len() => {
                for (at, (wanted, came)) in wanted.iter().zip(came).enumerate() {
                    differences(&format!("{path}/{at}"), wanted, came, found);
                }
            }
            (wanted, came) if wanted == came => {}
            (wanted, came) => found.push(format!("{path}: wanted {wanted}, came {came}")),
        }
    }

    #[test]
    fn nonsense_stays_nonsense() {
        assert_eq!(canonicalize(&json!("text"), "global")["ID"], "");
        assert_eq!(canonicalize(&json!({"TaskGroups": 3}), "global")["TaskGroups"], 3);
    }
}
