//! What a user leaves out, filled in as the API's client does it.

mod group;
mod service;
mod task;

use serde_json::{Map, Value as Json, json};

use crate::decode;

pub(crate) const SECOND: i64 = 1_000_000_000;

/// Puts a job from the API into canonical form: every field that the API's job has is there, with its default where the
/// user said nothing or `null`; fields that it does not have are gone. What depends on the server, such as the agent's
/// own region, stays as the client's library has it.
pub fn canonicalize(job: &Json) -> Json {
    let mut job = decode::complete_job(job);
    let id = job["ID"].clone();
    for (name, default) in [
        ("ID", json!("")),
        ("Name", id),
        ("ParentID", json!("")),
        ("Namespace", json!("default")),
        ("Priority", json!(50)),
        ("Stop", json!(false)),
        ("Region", json!("global")),
        ("NodePool", json!("")),
        ("Type", json!("service")),
        ("AllAtOnce", json!(false)),
        ("ConsulNamespace", json!("")),
        ("VaultNamespace", json!("")),
        ("NomadTokenID", json!("")),
        ("Status", json!("")),
        ("StatusDescription", json!("")),
        ("Stable", json!(false)),
        ("Version", json!(0)),
        ("CreateIndex", json!(0)),
        ("ModifyIndex", json!(0)),
        ("JobModifyIndex", json!(0)),
    ] {
        fill(&mut job, name, default);
    }
    if job["Namespace"] == "" {
        job["Namespace"] = "default".into();
    }
    periodic(&mut job);
    let kind = job["Type"].as_str().unwrap_or_default().to_owned();
    if job["Update"].is_object() {
        fill_all(&mut job["Update"], update_defaults());
    } else if matches!(kind.as_str(), "service" | "system") {
        job["Update"] = update_defaults();
    }
    weights(&mut job);
    multiregion(&mut job);
    let mut groups = job["TaskGroups"].take();
    for group in groups.as_array_mut().into_iter().flatten() {
        group::canonicalize(group, &job, &kind);
    }
    job["TaskGroups"] = groups;
    job
}

/// Sets a field that is null.
pub(crate) fn fill(object: &mut Json, name: &str, default: Json) {
    if object[name].is_null() {
        object[name] = default;
    }
}

/// Sets every field that is null to that of `defaults`.
pub(crate) fn fill_all(object: &mut Json, defaults: Json) {
    if let Json::Object(defaults) = defaults {
        for (name, default) in defaults {
            fill(object, &name, default);
        }
    }
}

/// `over` where it says something, else `under`; null where both are.
pub(crate) fn merged(under: &Json, over: &Json) -> Json {
    match (under, over) {
        (Json::Object(under), Json::Object(over)) => {
            let mut all: Map<String, Json> = under.clone();
            all.extend(
                over.iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
            Json::Object(all)
        }
        (under, Json::Null) => under.clone(),
        (_, over) => over.clone(),
    }
}

/// Affinities and spreads weigh 50.
pub(crate) fn weights(object: &mut Json) {
    for field in ["Affinities", "Spreads"] {
        for entry in object.get_mut(field).and_then(Json::as_array_mut).into_iter().flatten() {
            fill(entry, "Weight", json!(50));
        }
    }
}

fn periodic(job: &mut Json) {
    if job["Periodic"].is_object() {
        let defaults = json!({"Enabled": true, "Spec": "", "Specs": [], "SpecType": "cron", "ProhibitOverlap": false, "TimeZone": "UTC"});
        fill_all(&mut job["Periodic"], defaults);
    }
}

fn multiregion(job: &mut Json) {
    if !job["Multiregion"].is_object() {
        return;
    }
    fill(&mut job["Multiregion"], "Strategy", json!({"MaxParallel": 0, "OnFailure": ""}));
    fill_all(&mut job["Multiregion"]["Strategy"], json!({"MaxParallel": 0, "OnFailure": ""}));
    for region in job["Multiregion"]["Regions"].as_array_mut().into_iter().flatten() {
        fill_all(region, json!({"Count": 1, "Datacenters": [], "Meta": {}}));
    }
}

pub(crate) fn update_defaults() -> Json {
    json!({
        "AutoPromote": false, "AutoRevert": false, "Canary": 0, "HealthCheck": "checks",
        "HealthyDeadline": 300 * SECOND, "MaxParallel": 1, "MinHealthyTime": 10 * SECOND,
        "ProgressDeadline": 600 * SECOND, "Stagger": 30 * SECOND,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_job_becomes_whole() {
        let job = json!({"ID": "app", "Unknown": 1, "TaskGroups": [
            {"Name": "g", "Count": 2, "RestartPolicy": {"Attempts": 0},
             "Tasks": [{"Name": "t", "Driver": "raw_exec", "Resources": {"CPU": 20}}]}]});
        let job = canonicalize(&job);
        assert_eq!(
            (&job["Name"], &job["Region"], &job["Priority"]),
            (&json!("app"), &json!("global"), &json!(50))
        );
        assert_eq!(job.get("Unknown"), None);
        let group = &job["TaskGroups"][0];
        assert_eq!(group["RestartPolicy"]["Attempts"], 0);
        assert_eq!(group["RestartPolicy"]["Interval"], 1800 * SECOND);
        assert_eq!(group["ReschedulePolicy"]["Unlimited"], true);
        assert_eq!(group["Tasks"][0]["Resources"]["CPU"], 20);
        assert_eq!(group["Tasks"][0]["Resources"]["MemoryMB"], 300);
        assert_eq!(group["Tasks"][0]["RestartPolicy"]["Attempts"], 0);
    }

    #[test]
    fn each_type_has_its_policies() {
        let of = |kind: &str| {
            let job = json!({"Type": kind, "TaskGroups": [{"Name": "g", "Tasks": []}]});
            canonicalize(&job)["TaskGroups"][0].clone()
        };
        assert_eq!(of("batch")["RestartPolicy"]["Attempts"], 3);
        assert_eq!(of("batch")["ReschedulePolicy"]["Attempts"], 1);
        assert_eq!(of("system")["ReschedulePolicy"], Json::Null);
        assert_eq!(of("sysbatch")["Update"], Json::Null);
    }

    #[test]
    fn nonsense_stays_harmless() {
        assert_eq!(canonicalize(&json!("text"))["ID"], "");
        assert_eq!(canonicalize(&json!({"TaskGroups": [3, null]}))["TaskGroups"][0]["Name"], "");
    }
}
