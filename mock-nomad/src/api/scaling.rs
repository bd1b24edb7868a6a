//! `/v1/scaling` and `/v1/jobs/statuses`.

use http::Method;
use rmpv::Value;

use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::structs::map;

pub(super) async fn policies(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let given = |name: &str| Value::from(request.parameter(name).unwrap_or_default());
    let subject = [("Job", given("job")), ("Type", given("type"))];
    let (found, meta) = api.read(request, "Scaling.ListPolicies", subject, "Policies").await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

pub(super) async fn policy(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, "Scaling.GetPolicy", [("ID", id.into())], "Policy").await?;
    match found {
        Some(found) => Ok(Reply::found(json(&found), meta)),
        None => Err(ApiError::missing("policy not found", meta)),
    }
}

/// All jobs, or with a body those that it names.
pub(super) async fn statuses(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET, Method::POST])?;
    let bad = |text: &str| ApiError::new(400, text);
    let mut jobs = Vec::new();
    let mut with_children = request.parameter("include_children") == Some("true");
    if !request.body.is_empty() {
        let body = request
            .fitting("api.JobStatusesRequest")
            .map_err(|error| bad(&format!("error decoding request: {}", error.message)))?;
        for job in body["Jobs"].as_array().into_iter().flatten() {
            let text = |name: &str| Value::from(job[name].as_str().unwrap_or_default());
            jobs.push(map([("ID", text("ID")), ("Namespace", text("Namespace"))]));
        }
        if jobs.is_empty() {
            return Err(bad("no jobs in request"));
        }
        with_children |= body["IncludeChildren"] == true;
    }
    let subject = [("Jobs", Value::Array(jobs)), ("IncludeChildren", with_children.into())];
    // What is wrong with a filter is the server's own error here.
    let asked = api.read(request, "Job.Statuses", subject, "Jobs").await;
    let (found, meta) = asked.map_err(|error| match error.message.starts_with("failed to ") {
        true => ApiError { code: 500, ..error },
        false => error,
    })?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}
