//! Services and their checks.

use serde_json::{Value as Json, json};

use super::{SECOND, fill_all};

/// `owners`: the job, the group and for a task's service the task, which its name is made of.
pub(super) fn canonicalize(service: &mut Json, owners: &[&Json]) {
    let name: Vec<&str> = owners.iter().filter_map(|owner| owner.as_str()).collect();
    for (field, default) in [
        ("Name", name.join("-")),
        ("AddressMode", "auto".to_owned()),
        ("OnUpdate", "require_healthy".to_owned()),
        ("Provider", "consul".to_owned()),
        ("Cluster", "default".to_owned()),
    ] {
        if service[field] == "" {
            service[field] = default.into();
        }
    }
    let on_update = service["OnUpdate"].clone();
    let restart = service["CheckRestart"].clone();
    for check in service["Checks"].as_array_mut().into_iter().flatten() {
        if check["OnUpdate"] == "" {
            check["OnUpdate"] = on_update.clone();
        }
        if check["CheckRestart"].is_null() {
            check["CheckRestart"] = restart.clone();
        }
        if check["CheckRestart"].is_object() {
            fill_all(&mut check["CheckRestart"], json!({"Grace": SECOND}));
        }
    }
}
