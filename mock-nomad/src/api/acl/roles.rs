//! Roles.

use http::Method;
use rmpv::Value;

use super::super::json::json;
use super::{Api, ApiError, ApiRequest, Reply, WRITE, empty, first, text};
use crate::api::decode::fields;

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    super::list(api, request, "ACL.ListRoles", "ACLRoles").await
}

pub(super) async fn create(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    write(api, request, fields(&request.object("structs.ACLRole")?)).await
}

async fn write(api: &Api, request: &ApiRequest, role: Value) -> Result<Reply, ApiError> {
    let roles = Value::Array(vec![role]);
    Ok(first(&api.write(request, "ACL.UpsertRoles", [("ACLRoles", roles)]).await?, "ACLRoles"))
}

/// By id, or as `name/<name>`.
pub(super) async fn one(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    if let Some(name) = rest.strip_prefix("name/") {
        request.allow(&[Method::GET])?;
        return get(api, request, "ACL.GetRoleByName", ("RoleName", name)).await;
    }
    if rest.is_empty() {
        return Err(ApiError::new(400, "missing ACL role ID"));
    }
    match request.method {
        Method::GET => get(api, request, "ACL.GetRoleByID", ("RoleID", rest)).await,
        Method::PUT | Method::POST => {
            let role = request.object("structs.ACLRole")?;
            if text(&role, "ID") != rest {
                return Err(ApiError::new(400, "ACL role ID does not match request path"));
            }
            write(api, request, fields(&role)).await
        }
        Method::DELETE => {
            let ids = Value::Array(vec![rest.into()]);
            Ok(empty(&api.write(request, "ACL.DeleteRolesByID", [("ACLRoleIDs", ids)]).await?))
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

async fn get(
    api: &Api,
    request: &ApiRequest,
    method: &str,
    (by, value): (&str, &str),
) -> Result<Reply, ApiError> {
    let (found, meta) = api.read(request, method, [(by, value.into())], "ACLRole").await?;
    match found {
        Some(role) => Ok(Reply::found(json(&role), meta)),
        None => Err(ApiError::missing("ACL role not found", meta)),
    }
}
