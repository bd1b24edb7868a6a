//! `/v1/jobs` and `/v1/job`.

use http::Method;
use lab_wire::rpc::to_value;
use rmpv::Value;
use serde_json::Value as Json;

use super::decode::fields;
use super::json::json;
use super::lookup::offered;
use super::{Api, ApiError, ApiRequest, Reply, job_actions, job_versions};
use crate::server::Access;
use crate::structs::{Job, canonicalize, map};

pub(super) async fn all(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    if request.is_write() {
        return register(api, request, None).await;
    }
    request.allow(&[Method::GET])?;
    let as_json = request.parameter("pretty").is_none();
    let subject = [("Fields", map([("Meta", request.flag("meta").into())])), ("AsJSON", as_json.into())];
    let (jobs, meta) = api.read(request, "Job.List", subject, "Jobs").await?;
    Ok(Reply::listed(jobs, meta))
}

/// Ids may hold slashes, so the action is what the path ends with.
pub(super) async fn one(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    match rest.rsplit_once('/') {
        Some((id, "allocations")) => list(api, request, id, "Job.Allocations", "Allocations").await,
        Some((id, "evaluations")) => list(api, request, id, "Job.Evaluations", "Evaluations").await,
        Some((id, "summary")) => summary(api, request, id).await,
        Some((id, "versions")) => job_versions::list(api, request, id).await,
        Some((id, "scale")) if request.method == Method::GET => {
            job_actions::scale_status(api, request, id).await
        }
        Some((id, "scale")) => scale(api, request, id).await,
        Some((id, "plan")) => job_actions::plan(api, request, id).await,
        Some((id, "dispatch")) => job_actions::dispatch(api, request, id).await,
        Some((id, "revert")) => job_actions::version(api, request, id, "Job.Revert").await,
        Some((id, "stable")) => job_actions::version(api, request, id, "Job.Stable").await,
        Some((id, "submission")) => job_actions::submission(api, request, id).await,
        Some((id, "deployments")) => job_actions::deployments(api, request, id, false).await,
        Some((id, "deployment")) => job_actions::deployments(api, request, id, true).await,
        Some((rest, "force")) if rest.ends_with("/periodic") => {
            job_actions::force(api, request, rest.trim_end_matches("/periodic")).await
        }
        Some((id, "evaluate")) => {
            request.allow(&[Method::PUT, Method::POST])?;
            evaluate(api, request, id).await
        }
        Some((id, "services")) => {
            offered(api, request, "Job.GetServiceRegistrations", ("JobID", id), "job not found").await
        }
        Some((id, "actions")) => job_actions::actions(api, request, id).await,
        Some((_, "action")) => Err(ApiError::new(
            400,
            "Bad Request\nfailed to upgrade connection: websocket: the client is not using the websocket protocol: \
             'upgrade' token not found in 'Connection' header",
        )),
        Some((rest, "tag")) => match rest.split('/').collect::<Vec<_>>()[..] {
            [id, _, name] => job_versions::tag(api, request, id, name).await,
            _ => Err(ApiError::not_found("invalid job tag endpoint")),
        },
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
    let body = request.object("api.JobRegisterRequest")?;
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
    let submission = body.get("Submission").filter(|given| !given.is_null());
    let submission = submission.map_or(Value::Nil, |given| to_value(given).unwrap_or(Value::Nil));
    let subject = [
        ("Job", encoded),
        ("EnforceIndex", flag("EnforceIndex").into()),
        ("JobModifyIndex", number.into()),
        ("PreserveCounts", flag("PreserveCounts").into()),
        ("Submission", submission),
    ];
    let body = job_actions::query(api, request, &job)?.body(subject);
    Ok(Reply::written(&api.rpc("Job.Register", Access::Write, body).await?))
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

/// What is evaluated is named in the path and in the body, where there is one.
async fn evaluate(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    if !request.body.is_empty() {
        let body = request.object("structs.JobEvaluateRequest")?;
        match body.get("JobID").and_then(Json::as_str).unwrap_or_default() {
            "" => return Err(ApiError::new(400, "Job ID must be specified")),
            own if own != id => return Err(ApiError::new(400, "JobID not same as job name")),
            _ => {}
        }
    }
    Ok(Reply::written(&api.write(request, "Job.Evaluate", [("JobID", id.into())]).await?))
}

async fn summary(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    let (found, meta) = api.read(request, "Job.Summary", [("JobID", id.into())], "JobSummary").await?;
    match found {
        Some(found) => Ok(Reply::found(json(&found), meta)),
        None => Err(ApiError::missing("job not found", meta)),
    }
}

async fn scale(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let body = request.object("api.ScalingRequest")?;
    let given = |name: &str| body.get(name).map_or(Value::Nil, fields);
    let subject = [
        ("JobID", id.into()),
        ("Target", given("Target")),
        ("Count", given("Count")),
        ("Message", given("Message")),
        ("Error", given("Error")),
        ("Meta", body.get("Meta").map_or(Value::Nil, |meta| fields(&with_floats(meta)))),
    ];
    Ok(Reply::written(&api.write(request, "Job.Scale", subject).await?))
}

/// Numbers that go into a place for anything have no other kind in Go's JSON.
fn with_floats(value: &Json) -> Json {
    match value {
        Json::Number(number) => number.as_f64().map_or(Json::Null, Json::from),
        Json::Array(items) => items.iter().map(with_floats).collect(),
        Json::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), with_floats(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
