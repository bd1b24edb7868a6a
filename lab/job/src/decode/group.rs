//! The `group` block.

use serde_json::{Map, Value as Json};

use super::block::{self, Appears, Inner, Table, elsewhere, label, list, object};
use super::expect::{labelled, many, one};
use super::field::{Type, maybe, plain};
use super::job::{MIGRATE, RESCHEDULE, SPREAD, UPDATE, some};
use super::{Context, Found, Place, complete, constraint, network, of_kind, scaling, service, task};

static RESTART: Table = Table {
    fields: &[
        maybe("interval", "Interval", Type::Duration),
        maybe("attempts", "Attempts", Type::Integer),
        maybe("delay", "Delay", Type::Duration),
        maybe("mode", "Mode", Type::Text),
        maybe("render_templates", "RenderTemplates", Type::Truth),
    ],
    blocks: &[],
    label: None,
};

/// A `restart` block, of a group or a task.
pub(super) const fn restart() -> Inner {
    object("restart", "RestartPolicy", &RESTART)
}

/// A `consul` block, of a group or a task.
pub(super) const fn consul() -> Inner {
    object("consul", "Consul", &CONSUL)
}

static DISCONNECT: Table = Table {
    fields: &[
        maybe("lost_after", "LostAfter", Type::Duration),
        maybe("stop_on_client_after", "StopOnClientAfter", Type::Duration),
        maybe("replace", "Replace", Type::Truth),
        maybe("reconcile", "Reconcile", Type::Text),
    ],
    blocks: &[],
    label: None,
};

static EPHEMERAL_DISK: Table = Table {
    fields: &[
        maybe("sticky", "Sticky", Type::Truth),
        maybe("migrate", "Migrate", Type::Truth),
        maybe("size", "SizeMB", Type::Integer),
    ],
    blocks: &[],
    label: None,
};

static CONSUL: Table = Table {
    fields: &[
        plain("namespace", "Namespace", Type::Text),
        plain("cluster", "Cluster", Type::Text),
        plain("partition", "Partition", Type::Text),
    ],
    blocks: &[],
    label: None,
};

static MOUNT_OPTIONS: Table = Table {
    fields: &[plain("fs_type", "FSType", Type::Text), maybe("mount_flags", "MountFlags", Type::Texts)],
    blocks: &[],
    label: None,
};

static VOLUME: Table = Table {
    fields: &[
        plain("type", "Type", Type::Text),
        plain("source", "Source", Type::Text),
        plain("read_only", "ReadOnly", Type::Truth),
        plain("sticky", "Sticky", Type::Truth),
        plain("access_mode", "AccessMode", Type::Text),
        plain("attachment_mode", "AttachmentMode", Type::Text),
        plain("per_alloc", "PerAlloc", Type::Truth),
    ],
    blocks: &[object("mount_options", "MountOptions", &MOUNT_OPTIONS)],
    label: Some("Name"),
};

static GROUP: Table = Table {
    fields: &[
        maybe("count", "Count", Type::Integer),
        maybe("shutdown_delay", "ShutdownDelay", Type::Duration),
        maybe("stop_after_client_disconnect", "StopAfterClientDisconnect", Type::Duration),
        maybe("max_client_disconnect", "MaxClientDisconnect", Type::Duration),
        maybe("max_run_duration", "MaxRunDuration", Type::Duration),
        maybe("prevent_reschedule_on_lost", "PreventRescheduleOnLost", Type::Truth),
    ],
    blocks: &[
        elsewhere(many("constraint")),
        elsewhere(many("affinity")),
        elsewhere(labelled("task", "name")),
        list("spread", "Spreads", &SPREAD),
        elsewhere(labelled("volume", "name")),
        restart(),
        object("disconnect", "Disconnect", &DISCONNECT),
        object("reschedule", "ReschedulePolicy", &RESCHEDULE),
        object("ephemeral_disk", "EphemeralDisk", &EPHEMERAL_DISK),
        object("update", "Update", &UPDATE),
        object("migrate", "Migrate", &MIGRATE),
        elsewhere(many("network")),
        Inner { nested: one("meta"), json: "Meta", appears: Appears::TextMap, table: &block::EMPTY },
        elsewhere(many("service")),
        elsewhere(one("scaling")),
        consul(),
        elsewhere(one("vault")),
    ],
    label: Some("Name"),
};

/// The group that a `group` block describes, with its `vault` block in `Vault`.
pub(super) fn decode(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let (mut fields, others) = block::body(&GROUP, &Place::of(found), context);
    fields.insert("Name".to_owned(), label(&found.block).into());
    let of = |kind| of_kind(&others, kind);
    let constraints: Vec<Json> =
        of("constraint").map(|found| constraint::constraint(found, context)).collect();
    let affinities: Vec<Json> = of("affinity").map(|found| constraint::affinity(found, context)).collect();
    let networks: Vec<Json> = of("network").map(|found| network::network(found, context)).collect();
    let services: Vec<Json> = of("service").map(|found| service::decode(found, context)).collect();
    let tasks: Vec<Json> = of("task").map(|found| task::decode(found, context)).collect();
    let volumes: Map<String, Json> = of("volume")
        .map(|found| {
            let name = label(&found.block).to_owned();
            let mut volume = block::whole(&VOLUME, found, context);
            volume["Name"] = name.as_str().into();
            (name, volume)
        })
        .collect();
    let scaling = of("scaling").next().map(|found| scaling::of_group(found, context));
    // The real program drops what is wrong with it.
    let before = context.report.len();
    let vault = of("vault").next().map(|found| task::vault(found, context));
    context.report.truncate(before);
    for (name, value) in [
        ("Constraints", some(constraints)),
        ("Affinities", some(affinities)),
        ("Networks", some(networks)),
        ("Services", some(services)),
        ("Tasks", some(tasks)),
        ("Volumes", if volumes.is_empty() { Json::Null } else { Json::Object(volumes) }),
        ("Scaling", scaling.unwrap_or(Json::Null)),
        ("Vault", vault.unwrap_or(Json::Null)),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Json::Object(fields)
}

/// The group around a task that stands in the job itself.
pub(super) fn of_task(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let task = task::decode(found, context);
    let mut group = complete(&Json::Null);
    group["Name"] = label(&found.block).into();
    group["Tasks"] = vec![task].into();
    group
}

/// A group that came as JSON, with every field that the API's group has.
pub(super) fn complete(given: &Json) -> Json {
    let mut fields = complete::object(&GROUP, given);
    complete::rules(&mut fields, given);
    for (name, value) in [
        ("Networks", complete::list(given, "Networks", network::complete)),
        ("Services", complete::list(given, "Services", service::complete)),
        ("Tasks", complete::list(given, "Tasks", task::complete)),
        ("Scaling", complete::present(given, "Scaling").map(|policy| scaling::complete(&policy))),
        ("Volumes", complete::present(given, "Volumes").map(volumes)),
    ] {
        fields.insert(name.to_owned(), value.unwrap_or(Json::Null));
    }
    Json::Object(fields)
}

fn volumes(given: Json) -> Json {
    let Json::Object(given) = given else { return given };
    let each = |(name, volume): (String, Json)| (name, Json::Object(complete::object(&VOLUME, &volume)));
    Json::Object(given.into_iter().map(each).collect())
}
