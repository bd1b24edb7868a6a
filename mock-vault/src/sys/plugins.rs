//! `sys/plugins`: the catalog, and reloading.

use serde_json::{Value, json};

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::mounts::{Plugin, catalog};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("type"),
    Field::text("sha256"),
    Field::text("sha_256"),
    Field::text("command"),
    Field::list("args"),
    Field::list("env"),
    Field::text("version"),
    Field::text("oci_image"),
    Field::text("runtime"),
];
const RELOAD: &[Field] = &[Field::text("plugin"), Field::comma_list("mounts"), Field::text("scope")];

/// The endpoints of plugins.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("plugins/catalog", &[], &[(Read, table)]),
    Endpoint::new("plugins/catalog/auth/?", &[], &[(List, |_, _| list("auth"))]),
    Endpoint::new("plugins/catalog/database/?", &[], &[(List, |_, _| list("database"))]),
    Endpoint::new("plugins/catalog/secret/?", &[], &[(List, |_, _| list("secret"))]),
    Endpoint::new(
        "plugins/catalog/{type}/{name}",
        &[FIELDS],
        &[(Read, read), (Update, write), (Delete, delete)],
    ),
    Endpoint::new("plugins/catalog/{name*}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)]),
    Endpoint::new("plugins/pins/?", &[], &[(Read, |_, _| respond(json!({"pinned_versions": []})))]),
    Endpoint::new(
        "plugins/pins/{type}/{name}",
        &[FIELDS],
        &[(Read, |_, _| no_pin()), (Update, pin), (Delete, delete)],
    ),
    Endpoint::new("plugins/runtimes/catalog/?", &[], &[(Read, runtimes), (List, runtimes)]),
    Endpoint::new("plugins/reload/backend", &[RELOAD], &[(Update, reload)]),
    Endpoint::new("plugins/reload/{type}/{name}", &[FIELDS], &[(Update, reload_named)]),
];

fn names(kind: &str) -> Vec<&'static str> {
    catalog().filter(|plugin| plugin.kind == kind).map(|plugin| plugin.name).collect()
}

fn table(_: &mut State, _: &Call<'_>) -> Outcome {
    let detailed = catalog().map(|plugin| {
        json!({
            "builtin": true, "deprecation_status": plugin.status(), "name": plugin.name, "type": plugin.kind,
            "version": plugin.version(),
        })
    });
    let mut data: Data =
        ["auth", "database", "secret"].iter().map(|&kind| (kind.to_owned(), json!(names(kind)))).collect();
    data.insert("detailed".to_owned(), detailed.collect());
    respond(Value::Object(data))
}

fn list(kind: &str) -> Outcome {
    Response::keys(names(kind).into_iter().map(str::to_owned)).ok()
}

fn read(_: &mut State, call: &Call<'_>) -> Outcome {
    let (kind, name) = (call.fields.text("type"), call.fields.text("name"));
    let Some(plugin) = catalog().find(|plugin: &Plugin| plugin.kind == kind && plugin.name == name) else {
        return Ok(Reply::Nothing);
    };
    respond(json!({
        "args": null, "builtin": true, "command": "", "deprecation_status": plugin.status(), "name": plugin.name,
        "sha256": "", "version": plugin.version(),
    }))
}

fn write(_: &mut State, call: &Call<'_>) -> Outcome {
    let given = |name: &str| call.request.data.contains_key(name);
    if !["sha256", "sha_256", "version"].into_iter().any(given) {
        return Err(Refusal::invalid(
            "must provide at least one of sha256 or version: use sha256 for binary registration (version optional) or \
             version only for artifact registration",
        ));
    }
    Err(Refusal::Failed("could not set plugin, plugin directory is not configured".into()))
}

/// Nothing but what is built in is there, and that stays.
fn delete(_: &mut State, _: &Call<'_>) -> Outcome {
    Ok(Reply::Nothing)
}

/// Engines are part of the server: there is nothing to load again.
fn reload(_: &mut State, call: &Call<'_>) -> Outcome {
    if call.fields.text("plugin").is_empty() && call.fields.list("mounts").is_empty() {
        return Err(Refusal::invalid("plugin or mounts must be provided"));
    }
    reloaded(call)
}

fn reload_named(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let mut response = Response::of(json!({"reload_id": call.request.id}));
    if !state.mounts.values().any(|mount| mount.entry.kind == name) {
        response.warnings.push("no plugins were reloaded".to_owned());
    }
    response.ok()
}

fn reloaded(call: &Call<'_>) -> Outcome {
    respond(json!({"reload_id": call.request.id}))
}

/// What is built in has one version.
fn no_pin() -> Outcome {
    Err(Refusal::Listed { status: 404, text: "no pinned version for this plugin".into() })
}

fn pin(_: &mut State, call: &Call<'_>) -> Outcome {
    match call.fields.text("version") {
        "" => Err(Refusal::invalid("missing plugin version")),
        _ => no_pin(),
    }
}

fn runtimes(_: &mut State, _: &Call<'_>) -> Outcome {
    respond(json!({"runtimes": []}))
}
