//! Small things below `sys/`.

use lab_world::format_rfc3339_nano;
use serde_json::{Value, json};

use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Reply, Response, respond};
use crate::mounts::VERSION;
use crate::state::State;
use crate::sys::health::BUILD_DATE;

/// The endpoints of the rest.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("key-status", &[], &[(Read, key_status)]),
    Endpoint::new("rotate", &[], &[(Update, rotate)]),
    Endpoint::new("ha-status", &[], &[(Read, ha_status)]),
    Endpoint::new("host-info", &[], &[(Read, host_info)]),
    Endpoint::new("version-history/?", &[], &[(List, version_history)]),
    Endpoint::new("config/cors", &[&[Field::flag("enable")]], &[(Read, cors)]),
    Endpoint::new("config/state/sanitized", &[], &[(Read, sanitized)]),
    Endpoint::new("in-flight-req", &[], &[(Read, |_, _| respond(json!({})))]),
    Endpoint::new("license/status", &[], &[(Read, |_, _| Ok(Reply::Nothing))]),
];

fn key_status(state: &mut State, _: &Call<'_>) -> Outcome {
    let (term, install_time, encryptions) = &state.key_status;
    respond(json!({"term": term, "install_time": install_time, "encryptions": encryptions}))
}

fn rotate(state: &mut State, _: &Call<'_>) -> Outcome {
    state.rotate = true;
    Ok(Reply::Nothing)
}

fn ha_status(_: &mut State, call: &Call<'_>) -> Outcome {
    let node = json!({
        "hostname": "lab", "api_address": "", "cluster_address": "", "active_node": true, "last_echo": null,
        "echo_duration_ms": 0, "clock_skew_ms": 0, "replication_primary_canary_age_ms": 0, "version": VERSION,
        "upgrade_version": "", "redundancy_zone": "",
    });
    let _ = call;
    respond(json!({"nodes": [node]}))
}

/// The shape of a host's description; what it measures of a host is not simulated.
fn host_info(_: &mut State, call: &Call<'_>) -> Outcome {
    respond(json!({
        "timestamp": format_rfc3339_nano(call.now()), "cpu": [], "cpu_times": [], "disk": [],
        "host": {"hostname": "lab", "os": "linux", "platform": "lab"}, "memory": {},
    }))
}

fn version_history(state: &mut State, _: &Call<'_>) -> Outcome {
    let info = json!({
        "build_date": BUILD_DATE, "previous_version": null, "timestamp_installed": state.cluster.get().installed,
    });
    let mut response = Response::keys([VERSION.to_owned()]);
    if let Some(data) = &mut response.data {
        data.insert("key_info".into(), Value::Object(Data::from_iter([(VERSION.to_owned(), info)])));
    }
    response.ok()
}

fn cors(_: &mut State, _: &Call<'_>) -> Outcome {
    respond(json!({"enabled": false}))
}

fn sanitized(_: &mut State, _: &Call<'_>) -> Outcome {
    respond(json!({"api_addr": "", "cluster_addr": "", "listeners": [], "storage": {}, "log_level": ""}))
}
