//! `/v1/agent/monitor` of another agent: which one is meant.

use super::{Api, ApiError, ApiRequest};
use crate::server::Access;
use crate::structs::map;

/// The node, or the server's id, whose log is asked for; `None`: this agent's own.
///
/// Errors: what names nobody, or two.
pub(super) async fn target(api: &Api, request: &ApiRequest) -> Result<Option<String>, ApiError> {
    let given = |name: &str| request.parameter(name).filter(|given| !given.is_empty());
    match (given("node_id"), given("server_id")) {
        (Some(_), Some(_)) => Err(ApiError::new(400, "Cannot target node and server simultaneously")),
        (Some(node), None) => known_node(api, request, node).await,
        (None, Some(server)) => known_server(api, server).await,
        (None, None) => Ok(None),
    }
}

async fn known_node(api: &Api, request: &ApiRequest, id: &str) -> Result<Option<String>, ApiError> {
    if api.client.as_ref().is_some_and(|client| client.node_id() == id) {
        return Ok(None);
    }
    let failed = |code: u16, text: &str| ApiError::new(500, format!("RPC Error:: {code},{text}"));
    super::nodes::check_id(id, "node").map_err(|error| failed(error.code, &error.message))?;
    match api.read(request, "Node.GetNode", [("NodeID", id.into())], "Node").await? {
        (Some(_), _) => Ok(Some(id.to_owned())),
        (None, _) => Err(failed(404, &format!("Unknown node {id:?}"))),
    }
}

/// A server is named with its region, by its id, or as the leader.
async fn known_server(api: &Api, named: &str) -> Result<Option<String>, ApiError> {
    let leader = match named {
        "leader" => leader(api).await?,
        _ => String::new(),
    };
    let members = super::agent::members(api).await?;
    let is_meant = |member: &&serde_json::Value| {
        let tags = &member["Tags"];
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        text(&member["Name"]) == named
            || text(&tags["id"]) == named
            || format!("{}:{}", text(&tags["rpc_addr"]), text(&tags["port"])) == leader
    };
    let found = members["Members"].as_array().into_iter().flatten().find(is_meant);
    let Some(id) = found.and_then(|member| member["Tags"]["id"].as_str()) else {
        return Err(ApiError::new(400, format!("unknown Nomad server {named}")));
    };
    let is_own = api.server.as_ref().is_some_and(|server| server.id() == id);
    Ok((!is_own).then(|| id.to_owned()))
}

async fn leader(api: &Api) -> Result<String, ApiError> {
    let answer =
        api.rpc("Status.Leader", Access::Read, map([("Region", api.region.as_str().into())])).await?;
    Ok(answer.as_str().unwrap_or_default().to_owned())
}
