//! `/v1/volumes` and `/v1/plugins`: there never are any.

use http::Method;
use rmpv::Value;

use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};

pub(super) async fn handle(
    api: &Api,
    request: &ApiRequest,
    family: &str,
    rest: &str,
) -> Result<Reply, ApiError> {
    match (family, rest) {
        ("volumes", "") if request.is_write() => register(request),
        ("volumes", "") => {
            request.allow(&[Method::GET])?;
            match request.parameter("type") {
                // Nothing else of the request is read then.
                None | Some("") => Ok(Reply::plain(serde_json::json!([]))),
                Some("csi") => none(api, request, "CSIVolume.List").await,
                Some("host") => none(api, request, "HostVolume.List").await,
                Some(_) => Err(ApiError::not_found("resource not found")),
            }
        }
        ("volumes", "claims") => Ok(Reply::plain(serde_json::json!([]))),
        ("volumes", "external") => {
            request.allow(&[Method::GET])?;
            Err(ApiError::new(500, "no such plugin"))
        }
        ("volumes", "snapshot") => snapshot(request),
        ("plugins", "") => {
            request.allow(&[Method::GET])?;
            match request.parameter("type") {
                None | Some("") => Ok(Reply::plain(serde_json::json!([]))),
                Some("csi") => none(api, request, "CSIPlugin.List").await,
                Some(_) => Ok(Reply::default()),
            }
        }
        ("volume", "csi/") => Err(ApiError::new(500, "missing volume ID")),
        ("plugin", "csi/") => Err(ApiError::new(500, "missing plugin ID")),
        ("volume", rest) if rest.starts_with("csi/") => {
            let id = rest.trim_start_matches("csi/");
            match request.method {
                Method::PUT | Method::POST => register(request),
                Method::DELETE => Err(ApiError::new(500, format!("volume not found: {id}"))),
                _ => missing(api, request, "CSIVolume.Get", "volume").await,
            }
        }
        ("volume", rest) if rest.starts_with("host/") => {
            let id = rest.trim_start_matches("host/");
            match request.method {
                Method::PUT | Method::POST => Err(ApiError::not_found("resource not found")),
                Method::DELETE => Err(ApiError::new(500, format!("no such volume: {id}"))),
                _ => missing(api, request, "HostVolume.Get", "volume").await,
            }
        }
        ("plugin", _) => missing(api, request, "CSIPlugin.Get", "plugin").await,
        _ => Err(ApiError::not_found("")),
    }
}

/// Snapshots of volumes: there is no plugin that could make one.
fn snapshot(request: &ApiRequest) -> Result<Reply, ApiError> {
    match request.method {
        Method::GET => Err(ApiError::new(500, "no such plugin")),
        Method::DELETE => Err(ApiError::new(500, "1 error occurred:\n\t* no such plugin\n\n")),
        Method::PUT | Method::POST => {
            let body = request.object("structs.CSISnapshotCreateRequest")?;
            if body.get("Snapshots").and_then(|given| given.as_array()).is_some_and(|given| !given.is_empty())
            {
                return Err(ApiError::new(500, "1 error occurred:\n\t* no such plugin\n\n"));
            }
            Ok(Reply::plain(serde_json::json!({
                "Index": 0, "KnownLeader": false, "LastContact": 0, "NextToken": "", "Snapshots": null,
            })))
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

/// What is wrong with a volume that is to be registered is told; none is.
fn register(request: &ApiRequest) -> Result<Reply, ApiError> {
    let body = request.object("structs.CSIVolumeRegisterRequest")?;
    match body.get("Volumes").and_then(|volumes| volumes.as_array()).is_none_or(Vec::is_empty) {
        true => Err(ApiError::new(500, "missing volume definition")),
        false => Err(ApiError::new(501, "the lab has no volumes")),
    }
}

async fn none(api: &Api, request: &ApiRequest, method: &str) -> Result<Reply, ApiError> {
    let (found, meta) = api.read(request, method, [], "Volumes").await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

async fn missing(api: &Api, request: &ApiRequest, method: &str, kind: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (_, meta) = api.read(request, method, [], kind).await?;
    Err(ApiError::missing(&format!("{kind} not found"), meta))
}
