//! The `job` block.

use serde_json::{Map, Value as Json, json};

use super::block::{self, Appears, Inner, Table, elsewhere, labelled_list, list, object, texts};
use super::expect::{labelled, many, one};
use super::field::{Type, maybe, plain};
use super::{Context, Found, Place, complete, constraint, group, of_kind, task};

pub(super) static UPDATE: Table = Table {
    fields: &[
        maybe("stagger", "Stagger", Type::Duration),
        maybe("max_parallel", "MaxParallel", Type::Integer),
        maybe("health_check", "HealthCheck", Type::Text),
        maybe("min_healthy_time", "MinHealthyTime", Type::Duration),
        maybe("healthy_deadline", "HealthyDeadline", Type::Duration),
        maybe("progress_deadline", "ProgressDeadline", Type::Duration),
        maybe("canary", "Canary", Type::Integer),
        maybe("auto_revert", "AutoRevert", Type::Truth),
        maybe("auto_promote", "AutoPromote", Type::Truth),
    ],
    blocks: &[],
    label: None,
};

pub(super) static MIGRATE: Table = Table {
    fields: &[
        maybe("max_parallel", "MaxParallel", Type::Integer),
        maybe("health_check", "HealthCheck", Type::Text),
        maybe("min_healthy_time", "MinHealthyTime", Type::Duration),
        maybe("healthy_deadline", "HealthyDeadline", Type::Duration),
    ],
    blocks: &[],
    label: None,
};

pub(super) static RESCHEDULE: Table = Table {
    fields: &[
        maybe("attempts", "Attempts", Type::Integer),
        maybe("interval", "Interval", Type::Duration),
        maybe("delay", "Delay", Type::Duration),
        maybe("delay_function", "DelayFunction", Type::Text),
        maybe("max_delay", "MaxDelay", Type::Duration),
        maybe("unlimited", "Unlimited", Type::Truth),
    ],
    blocks: &[],
    label: None,
};

static SPREAD_TARGET: Table =
    Table { fields: &[plain("percent", "Percent", Type::Integer)], blocks: &[], label: Some("Value") };

pub(super) static SPREAD: Table = Table {
    fields: &[plain("attribute", "Attribute", Type::Text), maybe("weight", "Weight", Type::Integer)],
    blocks: &[labelled_list("target", "", "SpreadTarget", &SPREAD_TARGET)],
    label: None,
};

static PERIODIC: Table = Table {
    fields: &[
        maybe("enabled", "Enabled", Type::Truth),
        maybe("cron", "Spec", Type::Text),
        maybe("crons", "Specs", Type::Texts),
        maybe("prohibit_overlap", "ProhibitOverlap", Type::Truth),
        maybe("time_zone", "TimeZone", Type::Text),
    ],
    blocks: &[],
    label: None,
};

static PARAMETERIZED: Table = Table {
    fields: &[
        plain("payload", "Payload", Type::Text),
        maybe("meta_required", "MetaRequired", Type::Texts),
        maybe("meta_optional", "MetaOptional", Type::Texts),
    ],
    blocks: &[],
    label: None,
};

static LINK: Table = Table {
    fields: &[plain("label", "Label", Type::Text), plain("url", "URL", Type::Text)],
    blocks: &[],
    label: None,
};

static UI: Table = Table {
    fields: &[plain("description", "Description", Type::Text)],
    blocks: &[list("link", "Links", &LINK)],
    label: None,
};

static STRATEGY: Table = Table {
    fields: &[
        maybe("max_parallel", "MaxParallel", Type::Integer),
        maybe("on_failure", "OnFailure", Type::Text),
    ],
    blocks: &[],
    label: None,
};

static REGION: Table = Table {
    fields: &[
        maybe("count", "Count", Type::Integer),
        maybe("datacenters", "Datacenters", Type::Texts),
        plain("node_pool", "NodePool", Type::Text),
    ],
    blocks: &[texts("meta", "Meta")],
    label: Some("Name"),
};

static MULTIREGION: Table = Table {
    fields: &[],
    blocks: &[object("strategy", "Strategy", &STRATEGY), labelled_list("region", "", "Regions", &REGION)],
    label: None,
};

