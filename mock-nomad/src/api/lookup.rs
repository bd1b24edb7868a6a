//! `/v1/services`, `/v1/service`, `/v1/search` and `/v1/system`.

use http::Method;
use rmpv::Value;
use serde_json::Value as Json;

use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::structs::Body;

pub(super) async fn services(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, "ServiceRegistration.List", [], "Services").await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

/// The services that a job or an allocation offers; `missing` is said where there is none of that id.
pub(super) async fn offered(
    api: &Api,
    request: &ApiRequest,
    method: &str,
    (field, id): (&str, &str),
    missing: &str,
) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, method, [(field, id.into())], "Services").await?;
    match found {
        Some(found) => Ok(Reply::found(json(&found), meta)),
        None => Err(ApiError::missing(missing, meta)),
    }
}

/// By name, or one instance as `<name>/<id>` to remove it.
pub(super) async fn service(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    match (rest.rsplit_once('/'), &request.method) {
        (Some((_, id)), &Method::DELETE) => {
            let answer = api.write(request, "ServiceRegistration.DeleteByID", [("ID", id.into())]).await?;
            Ok(Reply { index: Some(Body(&answer).index("Index")), ..Reply::default() })
        }
        _ if rest.is_empty() => Err(ApiError::new(400, "missing service name")),
        (Some((name, _)), _) if name.contains('/') => Err(ApiError::new(400, "invalid URI")),
        (_, &Method::GET) => {
            let choose = request.parameter("choose").unwrap_or_default();
            let subject = [("ServiceName", rest.into()), ("Choose", choose.into())];
            let (found, meta) =
                api.read(request, "ServiceRegistration.GetService", subject, "Services").await?;
            Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

pub(super) async fn search(api: &Api, request: &ApiRequest, is_fuzzy: bool) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let kind = if is_fuzzy { "structs.FuzzySearchRequest" } else { "structs.SearchRequest" };
    let body = request.object(kind)?;
    let text = |name: &str| Value::from(body.get(name).and_then(Json::as_str).unwrap_or_default());
    let mut request = request.clone();
    if let Some(namespace) = body.get("Namespace").and_then(Json::as_str).filter(|name| !name.is_empty())
        && request.parameter("namespace").is_none()
    {
        request.query.push(("namespace".to_owned(), namespace.to_owned()));
    }
    let answer = match is_fuzzy {
        true => {
            let subject = [("Text", text("Text")), ("Context", text("Context"))];
            api.ask(&request, "Search.FuzzySearch", subject).await?
        }
        false => {
            let subject = [("Prefix", text("Prefix")), ("Context", text("Context"))];
            api.ask(&request, "Search.PrefixSearch", subject).await?
        }
    };
    let meta = crate::structs::QueryMeta::of(Body(&answer));
    Ok(Reply::found(json(&answer), meta))
}

pub(super) async fn system(api: &Api, request: &ApiRequest, name: &str) -> Result<Reply, ApiError> {
    let method = match name {
        "gc" => "System.GarbageCollect",
        "reconcile/summaries" => "System.ReconcileJobSummaries",
        _ => return Err(ApiError::not_found("")),
    };
    request.allow(&[Method::PUT])?;
    api.write(request, method, []).await?;
    Ok(Reply::default())
}
