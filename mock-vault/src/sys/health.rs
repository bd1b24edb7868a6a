//! `sys/health` and `sys/leader`.

use serde::Serialize;

use crate::dispatch::Answer;
use crate::logical::Environment;
use crate::mounts::VERSION;
use crate::sys::raw::{RawRefusal, RawRequest, answer};
use crate::vault::Inner;

/// When the version that is imitated was built.
pub(crate) const BUILD_DATE: &str = "2025-11-18T13:04:32Z";

#[derive(Serialize)]
struct Health<'a> {
    initialized: bool,
    sealed: bool,
    standby: bool,
    performance_standby: bool,
    replication_performance_mode: &'static str,
    replication_dr_mode: &'static str,
    server_time_utc: i64,
    version: &'static str,
    enterprise: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<&'a str>,
    echo_duration_ms: u64,
    clock_skew_ms: u64,
    replication_primary_canary_age_ms: u64,
}

pub(super) fn health(
    inner: &mut Inner,
    environment: &Environment,
    request: &RawRequest<'_>,
) -> Result<Answer, RawRefusal> {
    let (initialized, sealed) = (inner.config.is_some(), inner.unsealed.is_none());
    let (name, usual) = match (initialized, sealed) {
        (false, _) => ("uninitcode", 501),
        (true, true) => ("sealedcode", 503),
        (true, false) => ("activecode", 200),
    };
    let status = code(request.query, name, usual)?;
    let cluster = inner.unsealed.as_ref().map(|unsealed| unsealed.state.cluster.get());
    let replication = if sealed { "unknown" } else { "disabled" };
    let body = Health {
        initialized,
        sealed,
        standby: sealed,
        performance_standby: false,
        replication_performance_mode: replication,
        replication_dr_mode: replication,
        server_time_utc: environment.now.unix_timestamp(),
        version: VERSION,
        enterprise: false,
        cluster_name: cluster.map(|cluster| cluster.name.as_str()),
        cluster_id: cluster.map(|cluster| cluster.id.as_str()),
        echo_duration_ms: 0,
        clock_skew_ms: 0,
        replication_primary_canary_age_ms: 0,
    };
    Ok(answer(status, &body))
}

/// How Go spells booleans; nothing at all means yes here.
const BOOLEANS: [&str; 13] =
    ["", "1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"];

/// The status that the client wants for a state; every code that is sent must be a number.
fn code(query: &str, name: &str, usual: u16) -> Result<u16, RawRefusal> {
    let mut status = usual;
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if key.ends_with("standbyok") && !BOOLEANS.contains(&value) {
            return Err((400, None));
        }
        if key.ends_with("code") {
            let wanted: u16 = value.parse().map_err(|_| (400, None))?;
            if key == name {
                status = wanted;
            }
        }
    }
    if (100..1000).contains(&status) { Ok(status) } else { Err((400, None)) }
}

#[derive(Serialize)]
struct Leader {
    ha_enabled: bool,
    is_self: bool,
    active_time: &'static str,
    leader_address: &'static str,
    leader_cluster_address: &'static str,
    performance_standby: bool,
    performance_standby_last_remote_wal: u64,
}

pub(super) fn leader(_: &mut Inner, _: &Environment, _: &RawRequest<'_>) -> Result<Answer, RawRefusal> {
    Ok(answer(
        200,
        &Leader {
            ha_enabled: false,
            is_self: false,
            active_time: "0001-01-01T00:00:00Z",
            leader_address: "",
            leader_cluster_address: "",
            performance_standby: false,
            performance_standby_last_remote_wal: 0,
        },
    ))
}