static JOB: Table = Table {
    fields: &[
        maybe("region", "Region", Type::Text),
        maybe("namespace", "Namespace", Type::Text),
        maybe("id", "ID", Type::Text),
        maybe("name", "Name", Type::Text),
        maybe("type", "Type", Type::Text),
        maybe("priority", "Priority", Type::Integer),
        maybe("all_at_once", "AllAtOnce", Type::Truth),
        maybe("datacenters", "Datacenters", Type::Texts),
        maybe("node_pool", "NodePool", Type::Text),
    ],
    blocks: &[
        elsewhere(many("constraint")),
        elsewhere(many("affinity")),
        elsewhere(labelled("group", "name")),
        object("update", "Update", &UPDATE),
        object("multiregion", "Multiregion", &MULTIREGION),
        list("spread", "Spreads", &SPREAD),
        object("periodic", "Periodic", &PERIODIC),
        object("parameterized", "ParameterizedJob", &PARAMETERIZED),
        object("reschedule", "Reschedule", &RESCHEDULE),
        object("migrate", "Migrate", &MIGRATE),
        Inner { nested: one("meta"), json: "Meta", appears: Appears::TextMap, table: &block::EMPTY },
        object("ui", "UI", &UI),
        elsewhere(one("vault")),
        elsewhere(labelled("task", "name")),
    ],
    label: None,
};

/// The job that a `job` block describes.
pub(crate) fn decode(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let (mut fields, others) = block::body(&JOB, &Place::of(found), context);
    let name = block::label(&found.block);
    for field in ["ID", "Name"] {
        if fields[field].is_null() {
            fields.insert(field.to_owned(), name.into());
        }
    }
    if fields["ID"] != name && fields["Name"] == name {
        let id = fields["ID"].clone();
        fields.insert("Name".to_owned(), id);
    }
    let of = |kind| of_kind(&others, kind);
    let constraints: Vec<Json> =
        of("constraint").map(|found| constraint::constraint(found, context)).collect();
    let affinities: Vec<Json> = of("affinity").map(|found| constraint::affinity(found, context)).collect();
    let vault = of("vault").next().map(|found| task::vault(found, context));
    // Tasks outside of a group are a group each, before the others.
    let mut groups: Vec<Json> = of("task").map(|found| group::of_task(found, context)).collect();
    groups.extend(of("group").map(|found| group::decode(found, context)));
    give_vault(&mut groups, vault);
    fields.insert("Constraints".to_owned(), some(constraints));
    fields.insert("Affinities".to_owned(), some(affinities));
    fields.insert("TaskGroups".to_owned(), some(groups));
    normalize(&mut fields);
    complete::add(&mut fields, &Json::Null, unset());
    Json::Object(fields)
}

/// A list, or null where it would be empty.
pub(super) fn some(list: Vec<Json>) -> Json {
    if list.is_empty() { Json::Null } else { list.into() }
}

/// Tasks take the nearest `vault` block.
fn give_vault(groups: &mut [Json], of_job: Option<Json>) {
    for group in groups {
        let of_group =
            group.as_object_mut().and_then(|group| group.remove("Vault")).filter(|vault| !vault.is_null());
        let Some(vault) = of_group.or_else(|| of_job.clone()) else { continue };
        for task in group["Tasks"].as_array_mut().into_iter().flatten() {
            if task["Vault"].is_null() {
                task["Vault"] = vault.clone();
            }
        }
    }
}

fn normalize(fields: &mut Map<String, Json>) {
    if let Some(periodic) = fields.get_mut("Periodic").filter(|periodic| periodic.is_object()) {
        periodic["SpecType"] = "cron".into();
    }
}

/// A job that came as JSON, with every field that the API's job has.
pub(crate) fn complete(given: &Json) -> Json {
    let mut fields = complete::object(&JOB, given);
    complete::rules(&mut fields, given);
    if let Some(Json::Object(periodic)) = fields.get_mut("Periodic") {
        let kind = given["Periodic"].get("SpecType").cloned().unwrap_or_else(|| "cron".into());
        periodic.insert("SpecType".to_owned(), kind);
    }
    let groups = complete::list(given, "TaskGroups", group::complete).unwrap_or(Json::Null);
    fields.insert("TaskGroups".to_owned(), groups);
    complete::add(&mut fields, given, unset());
    Json::Object(fields)
}

/// Fields that no file can set.
fn unset() -> Json {
    json!({
        "ConsulNamespace": null, "CreateIndex": null, "DispatchIdempotencyToken": null, "Dispatched": false,
        "JobModifyIndex": null, "ModifyIndex": null, "NomadTokenID": null, "ParentID": null, "Payload": null,
        "Stable": null, "Status": null, "StatusDescription": null, "Stop": null, "SubmitTime": null,
        "VaultNamespace": null, "Version": null, "VersionTag": null,
    })
}
