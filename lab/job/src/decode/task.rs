//! The `task` block.

use serde_json::{Value as Json, json};

use super::block::{self, Appears, Inner, Table, elsewhere, free, label, labelled_list, list, object, texts};
use super::expect::{labelled, many, one};
use super::field::{Absent, Field, Type, maybe, plain, required};
use super::job::some;
use super::{Context, Found, Place, complete, constraint, group, network, of_kind, scaling, service};

pub(super) static IDENTITY: Table = Table {
    fields: &[
        plain("name", "Name", Type::Text),
        maybe("aud", "Audience", Type::Texts),
        plain("change_mode", "ChangeMode", Type::Text),
        plain("change_signal", "ChangeSignal", Type::Text),
        plain("env", "Env", Type::Truth),
        plain("file", "File", Type::Truth),
        plain("filepath", "Filepath", Type::Text),
        plain("service_name", "ServiceName", Type::Text),
        plain("ttl", "TTL", Type::Duration),
    ],
    blocks: &[texts("extra_claims", "ExtraClaims")],
    label: None,
};

static VAULT: Table = Table {
    fields: &[
        maybe("policies", "Policies", Type::Texts),
        plain("role", "Role", Type::Text),
        maybe("namespace", "Namespace", Type::Text),
        plain("cluster", "Cluster", Type::Text),
        maybe("env", "Env", Type::Truth),
        maybe("disable_file", "DisableFile", Type::Truth),
        maybe("change_mode", "ChangeMode", Type::Text),
        maybe("change_signal", "ChangeSignal", Type::Text),
        maybe("allow_token_expiration", "AllowTokenExpiration", Type::Truth),
    ],
    blocks: &[],
    label: None,
};

static CHANGE_SCRIPT: Table = Table {
    fields: &[
        maybe("command", "Command", Type::Text),
        maybe("args", "Args", Type::Texts),
        maybe("timeout", "Timeout", Type::Duration),
        maybe("fail_on_error", "FailOnError", Type::Truth),
        maybe("run_on_first_render", "RunOnFirstRender", Type::Truth),
    ],
    blocks: &[],
    label: None,
};

static WAIT: Table = Table {
    fields: &[maybe("min", "Min", Type::Duration), maybe("max", "Max", Type::Duration)],
    blocks: &[],
    label: None,
};

static TEMPLATE: Table = Table {
    fields: &[
        maybe("source", "SourcePath", Type::Text),
        maybe("destination", "DestPath", Type::Text),
        maybe("data", "EmbeddedTmpl", Type::Text),
        maybe("change_mode", "ChangeMode", Type::Text),
        maybe("change_signal", "ChangeSignal", Type::Text),
        maybe("once", "Once", Type::Truth),
        maybe("splay", "Splay", Type::Duration),
        maybe("perms", "Perms", Type::Text),
        maybe("uid", "Uid", Type::Integer),
        maybe("gid", "Gid", Type::Integer),
        maybe("left_delimiter", "LeftDelim", Type::Text),
        maybe("right_delimiter", "RightDelim", Type::Text),
        maybe("env", "Envvars", Type::Truth),
        maybe("vault_grace", "VaultGrace", Type::Duration),
        plain("error_on_missing_key", "ErrMissingKey", Type::Truth),
    ],
    blocks: &[object("change_script", "ChangeScript", &CHANGE_SCRIPT), object("wait", "Wait", &WAIT)],
    label: None,
};

static ARTIFACT: Table = Table {
    fields: &[
        maybe("source", "GetterSource", Type::Text),
        maybe("mode", "GetterMode", Type::Text),
        maybe("insecure", "GetterInsecure", Type::Truth),
        maybe("destination", "RelativeDest", Type::Text),
        plain("chown", "Chown", Type::Truth),
    ],
    blocks: &[texts("options", "GetterOptions"), texts("headers", "GetterHeaders")],
    label: None,
};

static DEVICE: Table = Table {
    fields: &[maybe("count", "Count", Type::Integer)],
    blocks: &[elsewhere(many("constraint")), elsewhere(many("affinity"))],
    label: Some("Name"),
};

