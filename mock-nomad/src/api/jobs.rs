//! `/v1/jobs` and `/v1/job`.

use http::Method;
use lab_wire::rpc::to_value;
use rmpv::Value;
use serde_json::Value as Json;

use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::structs::{Body, Job, canonicalize, map};

pub(super) async fn all(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    if request.is_write() {
        return register(api, request, None).await;
    }
    request.allow(&[Method::GET])?;
    let (jobs, meta) = api.read(request, "Job.List", [], "Jobs").await?;
    Ok(Reply::found(json(&jobs.unwrap_or(Value::Array(Vec::new()))), meta))
}

/// Ids may hold slashes, so the action is what the path ends with.
pub(super) async fn one(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    match rest.rsplit_once('/') {
        Some((id, "allocations")) => list(api, request, id, "Job.Allocations", "Allocations").await,
        Some((id, "evaluations")) => list(api, request, id, "Job.Evaluations", "Evaluations").await,
        Some((id, "summary")) => summary(api, request, id).await,
        Some((id, "versions")) => versions(api, request, id).await,
        Some((id, "scale")) => scale(api, request, id).await,
        Some((id, "evaluate")) => {
            request.allow(&[Method::PUT, Method::POST])?;
            Ok(Reply::written(&api.write(request, "Job.Evaluate", [("JobID", id.into())]).await?))
        }
        Some((
            _,
            "plan" | "deployments" | "deployment" | "dispatch" | "periodic" | "revert" | "stable"
            | "submission" | "services" | "actions",
        )) => Err(ApiError::not_found("")),
        _ => whole(api, request, rest).await,
    }
}

async fn whole(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    match request.method {
        Method::GET => {
            let (job, meta) = api.read(request, "Job.GetJob", [("JobID", id.into())], "Job").await?;
            match job {
                Some(job) => Ok(Reply::found(json(&job), meta)),
                None => Err(ApiError::missing("job not found", meta)),
            }
        }
        Method::PUT | Method::POST => register(api, request, Some(id)).await,
        Method::DELETE => {
            let subject = [("JobID", id.into()), ("Purge", request.flag("purge").into())];
            Ok(Reply::written(&api.write(request, "Job.Deregister", subject).await?))
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

async fn register(api: &Api, request: &ApiRequest, id: Option<&str>) -> Result<Reply, ApiError> {
    let body = request.json()?;
    let given = body.get("Job").filter(|job| !job.is_null());
    let Some(given) = given else { return Err(ApiError::new(400, "Job must be specified")) };
    let own = given.get("ID").and_then(Json::as_str).unwrap_or_default();
    if given.get("ID").is_none_or(Json::is_null) {
        return Err(ApiError::new(400, "Job ID hasn't been provided"));
    }
    if id.is_some_and(|id| id != own) {
        return Err(ApiError::new(400, "Job ID does not match name"));
    }
    let region = request.parameter("region").unwrap_or(&api.region);
    let job: Job = serde_json::from_value(canonicalize(given, region))
        .map_err(|error| ApiError::new(400, format!("json: {error}")))?;
    let encoded = to_value(&job).map_err(|error| ApiError::new(400, error.to_string()))?;
    let flag = |name: &str| body.get(name).and_then(Json::as_bool).unwrap_or(false);
    let number = body.get("JobModifyIndex").and_then(Json::as_u64).unwrap_or(0);
    let subject = [
        ("Job", encoded),
        ("EnforceIndex", flag("EnforceIndex").into()),
        ("JobModifyIndex", number.into()),
        ("PreserveCounts", flag("PreserveCounts").into()),
    ];
    Ok(Reply::written(&api.write(request, "Job.Register", subject).await?))
}

async fn list(
    api: &Api,
    request: &ApiRequest,
    id: &str,
    method: &str,
    field: &str,
) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, method, [("JobID", id.into())], field).await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

async fn summary(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, "Job.Summary", [("JobID", id.into())], "JobSummary").await?;
    match found {
        Some(found) => Ok(Reply::found(json(&found), meta)),
        None => Err(ApiError::missing("job not found", meta)),
    }
}

async fn versions(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, "Job.GetJobVersions", [("JobID", id.into())], "Versions").await?;
    let found = found.unwrap_or(Value::Array(Vec::new()));
    if Body(&map([("Versions", found.clone())])).list("Versions").is_empty() {
        return Err(ApiError::missing("job versions not found", meta));
    }
    let body = meta.reply([("Versions", found), ("Diffs", Value::Nil)]);
    Ok(Reply::found(json(&body), meta))
}

async fn scale(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let body = request.json()?;
    let group = body["Target"]["Group"].as_str().unwrap_or_default();
    let count = body.get("Count").and_then(Json::as_i64).map_or(Value::Nil, Value::from);
    let subject = [("JobID", id.into()), ("Target", map([("Group", group.into())])), ("Count", count)];
    Ok(Reply::written(&api.write(request, "Job.Scale", subject).await?))
}
