//! `/v1/client`: what a client agent says of its node, its allocations and their files.

mod allocation;
mod elsewhere;
mod exec;
mod fs;
mod identity;
mod metadata;
mod stats;
pub(super) mod websocket;

pub(super) use self::elsewhere::ask as ask_elsewhere;

use std::sync::Arc;

use super::{Api, ApiError, ApiRequest, Reply};
use crate::acl::Level;
use crate::client::Client;
use crate::structs::Body;

pub(super) async fn handle(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    if let Some(node) = other_node(api, request, rest).await? {
        return elsewhere::ask(api, request, &node).await;
    }
    let mut parts = rest.splitn(3, '/');
    match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next()) {
        ("fs", call, id) => {
            let id = id.unwrap_or_default();
            let wanted: &[&str] = if call == "logs" { &["read-logs", "read-fs"] } else { &["read-fs"] };
            permit(api, request, id, wanted).await?;
            fs::handle(api, request, call, id).await
        }
        ("allocation", id, Some(call)) if !id.is_empty() => {
            let is_known_call = matches!(call, "restart" | "signal" | "stats" | "gc");
            if is_known_call && id.len() == 36 && !is_known(api, request, id).await {
                api.acl(request).await.map_err(|_| ApiError::new(403, "Permission denied"))?;
                return Err(ApiError::not_found(format!("Unknown allocation {id:?}")));
            }
            let wanted: &[&str] = match call {
                "exec" => &["alloc-exec"],
                "restart" | "signal" => &["alloc-lifecycle"],
                "gc" => &["submit-job", "gc-allocation"],
                "pause" => &["submit-job", "pause-allocation"],
                _ => &["read-job"],
            };
            permit(api, request, id, wanted).await?;
            allocation::handle(api, request, id, call).await
        }
        ("stats", "", None) => {
            api.permit(request, |acl| acl.allows_node(Level::Read)).await?;
            stats::node(api, request)
        }
        ("metadata", "", None) => metadata::handle(api, request).await,
        ("identity", call @ ("" | "renew"), None) => identity::handle(api, request, call == "renew").await,
        ("gc", "", None) => {
            api.permit(request, |acl| acl.allows_node(Level::Write)).await?;
            own_client(api)?.collect_garbage();
            Ok(Reply::default())
        }
        _ => Err(ApiError::not_found("")),
    }
}

/// Refuses who may do none of this with an allocation; one that is not here is judged where it is looked up.
async fn permit(api: &Api, request: &ApiRequest, id: &str, wanted: &[&str]) -> Result<(), ApiError> {
    let namespace = api.client.as_ref().and_then(|client| client.namespace_of(id));
    let acl = api.acl(request).await?;
    let namespace = namespace.unwrap_or_else(|| "default".to_owned());
    match wanted.iter().any(|capability| acl.allows_in_namespace(&namespace, capability)) {
        true => Ok(()),
        false => Err(ApiError::new(403, "Permission denied")),
    }
}

/// Whether anybody knows an allocation.
async fn is_known(api: &Api, request: &ApiRequest, id: &str) -> bool {
    let own = api.client.as_ref().is_some_and(|client| client.has_allocation(id));
    // One that may not be seen is known.
    own || !matches!(
        api.read(request, "Alloc.GetAlloc", [("AllocID", id.into())], "Alloc").await,
        Ok((None, _))
    )
}

/// The client of this agent.
fn own_client(api: &Api) -> Result<&Arc<Client>, ApiError> {
    api.client.as_ref().ok_or_else(|| ApiError::new(400, "Missing node ID"))
}

/// The client of this agent, where the allocation is on its node.
fn client_of<'a>(api: &'a Api, id: &str) -> Result<&'a Arc<Client>, ApiError> {
    if id.len() != 36 {
        return Err(ApiError::new(500, "alloc lookup failed: index error: UUID must be 36 characters"));
    }
    if let Some(client) = api.client.as_ref().filter(|client| client.has_allocation(id)) {
        return Ok(client);
    }
    // It is nowhere, or was on this very node and is gone.
    Err(ApiError::not_found(format!("Unknown allocation {id:?}")))
}

/// The node that a request is about, where it is not this agent's own.
async fn other_node(api: &Api, request: &ApiRequest, rest: &str) -> Result<Option<String>, ApiError> {
    let own = api.client.as_ref().map(|client| client.node_id()).unwrap_or_default();
    let mut parts = rest.splitn(3, '/');
    let id = match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next()) {
        ("fs", _, Some(id)) => id,
        ("allocation", id, Some(_)) => id,
        ("metadata", "", None) => return metadata::other_node(api, request, own).await,
        ("identity", call @ ("" | "renew"), None) => {
            return identity::other_node(api, request, own, call == "renew").await;
        }
        ("stats" | "gc", "", None) => {
            let given = request.parameter("node_id").filter(|node| !node.is_empty());
            return match given.filter(|node| own.is_empty() || !own.starts_with(*node)) {
                None => Ok(None),
                Some(node) => known_node(api, request, node).await.map(Some),
            };
        }
        _ => return Ok(None),
    };
    if id.len() != 36 || api.client.as_ref().is_some_and(|client| client.has_allocation(id)) {
        return Ok(None);
    }
    // Who may not see it learns that from the caller's own check.
    let Ok((Some(found), _)) = api.read(request, "Alloc.GetAlloc", [("AllocID", id.into())], "Alloc").await
    else {
        return Ok(None);
    };
    let node = Body(&found).string("NodeID").to_owned();
    Ok((node != own && !node.is_empty()).then_some(node))
}

/// The whole id of a node whose id begins so.
async fn known_node(api: &Api, request: &ApiRequest, prefix: &str) -> Result<String, ApiError> {
    let mut request = request.clone();
    request.query.retain(|(name, _)| name != "prefix");
    request.query.push(("prefix".to_owned(), prefix.to_owned()));
    let (found, _) = api.read(&request, "Node.List", [], "Nodes").await?;
    let found = found.as_ref().and_then(rmpv::Value::as_array).and_then(|nodes| nodes.first());
    match found.map(|node| Body(node).string("ID").to_owned()) {
        Some(id) if !id.is_empty() => Ok(id),
        _ => Err(ApiError::not_found(format!("Unknown node: {prefix}"))),
    }
}