static NUMA: Table = Table {
    fields: &[plain("affinity", "Affinity", Type::Text), maybe("devices", "Devices", Type::Texts)],
    blocks: &[],
    label: None,
};

static RESOURCES: Table = Table {
    fields: &[
        maybe("cpu", "CPU", Type::Integer),
        maybe("cores", "Cores", Type::Integer),
        maybe("memory", "MemoryMB", Type::Integer),
        maybe("memory_max", "MemoryMaxMB", Type::Integer),
        maybe("disk", "DiskMB", Type::Integer),
        maybe("secrets", "SecretsMB", Type::Integer),
        maybe("iops", "IOPS", Type::Integer),
    ],
    blocks: &[elsewhere(labelled("device", "")), elsewhere(many("network")), object("numa", "NUMA", &NUMA)],
    label: None,
};

static LOGS: Table = Table {
    fields: &[
        maybe("max_files", "MaxFiles", Type::Integer),
        maybe("max_file_size", "MaxFileSizeMB", Type::Integer),
        maybe("enabled", "Enabled", Type::Truth),
        maybe("disabled", "Disabled", Type::Truth),
    ],
    blocks: &[],
    label: None,
};

static VOLUME_MOUNT: Table = Table {
    fields: &[
        maybe("volume", "Volume", Type::Text),
        maybe("destination", "Destination", Type::Text),
        maybe("read_only", "ReadOnly", Type::Truth),
        maybe("propagation_mode", "PropagationMode", Type::Text),
        maybe("selinux_label", "SELinuxLabel", Type::Text),
    ],
    blocks: &[],
    label: None,
};

static LIFECYCLE: Table = Table {
    fields: &[required("hook", "Hook", Type::Text), plain("sidecar", "Sidecar", Type::Truth)],
    blocks: &[],
    label: None,
};

static DISPATCH_PAYLOAD: Table =
    Table { fields: &[plain("file", "File", Type::Text)], blocks: &[], label: None };

static ACTION: Table = Table {
    fields: &[required("command", "Command", Type::Text), maybe("args", "Args", Type::Texts)],
    blocks: &[],
    label: Some("Name"),
};

static CSI_PLUGIN: Table = Table {
    fields: &[
        plain("id", "ID", Type::Text),
        plain("type", "Type", Type::Text),
        plain("mount_dir", "MountDir", Type::Text),
        plain("stage_publish_base_dir", "StagePublishBaseDir", Type::Text),
        plain("health_timeout", "HealthTimeout", Type::Duration),
    ],
    blocks: &[],
    label: None,
};

static CRON: Table = Table {
    fields: &[
        plain("start", "Start", Type::Text),
        plain("end", "End", Type::Text),
        plain("timezone", "Timezone", Type::Text),
    ],
    blocks: &[],
    label: None,
};

static SCHEDULE: Table = Table { fields: &[], blocks: &[object("cron", "Cron", &CRON)], label: None };

static SECRET: Table = Table {
    fields: &[plain("provider", "Provider", Type::Text), plain("path", "Path", Type::Text)],
    blocks: &[elsewhere(one("config")), texts("env", "Env")],
    label: Some("Name"),
};

const KILL_TIMEOUT: Field = Field {
    name: "kill_timeout",
    json: "KillTimeout",
    kind: Type::Duration,
    absent: Absent::Null,
    required: false,
};

