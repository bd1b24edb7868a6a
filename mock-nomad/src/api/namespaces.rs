//! `/v1/namespaces` and `/v1/namespace`, `/v1/node/pools` and `/v1/node/pool`.

use http::Method;
use rmpv::Value;

use super::decode::fields;
use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply, shape};
use crate::structs::Body;

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    listed(api, request, "Namespace.ListNamespaces", [], "Namespaces").await
}

/// `name` is `None` where the path ends before it.
pub(super) async fn one(api: &Api, request: &ApiRequest, name: Option<&str>) -> Result<Reply, ApiError> {
    if name == Some("") {
        return Err(ApiError::new(400, "Missing Namespace Name"));
    }
    match (&request.method, name) {
        (&Method::GET, Some(name)) => {
            let subject = [("Name", name.into())];
            let (found, meta) = api.read(request, "Namespace.GetNamespace", subject, "Namespace").await?;
            match found {
                Some(found) => Ok(Reply::found(json(&found), meta)),
                None => Err(ApiError::missing("Namespace not found", meta)),
            }
        }
        (&Method::PUT | &Method::POST, name) => {
            let namespace = request.object("structs.Namespace")?;
            let own = namespace.get("Name").and_then(serde_json::Value::as_str).unwrap_or_default();
            if name.is_some_and(|name| name != own) {
                return Err(ApiError::new(400, "Namespace name does not match request path"));
            }
            let namespaces = Value::Array(vec![fields(&namespace)]);
            written(api, request, "Namespace.UpsertNamespaces", ("Namespaces", namespaces)).await
        }
        (&Method::DELETE, Some(name)) => {
            let names = Value::Array(vec![name.into()]);
            written(api, request, "Namespace.DeleteNamespaces", ("Namespaces", names)).await
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

pub(super) async fn pools(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    match request.method {
        Method::GET => listed(api, request, "NodePool.List", [], "NodePools").await,
        Method::PUT | Method::POST => write_pool(api, request, None).await,
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

async fn write_pool(api: &Api, request: &ApiRequest, name: Option<&str>) -> Result<Reply, ApiError> {
    let kind = "struct { NodeIdentityTTL interface {}; *structs.Alias }";
    let mut pool = request.object(kind)?;
    shape::fit(&mut pool, "structs.NodePool")?;
    let own = pool.get("Name").and_then(serde_json::Value::as_str).unwrap_or_default();
    if name.is_some_and(|name| name != own) {
        return Err(ApiError::new(400, "Node pool name does not match request path"));
    }
    if let Some(text) = pool.get("NodeIdentityTTL").and_then(serde_json::Value::as_str) {
        let ttl = lab_world::parse_duration(text).map_err(|error| ApiError::new(400, error.to_string()))?;
        pool["NodeIdentityTTL"] = i64::try_from(ttl.as_nanos()).unwrap_or(i64::MAX).into();
    }
    let pools = Value::Array(vec![fields(&pool)]);
    written(api, request, "NodePool.UpsertNodePools", ("NodePools", pools)).await
}

pub(super) async fn pool(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    let subject = |name: &str| [("Name", name.into())];
    if let Some(name) = rest.strip_suffix("/nodes") {
        request.allow(&[Method::GET])?;
        return listed(api, request, "NodePool.ListNodes", subject(name), "Nodes").await;
    }
    if let Some(name) = rest.strip_suffix("/jobs") {
        request.allow(&[Method::GET])?;
        return listed(api, request, "NodePool.ListJobs", subject(name), "Jobs").await;
    }
    match request.method {
        Method::GET => {
            let (found, meta) = api.read(request, "NodePool.GetNodePool", subject(rest), "NodePool").await?;
            match found {
                Some(found) => Ok(Reply::found(json(&found), meta)),
                None => Err(ApiError::missing("node pool not found", meta)),
            }
        }
        Method::PUT | Method::POST => write_pool(api, request, Some(rest)).await,
        Method::DELETE => {
            let names = Value::Array(vec![rest.into()]);
            written(api, request, "NodePool.DeleteNodePools", ("Names", names)).await
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

async fn listed<const N: usize>(
    api: &Api,
    request: &ApiRequest,
    method: &str,
    subject: [(&str, Value); N],
    field: &str,
) -> Result<Reply, ApiError> {
    if method.starts_with("NodePool.List")
        && method != "NodePool.List"
        && request.parameter("prefix").is_some_and(|prefix| !prefix.is_empty())
    {
        return Err(ApiError::new(400, "prefix argument not allowed"));
    }
    let (found, meta) = api.read(request, method, subject, field).await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

async fn written(
    api: &Api,
    request: &ApiRequest,
    method: &str,
    subject: (&str, Value),
) -> Result<Reply, ApiError> {
    let answer = api.write(request, method, [subject]).await?;
    Ok(Reply { index: Some(Body(&answer).index("Index")), ..Reply::default() })
}
