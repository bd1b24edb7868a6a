//! What differs between two versions of a job, as `nomad job plan` shows it.

mod field;
mod object;
mod order;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

pub(super) use self::object::same;
use self::object::{list, parts};
use self::shape::{GROUP, JOB, Shape, TASK};
use super::{Job, Opaque};

/// The difference from `old` to `new`, with what the annotations of a plan say of the groups; null: it is no plan, and
/// what would follow from the difference is not said.
pub(crate) fn job_diff(old: Option<&Job>, new: &Job, annotations: &Opaque) -> Opaque {
    let json = |job: &Job| serde_json::to_value(job).unwrap_or_default();
    let (old, new) = (old.map_or(Json::Null, json), json(new));
    let kind = if old.is_null() { "Added" } else { "None" };
    let (fields, objects) = (fields(&old, &new, &JOB), parts(&old, &new, &JOB));
    let mut groups = groups(&old["TaskGroups"], &new["TaskGroups"], annotations);
    if annotations.is_null() {
        groups.iter_mut().for_each(forget_consequences);
    }
    let changed =
        !fields.is_empty() || !objects.is_empty() || groups.iter().any(|group| group["Type"] != "None");
    let kind = if kind == "None" && changed { "Edited" } else { kind };
    json!({"Type": kind, "ID": new["ID"], "Fields": list(fields), "Objects": list(objects), "TaskGroups": list(groups)})
}

fn forget_consequences(group: &mut Json) {
    for part in ["Fields", "Tasks"] {
        for annotated in group[part].as_array_mut().into_iter().flatten() {
            annotated["Annotations"] = Json::Null;
        }
    }
}

fn fields(old: &Json, new: &Json, shape: &Shape) -> Vec<Json> {
    field::differences(&field::of(old, shape), &field::of(new, shape), false)
}

fn by_name(list: &Json) -> BTreeMap<String, &Json> {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| (item["Name"].as_str().unwrap_or_default().to_owned(), item)).collect()
}

fn groups(old: &Json, new: &Json, annotations: &Json) -> Vec<Json> {
    let (old, new) = (by_name(old), by_name(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .map(|name| {
            let (old, new) = (old.get(name).copied(), new.get(name).copied());
            group(
                name,
                old.unwrap_or(&Json::Null),
                new.unwrap_or(&Json::Null),
                &annotations["DesiredTGUpdates"][name],
            )
        })
        .collect()
}

fn group(name: &str, old: &Json, new: &Json, updates: &Json) -> Json {
    let (mut fields, objects) = (fields(old, new, &GROUP), parts(old, new, &GROUP));
    for field in fields.iter_mut().filter(|field| field["Name"] == "Count") {
        let count = |which: &str| field[which].as_str().and_then(|text| text.parse().ok()).unwrap_or(0_i64);
        let word = if count("New") > count("Old") { "forces create" } else { "forces destroy" };
        field["Annotations"] = json!([word]);
    }
    let tasks = tasks(&old["Tasks"], &new["Tasks"]);
    let kind = kind(old, new);
    json!({"Type": kind, "Name": name, "Fields": list(fields), "Objects": list(objects), "Tasks": list(tasks), "Updates": counts(updates)})
}

/// How many allocations are changed in which way.
fn counts(updates: &Json) -> Json {
    const WORDS: [(&str, &str); 7] = [
        ("Ignore", "ignore"),
        ("Place", "create"),
        ("Migrate", "migrate"),
        ("Stop", "destroy"),
        ("InPlaceUpdate", "in-place update"),
        ("DestructiveUpdate", "create/destroy update"),
        ("Canary", "canary"),
    ];
    let counted = WORDS.iter().filter(|(field, _)| updates[field].as_u64().unwrap_or(0) > 0);
    let counted: Map<String, Json> =
        counted.map(|(field, word)| ((*word).to_owned(), updates[field].clone())).collect();
    // A group that the plan looked at has counts, if only of nothing.
    if updates.is_null() { Json::Null } else { Json::Object(counted) }
}

fn kind(old: &Json, new: &Json) -> &'static str {
    match (old.is_null(), new.is_null()) {
        (true, _) => "Added",
        (_, true) => "Deleted",
        _ if same(old, new) => "None",
        _ => "Edited",
    }
}

fn tasks(old: &Json, new: &Json) -> Vec<Json> {
    let (old, new) = (by_name(old), by_name(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let task = |name: &String| {
        let side = |tasks: &BTreeMap<String, &Json>| tasks.get(name).copied().cloned().unwrap_or_default();
        let (old, new) = (side(&old), side(&new));
        let (fields, objects) = (fields(&old, &new, &TASK), parts(&old, &new, &TASK));
        let kind = kind(&old, &new);
        let annotations = match kind {
            "Added" => json!(["forces create"]),
            "Deleted" => json!(["forces destroy"]),
            "Edited" => forced(&fields, &objects),
            _ => Json::Null,
        };
        json!({"Type": kind, "Name": name, "Fields": list(fields), "Objects": list(objects), "Annotations": annotations})
    };
    names.into_iter().map(task).collect()
}

/// Whether a task's changes need a new allocation.
fn forced(fields: &[Json], objects: &[Json]) -> Json {
    const HARMLESS: [&str; 6] =
        ["KillTimeout", "ShutdownDelay", "Service", "Constraint", "RestartPolicy", "Affinity"];
    let harmless = fields.iter().chain(objects).all(|part| HARMLESS.iter().any(|name| part["Name"] == *name));
    json!([if harmless { "forces in-place update" } else { "forces create/destroy update" }])
}