static TASK: Table = Table {
    fields: &[
        plain("driver", "Driver", Type::Text),
        plain("user", "User", Type::Text),
        plain("kind", "Kind", Type::Text),
        plain("kill_signal", "KillSignal", Type::Text),
        KILL_TIMEOUT,
        plain("leader", "Leader", Type::Truth),
        plain("shutdown_delay", "ShutdownDelay", Type::Duration),
    ],
    blocks: &[
        elsewhere(one("config")),
        elsewhere(many("constraint")),
        elsewhere(many("affinity")),
        elsewhere(many("service")),
        elsewhere(one("resources")),
        elsewhere(one("vault")),
        elsewhere(many("identity")),
        elsewhere(labelled("scaling", "name")),
        elsewhere(labelled("secret", "name")),
        object("lifecycle", "Lifecycle", &LIFECYCLE),
        Inner { nested: one("env"), json: "Env", appears: Appears::TextMap, table: &block::EMPTY },
        Inner { nested: one("meta"), json: "Meta", appears: Appears::TextMap, table: &block::EMPTY },
        group::restart(),
        object("logs", "LogConfig", &LOGS),
        list("artifact", "Artifacts", &ARTIFACT),
        group::consul(),
        list("template", "Templates", &TEMPLATE),
        object("dispatch_payload", "DispatchPayload", &DISPATCH_PAYLOAD),
        list("volume_mount", "VolumeMounts", &VOLUME_MOUNT),
        object("csi_plugin", "CSIPluginConfig", &CSI_PLUGIN),
        labelled_list("action", "name", "Actions", &ACTION),
        object("schedule", "Schedule", &SCHEDULE),
    ],
    label: Some("Name"),
};

/// The task that a `task` block describes.
pub(super) fn decode(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let (mut fields, others) = block::body(&TASK, &Place::of(found), context);
    fields.insert("Name".to_owned(), label(&found.block).into());
    let of = |kind| of_kind(&others, kind);
    let config = of("config").next().map(|found| Json::Object(free(&Place::of(found), context)));
    let constraints: Vec<Json> =
        of("constraint").map(|found| constraint::constraint(found, context)).collect();
    let affinities: Vec<Json> = of("affinity").map(|found| constraint::affinity(found, context)).collect();
    let services: Vec<Json> = of("service").map(|found| service::decode(found, context)).collect();
    let resources = of("resources").next().map(|found| resources(found, context));
    let vault = of("vault").next().map(|found| vault(found, context));
    let policies: Vec<Json> = of("scaling").filter_map(|found| scaling::of_task(found, context)).collect();
    let secrets: Vec<Json> = of("secret").map(|found| secret(found, context)).collect();
    let identities: Vec<Json> = of("identity").map(|found| block::whole(&IDENTITY, found, context)).collect();
    let (default, named) = split_identities(identities);
    for (name, value) in [
        ("Config", config.unwrap_or(Json::Null)),
        ("Constraints", some(constraints)),
        ("Affinities", some(affinities)),
        ("Services", some(services)),
        ("Resources", resources.unwrap_or(Json::Null)),
        ("Vault", vault.unwrap_or(Json::Null)),
        ("ScalingPolicies", some(policies)),
        ("Secrets", some(secrets)),
        ("Identities", if default.is_null() { some(named) } else { named.into() }),
        ("Identity", default),
    ] {
        fields.insert(name.to_owned(), value);
    }
    leave_out_plugin(&mut fields);
    for template in fields.get_mut("Templates").and_then(Json::as_array_mut).into_iter().flatten() {
        for (name, default) in
            [("ChangeMode", json!("restart")), ("Perms", json!("0644")), ("Splay", json!(5_000_000_000_u64))]
        {
            if template[name].is_null() {
                template[name] = default;
            }
        }
        if template["ChangeScript"].is_object() {
            for (name, default) in
                [("Args", json!([])), ("Timeout", json!(5_000_000_000_u64)), ("FailOnError", json!(false))]
            {
                if template["ChangeScript"][name].is_null() {
                    template["ChangeScript"][name] = default;
                }
            }
        }
    }
    Json::Object(fields)
}

/// The plugin is the one field that the API leaves out where it is null.
fn leave_out_plugin(fields: &mut serde_json::Map<String, Json>) {
    if fields["CSIPluginConfig"].is_null() {
        fields.remove("CSIPluginConfig");
    }
}

/// An identity without a name is the default one.
fn split_identities(identities: Vec<Json>) -> (Json, Vec<Json>) {
    let (mut default, mut named) = (Json::Null, Vec::new());
    for identity in identities {
        match identity["Name"].as_str() {
            Some("" | "default") => default = identity,
            _ => named.push(identity),
        }
    }
    (default, named)
}

