//! What is done with jobs beside registering and reading them: parse, validate, plan, dispatch, revert, ...

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use lab_job::{Input, Remote};
use lab_wire::rpc::to_value;
use rmpv::Value;
use serde_json::{Value as Json, json as object};

use super::json::json;
use super::query::Query;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::server::Access;
use crate::structs::{Body, Job, canonicalize, map};

/// `/v1/jobs/parse`: a job file as the API's job.
pub(super) async fn parse(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let namespace = request.parameter("namespace").filter(|name| !name.is_empty()).unwrap_or("default");
    let acl = api.acl(request).await?;
    if !["parse-job", "submit-job"].iter().any(|name| acl.allows_in_namespace(namespace, name)) {
        return Err(ApiError::new(403, "Permission denied"));
    }
    let body = request.object("api.JobsParseRequest")?;
    let text = body.get("JobHCL").and_then(Json::as_str).unwrap_or_default();
    if text.is_empty() {
        return Err(ApiError::new(400, "Job spec is empty"));
    }
    let variables = body.get("Variables").and_then(Json::as_str).unwrap_or_default();
    let files: Vec<(String, String)> =
        (!variables.is_empty()).then(|| ("input.hcl".to_owned(), variables.to_owned())).into_iter().collect();
    let remote = Remote { uuid: api.uuid() };
    let input = Input { variable_files: &files, strict: false, ..Input::new("input.hcl", text, &remote) };
    let job = lab_job::parse(&input)
        .map_err(|problems| ApiError::new(400, format!("Failed to parse job: {problems}")))?;
    let canonical = body.get("Canonicalize").and_then(Json::as_bool).unwrap_or(false);
    Ok(Reply::plain(if canonical { lab_job::canonicalize(&job) } else { job }))
}

/// `/v1/validate/job`: what is wrong with a job.
pub(super) async fn check(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let job = decode(api, request, &request.object("api.JobValidateRequest")?, "Job must be specified")?;
    if !api.acl(request).await?.allows_in_namespace(&job.namespace, "read-job") {
        return Err(ApiError::new(403, "Permission denied"));
    }
    let encoded = to_value(&job).map_err(|error| ApiError::new(400, error.to_string()))?;
    let answer =
        api.rpc("Job.Validate", Access::Read, query(api, request, &job)?.body([("Job", encoded)])).await?;
    Ok(Reply::plain(json(&answer)))
}

/// The parameters of a request about a job, which may be of another region by itself.
pub(super) fn query(api: &Api, request: &ApiRequest, job: &Job) -> Result<Query, ApiError> {
    let region = job.region.as_str();
    Query::of(request, if region.is_empty() { &api.region } else { region })
}

/// The job in a body.
fn decode(api: &Api, request: &ApiRequest, body: &Json, missing: &str) -> Result<Job, ApiError> {
    let given = body.get("Job").filter(|job| !job.is_null());
    let Some(given) = given else { return Err(ApiError::new(400, missing)) };
    if given.get("ID").is_none_or(Json::is_null) {
        return Err(ApiError::new(400, "Job must have a valid ID"));
    }
    let region = request.parameter("region").unwrap_or(&api.region);
    serde_json::from_value(canonicalize(given, region))
        .map_err(|error| ApiError::new(400, format!("json: {error}")))
}

/// `/v1/job/ID/plan`
pub(super) async fn plan(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let body = request.object("api.JobPlanRequest")?;
    let job = decode(api, request, &body, "Job must be specified")?;
    if job.id != id {
        return Err(ApiError::new(400, "Job ID does not match"));
    }
    let encoded = to_value(&job).map_err(|error| ApiError::new(400, error.to_string()))?;
    let diff = body.get("Diff").and_then(Json::as_bool).unwrap_or(false);
    let body = query(api, request, &job)?.body([("Job", encoded), ("Diff", diff.into())]);
    let answer = api.rpc("Job.Plan", Access::Write, body).await?;
    Ok(Reply { body: Some(json(&answer)), index: Some(Body(&answer).index("Index")), ..Reply::default() })
}

/// `/v1/job/ID/dispatch`
pub(super) async fn dispatch(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let body = request.object("structs.JobDispatchRequest")?;
    let own = body.get("JobID").and_then(Json::as_str).unwrap_or_default();
    if !own.is_empty() && own != id {
        return Err(ApiError::new(400, "Job ID does not match"));
    }
    let payload = body.get("Payload").and_then(Json::as_str).unwrap_or_default();
    // That it can be decoded is known by now.
    let payload = STANDARD.decode(payload).unwrap_or_default();
    let meta = body.get("Meta").and_then(Json::as_object).into_iter().flatten();
    let meta = meta.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or_default().into()));
    let text = |name: &str| Value::from(body.get(name).and_then(Json::as_str).unwrap_or_default());
    let token = request.parameter("idempotency_token").unwrap_or_default();
    let subject = [
        ("JobID", id.into()),
        ("Payload", Value::Binary(payload)),
        ("Meta", Value::Map(meta.collect())),
        ("IdempotencyToken", token.into()),
        ("IdPrefixTemplate", text("IdPrefixTemplate")),
        ("Priority", body.get("Priority").and_then(Json::as_i64).unwrap_or(0).into()),
    ];
    Ok(Reply::written(&api.write(request, "Job.Dispatch", subject).await?))
}

