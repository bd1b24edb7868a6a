//! `/v1/client/identity`: what the identity says that the servers have signed for a node, and the order to renew it.

use http::Method;
use serde_json::json;

use super::super::{Api, ApiError, ApiRequest, Reply};
use crate::acl::Level;
use crate::client::Client;

pub(super) async fn handle(api: &Api, request: &ApiRequest, renews: bool) -> Result<Reply, ApiError> {
    let node = named(request, renews)?;
    let client = own_client(api, &node)?;
    if renews {
        api.permit(request, |acl| acl.allows_node(Level::Write)).await?;
        client.renew_identity();
        return Ok(Reply::plain(json!({})));
    }
    api.permit(request, |acl| acl.allows_node(Level::Read)).await?;
    let mut claims = client.identity_claims().map_err(|error| ApiError::new(500, error))?;
    // Go reads every number of a token as a fraction.
    for value in claims.values_mut().filter(|value| value.is_number()) {
        *value = json!(value.as_f64());
    }
    Ok(Reply::plain(json!({ "Claims": claims })))
}

/// The node that a request is about, where it is not this agent's `own`.
pub(super) async fn other_node(
    api: &Api,
    request: &ApiRequest,
    own: &str,
    renews: bool,
) -> Result<Option<String>, ApiError> {
    let node = named(request, renews)?;
    if node.is_empty() || node == own {
        return Ok(None);
    }
    super::super::nodes::check_id(&node, "node")?;
    match api.read(request, "Node.GetNode", [("NodeID", node.as_str().into())], "Node").await? {
        (Some(_), _) => Ok(Some(node)),
        (None, _) if api.server.is_none() => {
            Err(ApiError::new(500, format!("rpc error: Unknown node {node}")))
        }
        (None, _) => Err(ApiError::new(500, format!("Unknown node {node}"))),
    }
}

/// The id in the query, or in the body of what renews; empty: none.
fn named(request: &ApiRequest, renews: bool) -> Result<String, ApiError> {
    let given = request.parameter("node_id").unwrap_or_default().to_owned();
    if !renews {
        request.allow(&[Method::GET])?;
        return Ok(given);
    }
    request.allow(&[Method::PUT, Method::POST])?;
    if request.body.is_empty() {
        return Ok(given);
    }
    let body = request.object("structs.NodeIdentityRenewReq")?;
    Ok(body.get("NodeID").and_then(serde_json::Value::as_str).map_or(given, str::to_owned))
}

fn own_client<'a>(api: &'a Api, node: &str) -> Result<&'a Client, ApiError> {
    let is_it = |client: &&Client| node.is_empty() || node == client.node_id();
    let absent = || ApiError::new(400, "no local Node and node_id not provided");
    api.client.as_deref().filter(is_it).ok_or_else(absent)
}
