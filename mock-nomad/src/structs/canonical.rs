//! Fills in what a user's job leaves out.

use serde_json::{Map, Value, json};

const SECOND: i64 = 1_000_000_000;

/// Puts a job from the API into canonical form: every field that the real program writes is there, with its default
/// where the user said nothing or `null`; fields that it does not know are gone.
pub(crate) fn canonicalize(job: &Value, region: &str) -> Value {
    let kind = text(job, "Type").unwrap_or("service").to_owned();
    let mut filled = fill(job, job_defaults(&kind));
    let id = filled["ID"].clone();
    if filled["Name"] == "" {
        filled["Name"] = id;
    }
    if filled["Region"] == "" {
        filled["Region"] = region.into();
    }
    if let Some(groups) = filled["TaskGroups"].as_array_mut() {
        for group in groups {
            *group = canonical_group(group, &kind);
        }
    }
    filled
}

fn canonical_group(group: &Value, kind: &str) -> Value {
    let mut filled = fill(group, group_defaults(kind));
    for (field, defaults) in [
        ("RestartPolicy", restart_defaults(kind)),
        ("ReschedulePolicy", reschedule_defaults(kind)),
        ("EphemeralDisk", disk_defaults()),
        ("Disconnect", disconnect_defaults()),
    ] {
        if filled[field].is_object() {
            filled[field] = fill(&filled[field], defaults);
        }
    }
    if filled["Update"].is_object() && kind == "service" {
        filled["Update"] = fill(&filled["Update"], update_defaults());
    }
    let restart = filled["RestartPolicy"].clone();
    if let Some(tasks) = filled["Tasks"].as_array_mut() {
        for task in tasks {
            let mut defaults = task_defaults();
            defaults["RestartPolicy"] = restart.clone();
            *task = fill(task, defaults);
            task["Resources"] = fill(&task["Resources"], resource_defaults());
            task["RestartPolicy"] = fill(&task["RestartPolicy"], restart.clone());
        }
    }
    filled
}

/// `defaults` with every field that `given` says something about taken from there.
fn fill(given: &Value, defaults: Value) -> Value {
    let Value::Object(defaults) = defaults else { return given.clone() };
    let filled: Map<String, Value> = defaults
        .into_iter()
        .map(|(name, default)| match given.get(&name) {
            Some(value) if !value.is_null() => (name, value.clone()),
            _ => (name, default),
        })
        .collect();
    Value::Object(filled)
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str().filter(|text| !text.is_empty())
}

fn job_defaults(kind: &str) -> Value {
    let update = if kind == "service" {
        json!({"AutoPromote": false, "AutoRevert": false, "Canary": 0, "HealthCheck": "", "HealthyDeadline": 0,
               "MaxParallel": 1, "MinHealthyTime": 0, "ProgressDeadline": 0, "Stagger": 30 * SECOND})
    } else {
        json!({"AutoPromote": false, "AutoRevert": false, "Canary": 0, "HealthCheck": "", "HealthyDeadline": 0,
               "MaxParallel": 0, "MinHealthyTime": 0, "ProgressDeadline": 0, "Stagger": 0})
    };
    json!({
        "Affinities": null, "AllAtOnce": false, "Constraints": null, "ConsulNamespace": "", "CreateIndex": 0,
        "Datacenters": ["*"], "DispatchIdempotencyToken": "", "Dispatched": false, "ID": "", "JobModifyIndex": 0,
        "Meta": null, "ModifyIndex": 0, "Multiregion": null, "Name": "", "Namespace": "default",
        "NodePool": "default", "NomadTokenID": "", "ParameterizedJob": null, "ParentID": "", "Payload": null,
        "Periodic": null, "Priority": 50, "Region": "", "Spreads": null, "Stable": false, "Status": "",
        "StatusDescription": "", "Stop": false, "SubmitTime": 0, "TaskGroups": [], "Type": "service", "UI": null,
        "Update": update, "VaultNamespace": "", "Version": 0, "VersionTag": null,
    })
}

fn group_defaults(kind: &str) -> Value {
    let migrate = json!({"HealthCheck": "checks", "HealthyDeadline": 300 * SECOND, "MaxParallel": 1,
                         "MinHealthyTime": 10 * SECOND});
    let service = kind == "service";
    json!({
        "Affinities": null, "Constraints": null, "Consul": null, "Count": 1, "Disconnect": null,
        "EphemeralDisk": disk_defaults(), "MaxClientDisconnect": null, "Meta": null,
        "Migrate": if service { migrate } else { Value::Null }, "Name": "", "Networks": null,
        "PreventRescheduleOnLost": false, "ReschedulePolicy": reschedule_defaults(kind),
        "RestartPolicy": restart_defaults(kind), "Scaling": null, "Services": null, "ShutdownDelay": null,
        "Spreads": null, "StopAfterClientDisconnect": null, "Tasks": [],
        "Update": if service { update_defaults() } else { Value::Null }, "Volumes": null,
    })
}

