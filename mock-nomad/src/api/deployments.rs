//! `/v1/deployments` and `/v1/deployment`.

use http::Method;
use rmpv::Value;
use serde_json::Value as Json;

use super::json::json;
use super::nodes::{check_id, check_prefix};
use super::{Api, ApiError, ApiRequest, Reply};

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    if let Some(prefix) = request.parameter("prefix") {
        check_prefix(prefix, "deployment").map_err(|error| {
            let text = error.message.trim_start_matches("deployment lookup failed: ").to_owned();
            ApiError { message: text, ..error }
        })?;
    }
    let (found, meta) = api.read(request, "Deployment.List", [], "Deployments").await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

pub(super) async fn one(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    let (first, second) = rest.split_once('/').unwrap_or((rest, ""));
    match (first, second) {
        (id, "") => get(api, request, id).await,
        ("allocations", id) => {
            request.allow(&[Method::GET])?;
            let subject = [("DeploymentID", id.into())];
            let (found, meta) = api.read(request, "Deployment.Allocations", subject, "Allocations").await?;
            Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
        }
        ("fail" | "pause" | "promote" | "allocation-health" | "unblock", id) => {
            change(api, request, first, id).await
        }
        _ => Err(ApiError::not_found("")),
    }
}

async fn get(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    if id.is_empty() {
        return Err(ApiError::new(500, "missing deployment ID"));
    }
    check_id(id, "deployment")?;
    let subject = [("DeploymentID", id.into())];
    let (found, meta) = api.read(request, "Deployment.GetDeployment", subject, "Deployment").await?;
    match found {
        Some(found) => Ok(Reply::found(json(&found), meta)),
        None => Err(ApiError::missing("deployment not found", meta)),
    }
}

async fn change(api: &Api, request: &ApiRequest, action: &str, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let kind = match action {
        "pause" => "structs.DeploymentPauseRequest",
        "promote" => "structs.DeploymentPromoteRequest",
        "unblock" => "structs.DeploymentUnblockRequest",
        _ => "structs.DeploymentAllocHealthRequest",
    };
    let body = if action == "fail" { Json::Null } else { request.object(kind)? };
    if action != "fail" {
        let own = body.get("DeploymentID").and_then(Json::as_str).unwrap_or_default();
        if own.is_empty() {
            return Err(ApiError::new(400, "DeploymentID must be specified"));
        }
        if own != id {
            return Err(ApiError::new(400, "Deployment ID does not match"));
        }
    }
    let flag = |name: &str| Value::from(body.get(name).and_then(Json::as_bool).unwrap_or(false));
    let texts = |name: &str| {
        let list = body.get(name).and_then(Json::as_array).into_iter().flatten();
        Value::Array(list.filter_map(|text| text.as_str().map(Value::from)).collect())
    };
    let method = match action {
        "fail" => "Deployment.Fail",
        "pause" => "Deployment.Pause",
        "promote" => "Deployment.Promote",
        "unblock" => "Deployment.Unblock",
        _ => "Deployment.SetAllocHealth",
    };
    let subject = [
        ("DeploymentID", id.into()),
        ("Pause", flag("Pause")),
        ("All", flag("All")),
        ("Groups", texts("Groups")),
        ("HealthyAllocationIDs", texts("HealthyAllocationIDs")),
        ("UnhealthyAllocationIDs", texts("UnhealthyAllocationIDs")),
    ];
    Ok(Reply::written(&api.write(request, method, subject).await?))
}
