//! `/v1/status` and `/v1/regions`.

use http::Method;

use super::json::json;
use super::query::Query;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::server::Access;

pub(super) async fn handle(api: &Api, request: &ApiRequest, name: &str) -> Result<Reply, ApiError> {
    let method = match name {
        "leader" => "Status.Leader",
        "peers" => "Status.Peers",
        _ => return Err(ApiError::not_found("")),
    };
    request.allow(&[Method::GET])?;
    let query = Query::of(request, &api.region)?;
    let answer = api.rpc(method, Access::Read, query.body([])).await?;
    Ok(Reply::plain(json(&answer)))
}

pub(super) async fn regions(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let query = Query::of(request, &api.region)?;
    let answer = api.rpc("Region.List", Access::Read, query.body([])).await?;
    Ok(Reply::plain(json(&answer)))
}
