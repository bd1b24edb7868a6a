//! `sys/rotate`, `sys/rotate/config` and `sys/key-status`.

use serde_json::{Value, json};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, respond};
use crate::settings::{MOST_OPERATIONS, Rotation};
use crate::state::State;

const FIELDS: &[Field] =
    &[Field::flag("enabled"), Field::seconds("interval"), Field::number("max_operations")];

/// A day: keys are not changed more often than that.
const LEAST_INTERVAL: u64 = 86_400;

/// The endpoints of the barrier's keys.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("key-status", &[], &[(Read, key_status)]),
    Endpoint::new("rotate", &[], &[(Update, rotate)]),
    Endpoint::new("rotate/config", &[FIELDS], &[(Read, read), (Update, write)]),
];

fn key_status(state: &mut State, _: &Call<'_>) -> Outcome {
    let (term, install_time, encryptions) = &state.key_status;
    respond(json!({"term": term, "install_time": install_time, "encryptions": encryptions}))
}

fn rotate(state: &mut State, _: &Call<'_>) -> Outcome {
    state.rotate = true;
    Ok(Reply::Nothing)
}

fn read(state: &mut State, _: &Call<'_>) -> Outcome {
    let rotation = state.settings.rotation.get();
    let interval = match rotation.interval {
        0 => json!(0),
        seconds => Value::from(lab_world::format_duration(std::time::Duration::from_secs(seconds))),
    };
    respond(json!({
        "enabled": rotation.enabled, "interval": interval, "max_operations": rotation.max_operations,
    }))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let mut rotation: Rotation = state.settings.rotation.get().clone();
    if fields.has("enabled") {
        rotation.enabled = fields.flag("enabled");
    }
    if fields.has("interval") {
        rotation.interval = fields.duration("interval").as_secs();
        if (1..LEAST_INTERVAL).contains(&rotation.interval) {
            return Err(Refusal::invalid("interval must be greater or equal to 24h0m0s"));
        }
    }
    if fields.has("max_operations") {
        rotation.max_operations = fields.number("max_operations");
        if !(1_000_000..=MOST_OPERATIONS).contains(&rotation.max_operations) {
            return Err(Refusal::Invalid(format!(
                "max_operations must be in the range [1000000,{MOST_OPERATIONS}]"
            )));
        }
    }
    state.settings.rotation.set(rotation);
    Ok(Reply::Nothing)
}
