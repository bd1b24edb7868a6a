//! `/v1/operator`: the members of consensus.

use http::Method;

use super::json::json;
use super::query::Query;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::server::Access;
use crate::structs::Body;

pub(super) async fn handle(api: &Api, request: &ApiRequest, name: &str) -> Result<Reply, ApiError> {
    if name == "raft/peer" {
        return remove_peer(api, request).await;
    }
    request.allow(&[Method::GET])?;
    let query = Query::of(request, &api.region)?;
    let method =
        if name == "raft/configuration" { "Operator.RaftGetConfiguration" } else { "Operator.ServerHealth" };
    let answer = api.rpc(method, Access::Read, query.body([])).await?;
    let body = json(&answer);
    if name == "autopilot/health" && !Body(&answer).boolean("Healthy") {
        return Err(ApiError::new(429, body.to_string()));
    }
    Ok(Reply::plain(body))
}

async fn remove_peer(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::DELETE])?;
    let Some(id) = request.parameter("id") else {
        return Err(ApiError::new(
            400,
            "Must specify either ?id with the server's ID or ?address with IP:port of peer to remove",
        ));
    };
    api.write(request, "Operator.RaftRemovePeerByID", [("ID", id.into())]).await?;
    Ok(Reply::default())
}