/// A `vault` block, with what it means where it says nothing.
pub(super) fn vault(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let mut vault = block::whole(&VAULT, found, context);
    for (name, default) in
        [("Env", json!(true)), ("DisableFile", json!(false)), ("ChangeMode", json!("restart"))]
    {
        if vault[name].is_null() {
            vault[name] = default;
        }
    }
    vault
}

fn resources(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let (mut fields, others) = block::body(&RESOURCES, &Place::of(found), context);
    let of = |kind| of_kind(&others, kind);
    let networks: Vec<Json> = of("network").map(|found| network::network(found, context)).collect();
    let devices: Vec<Json> = of("device").map(|found| device(found, context)).collect();
    fields.insert("Networks".to_owned(), some(networks));
    fields.insert("Devices".to_owned(), some(devices));
    Json::Object(fields)
}

fn device(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let (mut fields, others) = block::body(&DEVICE, &Place::of(found), context);
    fields.insert("Name".to_owned(), label(&found.block).into());
    let of = |kind| of_kind(&others, kind);
    let constraints: Vec<Json> =
        of("constraint").map(|found| constraint::constraint(found, context)).collect();
    let affinities: Vec<Json> = of("affinity").map(|found| constraint::affinity(found, context)).collect();
    fields.insert("Constraints".to_owned(), some(constraints));
    fields.insert("Affinities".to_owned(), some(affinities));
    Json::Object(fields)
}

fn secret(found: &Found, context: &mut Context<'_, '_>) -> Json {
    let (mut fields, others) = block::body(&SECRET, &Place::of(found), context);
    fields.insert("Name".to_owned(), label(&found.block).into());
    let config = others.first().map(|found| Json::Object(free(&Place::of(found), context)));
    fields.insert("Config".to_owned(), config.unwrap_or(Json::Null));
    Json::Object(fields)
}

/// A task that came as JSON, with every field that the API's task has.
pub(super) fn complete(given: &Json) -> Json {
    let mut fields = complete::object(&TASK, given);
    complete::rules(&mut fields, given);
    let identity = |identity: &Json| Json::Object(complete::object(&IDENTITY, identity));
    for (name, value) in [
        ("Config", complete::present(given, "Config")),
        ("Services", complete::list(given, "Services", service::complete)),
        ("Resources", complete::present(given, "Resources").map(|given| complete_resources(&given))),
        (
            "Vault",
            complete::present(given, "Vault").map(|given| Json::Object(complete::object(&VAULT, &given))),
        ),
        ("ScalingPolicies", complete::list(given, "ScalingPolicies", scaling::complete)),
        ("Secrets", complete::list(given, "Secrets", complete_secret)),
        ("Identity", complete::present(given, "Identity").map(|given| identity(&given))),
        ("Identities", complete::list(given, "Identities", identity)),
    ] {
        fields.insert(name.to_owned(), value.unwrap_or(Json::Null));
    }
    leave_out_plugin(&mut fields);
    Json::Object(fields)
}

fn complete_secret(given: &Json) -> Json {
    let mut fields = complete::object(&SECRET, given);
    fields.insert("Config".to_owned(), complete::present(given, "Config").unwrap_or(Json::Null));
    Json::Object(fields)
}

/// Resources that came as JSON, with every field that the API's resources have.
pub(crate) fn complete_resources(given: &Json) -> Json {
    let mut fields = complete::object(&RESOURCES, given);
    let device = |given: &Json| {
        let mut fields = complete::object(&DEVICE, given);
        complete::rules(&mut fields, given);
        Json::Object(fields)
    };
    let networks = complete::list(given, "Networks", network::complete).unwrap_or(Json::Null);
    fields.insert("Networks".to_owned(), networks);
    fields.insert("Devices".to_owned(), complete::list(given, "Devices", device).unwrap_or(Json::Null));
    Json::Object(fields)
}
