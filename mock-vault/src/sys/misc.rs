//! Small things below `sys/`.

use lab_world::format_rfc3339_nano;
use serde_json::{Value, json};

use crate::logical::{
    Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, decode_base64, respond,
};
use crate::mounts::VERSION;
use crate::state::State;
use crate::sys::health::BUILD_DATE;

const DECODE: &[Field] = &[Field::text("encoded_token"), Field::text("otp")];

/// The endpoints of the rest.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("ha-status", &[], &[(Read, ha_status)]),
    Endpoint::new("host-info", &[], &[(Read, host_info)]),
    Endpoint::new("version-history/?", &[], &[(List, version_history)]),
    Endpoint::new("in-flight-req", &[], &[(Read, in_flight)]),
    Endpoint::new(
        "well-known/?",
        &[],
        &[(Read, |_, _| respond(json!({}))), (List, |_, _| Ok(Reply::Nothing))],
    ),
    Endpoint::new("experiments", &[], &[(Read, experiments)]),
    Endpoint::new("decode-token", &[DECODE], &[(Update, decode_token)]),
    Endpoint::new("rekey/backup", &[], &[(Read, no_backup), (Delete, |_, _| Ok(Reply::Nothing))]),
    Endpoint::new(
        "rekey/recovery-key-backup",
        &[],
        &[(Read, no_backup), (Delete, |_, _| Ok(Reply::Nothing))],
    ),
];

fn ha_status(state: &mut State, _: &Call<'_>) -> Outcome {
    let server = &state.server;
    let node = json!({
        "hostname": server.hostname, "api_address": server.api_address, "cluster_address": server.cluster_address,
        "active_node": true, "last_echo": null, "version": VERSION, "echo_duration_ms": 0, "clock_skew_ms": 0,
        "replication_primary_canary_age_ms": 0,
    });
    respond(json!({"nodes": [node]}))
}

/// The requests that are being served; while one has the server's state, no other goes on.
fn in_flight(_: &mut State, call: &Call<'_>) -> Outcome {
    let client = call.caller.map(|caller| caller.token.client_id()).unwrap_or_default();
    let body = json!({call.request.id.as_str(): {
        "start_time": format_rfc3339_nano(call.now()), "client_remote_address": call.request.remote.to_string(),
        "request_path": format!("/v1/{}", call.request.path), "request_method": "GET", "client_id": client,
    }});
    Response::raw(200, "application/json", body.to_string()).ok()
}

fn experiments(_: &mut State, _: &Call<'_>) -> Outcome {
    let available = ["events.alpha1", "core.audit.events.alpha1", "secrets.import.alpha1"];
    respond(json!({"available": available, "enabled": []}))
}

fn no_backup(_: &mut State, _: &Call<'_>) -> Outcome {
    Err(Refusal::invalid("no backed-up keys found"))
}

/// Takes the one-time password off a new root token.
fn decode_token(_: &mut State, call: &Call<'_>) -> Outcome {
    let (encoded, otp) = (call.fields.text("encoded_token"), call.fields.text("otp"));
    let token = decode_base64(encoded, false)
        .map_err(|told| Refusal::Failed(format!("error decoding base64'd token: {told}")))?;
    let problem = if token.is_empty() {
        "decoded first base64 value is nil or empty".to_owned()
    } else if otp.is_empty() {
        "decoded second base64 value is nil or empty".to_owned()
    } else if token.len() != otp.len() {
        format!("length of byte slices is not equivalent: {} != {}", token.len(), otp.len())
    } else {
        let bytes: Vec<u8> = token.iter().zip(otp.bytes()).map(|(token, otp)| token ^ otp).collect();
        return respond(json!({"token": String::from_utf8_lossy(&bytes)}));
    };
    Err(Refusal::Failed(format!("error xoring token: {problem}")))
}

/// The shape of a host's description; what it measures of a host is not simulated.
fn host_info(state: &mut State, call: &Call<'_>) -> Outcome {
    respond(json!({
        "timestamp": format_rfc3339_nano(call.now()), "cpu": [], "cpu_times": [], "disk": [],
        "host": {"hostname": state.server.hostname, "os": "linux", "platform": "lab"}, "memory": {},
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