/// `/v1/job/ID/revert` and `/v1/job/ID/stable`
pub(super) async fn version(
    api: &Api,
    request: &ApiRequest,
    id: &str,
    method: &str,
) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let kind =
        if method == "Job.Revert" { "structs.JobRevertRequest" } else { "structs.JobStabilityRequest" };
    let body = request.object(kind)?;
    let own = body.get("JobID").and_then(Json::as_str).unwrap_or_default();
    if own.is_empty() {
        return Err(ApiError::new(400, "JobID must be specified"));
    }
    if own != id {
        return Err(ApiError::new(400, "Job ID does not match"));
    }
    let prior = body.get("EnforcePriorVersion").and_then(Json::as_u64).map_or(Value::Nil, Value::from);
    let subject = [
        ("JobID", id.into()),
        ("JobVersion", body.get("JobVersion").and_then(Json::as_u64).unwrap_or(0).into()),
        ("EnforcePriorVersion", prior),
        ("Stable", body.get("Stable").and_then(Json::as_bool).unwrap_or(false).into()),
    ];
    Ok(Reply::written(&api.write(request, method, subject).await?))
}

/// `/v1/job/ID/periodic/force`
pub(super) async fn force(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    Ok(Reply::written(&api.write(request, "Periodic.Force", [("JobID", id.into())]).await?))
}

/// `/v1/job/ID/actions`: the commands that the tasks of a job offer.
pub(super) async fn actions(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (job, mut meta) = api.read(request, "Job.GetJob", [("JobID", id.into())], "Job").await?;
    let Some(job) = job else {
        return Err(ApiError::new(500, format!("Unknown job {}", lab_pki::quote(id))));
    };
    meta.known_leader = false;
    let job = json(&job);
    let mut found = Vec::new();
    for group in job["TaskGroups"].as_array().into_iter().flatten() {
        for task in group["Tasks"].as_array().into_iter().flatten() {
            for action in task["Actions"].as_array().into_iter().flatten() {
                found.push(object!({
                    "Args": action["Args"], "Command": action["Command"], "Name": action["Name"],
                    "TaskGroupName": group["Name"], "TaskName": task["Name"],
                }));
            }
        }
    }
    Ok(Reply::found(found.into(), meta))
}

/// `/v1/job/ID/submission`
pub(super) async fn submission(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    let version = request.parameter("version").unwrap_or_default();
    let version: u64 = version
        .parse()
        .map_err(|_| ApiError::new(400, "Unable to parse job submission version parameter"))?;
    request.allow(&[Method::GET])?;
    let subject = [("JobID", id.into()), ("Version", version.into())];
    let (found, meta) = api.read(request, "Job.GetJobSubmission", subject, "Submission").await?;
    let Some(found) = found else { return Err(ApiError::missing("job source not found", meta)) };
    Ok(Reply::found(json(&found), meta))
}

/// `/v1/job/ID/deployments` and `/v1/job/ID/deployment`
pub(super) async fn deployments(
    api: &Api,
    request: &ApiRequest,
    id: &str,
    newest: bool,
) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (method, field) =
        if newest { ("Job.LatestDeployment", "Deployment") } else { ("Job.Deployments", "Deployments") };
    let (found, meta) = api.read(request, method, [("JobID", id.into())], field).await?;
    let nothing = if newest { Value::Nil } else { Value::Array(Vec::new()) };
    Ok(Reply::found(json(&found.unwrap_or(nothing)), meta))
}

/// `GET /v1/job/ID/scale`
pub(super) async fn scale_status(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    let (found, meta) =
        api.read(request, "Job.ScaleStatus", [("JobID", id.into())], "JobScaleStatus").await?;
    match found {
        Some(found) => Ok(Reply::found(json(&found), meta)),
        None => Err(ApiError::missing("job not found", meta)),
    }
}

/// `/v1/node/ID/drain`
pub(super) async fn drain(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let body = request.object("api.NodeUpdateDrainRequest")?;
    let spec = body.get("DrainSpec").filter(|spec| !spec.is_null()).map_or(Value::Nil, |spec| {
        map([
            ("Deadline", spec.get("Deadline").and_then(Json::as_i64).unwrap_or(0).into()),
            (
                "IgnoreSystemJobs",
                spec.get("IgnoreSystemJobs").and_then(Json::as_bool).unwrap_or(false).into(),
            ),
        ])
    });
    let meta = body.get("Meta").and_then(Json::as_object).into_iter().flatten();
    let meta = meta.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or_default().into()));
    let subject = [
        ("NodeID", id.into()),
        ("DrainStrategy", spec),
        ("MarkEligible", body.get("MarkEligible").and_then(Json::as_bool).unwrap_or(false).into()),
        ("Meta", Value::Map(meta.collect())),
    ];
    Ok(Reply::written(&api.write(request, "Node.UpdateDrain", subject).await?))
}
