//! Policies.

use http::Method;
use rmpv::Value;

use super::super::json::json;
use super::{Api, ApiError, ApiRequest, Reply, empty, text};
use crate::api::decode::fields;

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    super::list(api, request, "ACL.ListPolicies", "Policies").await
}

pub(super) async fn own(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, "ACL.GetClaimPolicies", [], "Policies").await?;
    let some = found.filter(|found| found.as_array().is_some_and(|list| !list.is_empty()));
    Ok(Reply::found(some.map_or(serde_json::Value::Null, |found| json(&found)), meta))
}

pub(super) async fn one(api: &Api, request: &ApiRequest, name: &str) -> Result<Reply, ApiError> {
    if name.is_empty() {
        return Err(ApiError::new(400, "Missing Policy Name"));
    }
    match request.method {
        Method::GET => {
            let (found, meta) = api.read(request, "ACL.GetPolicy", [("Name", name.into())], "Policy").await?;
            match found {
                Some(policy) => Ok(Reply::found(json(&policy), meta)),
                None => Err(ApiError::missing("ACL policy not found", meta)),
            }
        }
        Method::PUT | Method::POST => {
            let policy = request.object("structs.ACLPolicy")?;
            if text(&policy, "Name") != name {
                return Err(ApiError::new(400, "ACL policy name does not match request path"));
            }
            let policies = Value::Array(vec![fields(&policy)]);
            Ok(empty(&api.write(request, "ACL.UpsertPolicies", [("Policies", policies)]).await?))
        }
        Method::DELETE => {
            let names = Value::Array(vec![name.into()]);
            Ok(empty(&api.write(request, "ACL.DeletePolicies", [("Names", names)]).await?))
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}