fn task_defaults() -> Value {
    json!({
        "Actions": null, "Affinities": null, "Artifacts": null, "CSIPluginConfig": null, "Config": null,
        "Constraints": null, "Consul": null, "DispatchPayload": null, "Driver": "", "Env": null, "Identities": null,
        "Identity": {"Audience": ["nomadproject.io"], "ChangeMode": "", "ChangeSignal": "", "Env": false,
                     "File": false, "Filepath": "", "Name": "default", "ServiceName": "", "TTL": 0},
        "KillSignal": "", "KillTimeout": 5 * SECOND, "Kind": "", "Leader": false, "Lifecycle": null,
        "LogConfig": {"Disabled": false, "MaxFileSizeMB": 10, "MaxFiles": 10}, "Meta": null, "Name": "",
        "Resources": resource_defaults(), "RestartPolicy": null, "ScalingPolicies": null, "Schedule": null,
        "Secrets": null, "Services": null, "ShutdownDelay": 0, "Templates": null, "User": "", "Vault": null,
        "VolumeMounts": null,
    })
}

fn resource_defaults() -> Value {
    json!({"CPU": 100, "Cores": 0, "Devices": null, "DiskMB": 0, "IOPS": 0, "MemoryMB": 300, "MemoryMaxMB": 0,
           "NUMA": null, "Networks": null, "SecretsMB": 0})
}

fn update_defaults() -> Value {
    json!({"AutoPromote": false, "AutoRevert": false, "Canary": 0, "HealthCheck": "checks",
           "HealthyDeadline": 300 * SECOND, "MaxParallel": 1, "MinHealthyTime": 10 * SECOND,
           "ProgressDeadline": 600 * SECOND, "Stagger": 30 * SECOND})
}

fn disk_defaults() -> Value {
    json!({"Migrate": false, "SizeMB": 300, "Sticky": false})
}

fn disconnect_defaults() -> Value {
    json!({"LostAfter": 0, "Reconcile": "best_score", "Replace": true, "StopOnClientAfter": null})
}

fn restart_defaults(kind: &str) -> Value {
    let (attempts, interval) = if kind == "service" || kind == "system" { (2, 1800) } else { (3, 86_400) };
    json!({"Attempts": attempts, "Delay": 15 * SECOND, "Interval": interval * SECOND, "Mode": "fail",
           "RenderTemplates": false})
}

fn reschedule_defaults(kind: &str) -> Value {
    match kind {
        "service" => {
            json!({"Attempts": 0, "Delay": 30 * SECOND, "DelayFunction": "exponential", "Interval": 0,
                            "MaxDelay": 3600 * SECOND, "Unlimited": true})
        }
        "batch" => json!({"Attempts": 1, "Delay": 5 * SECOND, "DelayFunction": "constant",
                          "Interval": 86_400 * SECOND, "MaxDelay": 0, "Unlimited": false}),
        _ => Value::Null,
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
        assert_eq!(group["RestartPolicy"]["Interval"], 1_800_000_000_000_i64);
        assert_eq!(group["ReschedulePolicy"]["Unlimited"], true);
        assert_eq!(group["Tasks"][0]["Resources"]["CPU"], 20);
        assert_eq!(group["Tasks"][0]["Resources"]["MemoryMB"], 300);
        assert_eq!(group["Tasks"][0]["RestartPolicy"]["Attempts"], 0);
    }

    #[test]
    fn each_type_has_its_policies() {
        let group = json!({"TaskGroups": [{"Name": "g", "Tasks": []}]});
        let of = |kind: &str| {
            let mut job = group.clone();
            job["Type"] = kind.into();
            canonicalize(&job, "global")["TaskGroups"][0].clone()
        };
        assert_eq!(of("batch")["RestartPolicy"]["Attempts"], 3);
        assert_eq!(of("batch")["ReschedulePolicy"]["Attempts"], 1);
        assert_eq!(of("system")["ReschedulePolicy"], Value::Null);
        assert_eq!(of("system")["Update"], Value::Null);
    }

    #[test]
    fn nonsense_stays_nonsense() {
        assert_eq!(canonicalize(&json!("text"), "global")["ID"], "");
        assert_eq!(canonicalize(&json!({"TaskGroups": 3}), "global")["TaskGroups"], 3);
    }
}
