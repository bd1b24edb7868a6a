//! `sys/loggers`: how much the server's loggers say.

use serde_json::Value;

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response};
use crate::settings::Level;
use crate::state::State;

const FIELDS: &[Field] = &[Field::text("name"), Field::text("level")];

/// The loggers of every server, beside those of its mounts and its storage.
const LOGGERS: [&str; 23] = [
    "activity",
    "audit",
    "core",
    "core.cluster-listener",
    "core.cluster-listener.tcp",
    "core.router",
    "events",
    "expiration",
    "expiration.job-manager",
    "grpclogfaker",
    "identity",
    "identity.storagepacker.entities",
    "identity.storagepacker.groups",
    "identity.storagepacker.local-aliases",
    "mfa",
    "policy",
    "quotas",
    "reporting",
    "rollback",
    "seal.shamir",
    "storage.cache",
    "storage.sealunwrapper",
    "system",
];

/// The endpoints of the loggers.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("loggers", &[FIELDS], &[(Read, read), (Update, set_all), (Delete, reset_all)]),
    Endpoint::new("loggers/{name+}", &[FIELDS], &[(Read, read_one), (Update, set), (Delete, reset)]),
];

fn names(state: &State) -> Vec<String> {
    let mounts = state.mounts.values().map(|mount| {
        let class = if mount.entry.is_auth() { "auth" } else { "secrets" };
        format!("{class}.{}.{}", mount.entry.kind, mount.entry.accessor)
    });
    let fixed = LOGGERS.iter().map(|&name| name.to_owned()).chain(["token".to_owned()]);
    fixed.chain([format!("storage.{}", state.server.storage)]).chain(mounts).collect()
}

fn shown(state: &State, names: impl Iterator<Item = String>) -> Outcome {
    let levels: Data =
        names.map(|name| (name.clone(), state.settings.levels.of(&name).name().into())).collect();
    Response { lists_warnings: true, ..Response::of(Value::Object(levels)) }.ok()
}

fn read(state: &mut State, _: &Call<'_>) -> Outcome {
    shown(state, names(state).into_iter())
}

fn read_one(state: &mut State, call: &Call<'_>) -> Outcome {
    let wanted = call.fields.text("name");
    shown(state, names(state).into_iter().filter(|name| name == wanted))
}

fn level(call: &Call<'_>) -> Result<Level, Refusal> {
    match call.fields.text("level") {
        "" => Err(Refusal::invalid("level is required")),
        name => Level::named(name)
            .ok_or_else(|| Refusal::Invalid(format!("invalid level provided: unknown log level: {name}"))),
    }
}

fn known(state: &State, call: &Call<'_>) -> Result<String, Refusal> {
    let wanted = call.fields.text("name");
    let absent = || Refusal::Invalid(format!("logger {wanted:?} not found"));
    names(state).into_iter().find(|name| name == wanted).ok_or_else(absent)
}

fn set_all(state: &mut State, call: &Call<'_>) -> Outcome {
    state.settings.levels.set_all(level(call)?);
    Ok(Reply::Nothing)
}

fn reset_all(state: &mut State, _: &Call<'_>) -> Outcome {
    state.settings.levels.set_all(Level::default());
    Ok(Reply::Nothing)
}

fn set(state: &mut State, call: &Call<'_>) -> Outcome {
    let level = level(call)?;
    let name = known(state, call)?;
    state.settings.levels.set(&name, level);
    Ok(Reply::Nothing)
}

fn reset(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = known(state, call)?;
    state.settings.levels.set(&name, Level::default());
    Ok(Reply::Nothing)
}
