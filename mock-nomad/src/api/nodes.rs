//! `/v1/nodes` and `/v1/node`.

use http::Method;
use rmpv::Value;

use super::allocations::add_old_resources;
use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::structs::{Body, map};

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    if let Some(prefix) = request.parameter("prefix") {
        check_prefix(prefix, "node")?;
    }
    let flag = |name: &str| request.boolean(name, 400, "Failed to parse node list fields: ");
    let fields = map([
        ("Resources", flag("resources")?.unwrap_or(false).into()),
        ("OS", flag("os")?.unwrap_or(false).into()),
    ]);
    let (nodes, meta) = api.read(request, "Node.List", [("Fields", fields)], "Nodes").await?;
    Ok(Reply::found(nodes.map_or_else(|| json(&Value::Array(Vec::new())), |nodes| json(&nodes)), meta))
}

pub(super) async fn one(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    let (id, action) = rest.split_once('/').unwrap_or((rest, ""));
    let subject = [("NodeID", id.into())];
    match action {
        "" => get(api, request, id).await,
        "allocations" => {
            request.allow(&[Method::GET])?;
            let (found, meta) = api.read(request, "Node.GetAllocs", subject, "Allocs").await?;
            let mut body = json(&found.unwrap_or(Value::Array(Vec::new())));
            body.as_array_mut().into_iter().flatten().for_each(add_old_resources);
            Ok(Reply::found(body, meta))
        }
        "evaluate" => {
            request.allow(&[Method::PUT, Method::POST])?;
            Ok(Reply::written(&api.write(request, "Node.Evaluate", subject).await?))
        }
        "purge" => {
            request.allow(&[Method::PUT, Method::POST])?;
            Ok(Reply::written(&api.write(request, "Node.Deregister", subject).await?))
        }
        "drain" => super::job_actions::drain(api, request, id).await,
        "eligibility" => eligibility(api, request, id).await,
        // What is no action is part of the id.
        _ => get(api, request, rest).await,
    }
}

async fn get(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    if id.is_empty() {
        return Err(ApiError::new(500, "missing node ID"));
    }
    check_id(id, "node")?;
    let (node, meta) = api.read(request, "Node.GetNode", [("NodeID", id.into())], "Node").await?;
    let Some(node) = node else { return Err(ApiError::missing("node not found", meta)) };
    let mut body = json(&node);
    // A field for older readers.
    body["Drain"] = Body(&node).get("DrainStrategy").is_some().into();
    Ok(Reply::found(body, meta))
}

async fn eligibility(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    let body = request.object("structs.NodeUpdateEligibilityRequest")?;
    let wanted = body.get("Eligibility").and_then(|value| value.as_str()).unwrap_or_default();
    let named = body.get("NodeID").and_then(|value| value.as_str()).filter(|named| !named.is_empty());
    let id = named.unwrap_or(id);
    check_id(id, "node")?;
    let subject = [("NodeID", id.into()), ("Eligibility", wanted.into())];
    Ok(Reply::written(&api.write(request, "Node.UpdateEligibility", subject).await?))
}

/// An id must be a whole UUID, as the index over ids says it.
pub(super) fn check_id(id: &str, kind: &str) -> Result<(), ApiError> {
    if id.len() == 36 {
        return check_prefix(id, kind);
    }
    Err(ApiError::new(500, format!("{kind} lookup failed: index error: UUID must be 36 characters")))
}

/// The beginning of an id must be whole bytes in hexadecimal.
pub(super) fn check_prefix(prefix: &str, kind: &str) -> Result<(), ApiError> {
    let digits: String = prefix.chars().filter(|c| *c != '-').collect();
    let fault = |text: String| Err(ApiError::new(500, format!("{kind} lookup failed: index error: {text}")));
    if !digits.len().is_multiple_of(2) {
        return fault("Input (without hyphens) must be even length".to_owned());
    }
    match digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        Some(bad) => {
            fault(format!("Invalid UUID: encoding/hex: invalid byte: U+{:04X} '{bad}'", u32::from(bad)))
        }
        None => Ok(()),
    }
}
