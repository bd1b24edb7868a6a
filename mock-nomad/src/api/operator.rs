//! `/v1/operator`: consensus, autopilot, the scheduler's settings and snapshots.

use http::Method;
use lab_world::{format_duration, parse_duration};
use rmpv::Value;
use serde_json::Value as Json;

use super::decode::fields;
use super::json::json;
use super::variables::parse_unsigned;
use super::{Api, ApiError, ApiRequest, Raw, Reply, raft, shape};
use crate::structs::{Body, QueryMeta};

/// Times of autopilot, which people write as such.
const TIMES: [&str; 2] = ["LastContactThreshold", "ServerStabilizationTime"];

pub(super) async fn handle(api: &Api, request: &ApiRequest, name: &str) -> Result<Reply, ApiError> {
    match (name, &request.method) {
        ("autopilot/health", _) => health(api, request).await,
        ("autopilot/configuration", _) => autopilot(api, request).await,
        ("scheduler/configuration", _) => scheduler(api, request).await,
        ("upgrade-check/vault-workload-identity", _) => {
            request.allow(&[Method::GET])?;
            let answer = api.ask(request, "Operator.UpgradeCheckVaultWorkloadIdentity", []).await?;
            Ok(Reply::found(json(&answer), QueryMeta::of(Body(&answer))))
        }
        ("snapshot", _) => snapshot(api, request).await,
        ("license", &Method::GET) => Ok(Reply { status: Some(204), ..Reply::default() }),
        ("license", &Method::PUT) | ("utilization", &Method::POST) => {
            Err(ApiError::new(501, "Nomad Enterprise only endpoint"))
        }
        ("license", _) | ("utilization", _) => Err(ApiError::new(405, "Invalid method")),
        (name, _) if name.starts_with("upgrade-check/") => {
            Err(ApiError::not_found(format!("Path /v1/operator/{name} not found")))
        }
        (name, _) if name.starts_with("raft/") => {
            raft::handle(api, request, name.trim_start_matches("raft/")).await
        }
        _ => Err(ApiError::not_found("")),
    }
}

async fn health(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    if request.method != Method::GET {
        return Err(ApiError::not_found("Invalid method"));
    }
    let answer = api.ask(request, "Operator.ServerHealth", []).await?;
    let body = json(&answer);
    match Body(&answer).boolean("Healthy") {
        true => Ok(Reply::plain(body)),
        false => Err(ApiError::new(429, body.to_string())),
    }
}

/// `?cas=`: the change is made only where the last one was at this index.
fn compared(request: &ApiRequest) -> Result<Option<u64>, ApiError> {
    request.parameter("cas").map(|text| parse_unsigned(text, "Error parsing cas value")).transpose()
}

async fn autopilot(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    if request.method == Method::PUT {
        let bad = |text: String| ApiError::new(400, format!("Error parsing autopilot config: {text}"));
        let kind = "struct { LastContactThreshold string; ServerStabilizationTime string; *api.Alias }";
        let mut given = request.object(kind).map_err(|error| bad(error.message))?;
        shape::fit(&mut given, "api.AutopilotConfiguration").map_err(|error| bad(error.message))?;
        // What is not given becomes nothing.
        let mut body = serde_json::json!({
            "CleanupDeadServers": false, "LastContactThreshold": 0, "MaxTrailingLogs": 0, "MinQuorum": 0,
            "ServerStabilizationTime": 0, "EnableRedundancyZones": false, "DisableUpgradeMigration": false,
            "EnableCustomUpgrades": false,
        });
        for (name, value) in given.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        for name in TIMES {
            if let Some(text) = body.get(name).and_then(Json::as_str) {
                let time = parse_duration(text).map_err(|error| bad(error.to_string()))?;
                body[name] = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).into();
            }
        }
        let answer = set(api, request, "Operator.AutopilotSetConfiguration", body).await?;
        return Ok(Reply::plain(json(&answer)));
    }
    if request.method != Method::GET {
        return Err(ApiError::not_found("Invalid method"));
    }
    let mut body = json(&api.ask(request, "Operator.AutopilotGetConfiguration", []).await?);
    for name in TIMES {
        let nanos = body[name].as_u64().unwrap_or_default();
        body[name] = format_duration(std::time::Duration::from_nanos(nanos)).into();
    }
    Ok(Reply::plain(body))
}

async fn scheduler(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    if request.is_write() {
        let given = request.object("api.SchedulerConfiguration").map_err(|error| {
            ApiError::new(400, format!("Error parsing scheduler config: {}", error.message))
        })?;
        let mut body = serde_json::json!({"PreemptionConfig": {"SystemSchedulerEnabled": false}});
        for (name, value) in given.as_object().into_iter().flatten() {
            match (name.as_str(), value.as_object()) {
                ("PreemptionConfig", Some(fields)) => {
                    fields.iter().for_each(|(name, value)| body["PreemptionConfig"][name] = value.clone());
                }
                ("PreemptionConfig", None) => {}
                _ => body[name] = value.clone(),
            }
        }
        let answer = set(api, request, "Operator.SchedulerSetConfiguration", body).await?;
        return Ok(Reply::written(&answer));
    }
    request.allow(&[Method::GET])?;
    let answer = api.ask(request, "Operator.SchedulerGetConfiguration", []).await?;
    Ok(Reply::found(json(&answer), QueryMeta::of(Body(&answer))))
}

async fn set(api: &Api, request: &ApiRequest, method: &str, mut body: Json) -> Result<Value, ApiError> {
    let at = compared(request)?;
    if let Some(at) = at {
        body["ModifyIndex"] = at.into();
    }
    api.write(request, method, [("Config", fields(&body)), ("CAS", at.is_some().into())]).await
}

/// The whole state, as this server keeps it, and back.
async fn snapshot(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    // Its parameters are read before anything else.
    super::query::Query::of(request, &api.region)?;
    let failed = |text: String| ApiError::new(500, format!("failed to restore from snapshot: {text}"));
    match request.method {
        Method::GET => {
            let answer = api.ask(request, "Operator.SnapshotSave", []).await?;
            let bytes = Body(&answer).get("Snapshot").and_then(Value::as_slice).unwrap_or_default().to_vec();
            Ok(Reply {
                raw: Some(Raw::Bytes("application/x-gzip".to_owned(), bytes.into())),
                ..Reply::default()
            })
        }
        Method::PUT | Method::POST => {
            if request.body.is_empty() {
                return Err(failed("failed to decompress snapshot: EOF".to_owned()));
            }
            let subject = [("Snapshot", Value::Binary(request.body.to_vec()))];
            let answer = api.write(request, "Operator.SnapshotRestore", subject).await;
            answer.map_err(|error| if error.code == 500 { failed(error.message) } else { error })?;
            Ok(Reply::default())
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}
