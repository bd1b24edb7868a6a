//! `/v1/agent`: what the agent says of itself.

use http::Method;
use serde_json::json;

use super::{Api, ApiError, ApiRequest, Reply};

pub(super) async fn handle(api: &Api, request: &ApiRequest, name: &str) -> Result<Reply, ApiError> {
    if name == "servers" && request.is_write() {
        return set_servers(api, request);
    }
    request.allow(&[Method::GET])?;
    match name {
        "self" => Ok(Reply::plain(about(api))),
        "members" => Ok(Reply::plain(members(api).await?)),
        "health" => health(api, request).await,
        _ => servers(api),
    }
}

fn about(api: &Api) -> serde_json::Value {
    let mut stats = api.view.stats();
    if let Some(server) = &api.server {
        stats["nomad"] = json!(server.stats());
        stats["raft"] = json!(server.raft_stats());
    }
    if let Some(client) = &api.client {
        stats["client"] = json!(client.stats());
    }
    json!({"config": api.view.config(), "member": api.view.member(), "stats": stats})
}

/// A client agent knows no members: it asks a server.
async fn members(api: &Api) -> Result<serde_json::Value, ApiError> {
    if api.server.is_some() {
        return Ok(api.view.members());
    }
    let answer = api
        .rpc(
            "Status.Members",
            crate::server::Access::Read,
            crate::structs::map([("Region", api.region.as_str().into())]),
        )
        .await?;
    Ok(super::json::json(&answer))
}

/// `ok` says little: a client is well as soon as it knows a server, whether it reaches it or not.
async fn health(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    let asked: Vec<&str> =
        request.query.iter().filter(|(name, _)| name == "type").map(|(_, kind)| kind.as_str()).collect();
    let wants = |kind: &str| asked.is_empty() || asked.contains(&kind);
    let mut body = serde_json::Map::new();
    let mut note = |kind: &str, problem: Option<String>| {
        let message = problem.clone().unwrap_or_else(|| "ok".to_owned());
        body.insert(kind.to_owned(), json!({"ok": problem.is_none(), "message": message}));
        problem.is_none()
    };
    let mut well = true;
    if wants("client") {
        match &api.client {
            Some(client) => {
                let lonely = api.server.is_none() && client.known_servers().is_empty();
                well &= note("client", lonely.then(|| "no known servers".to_owned()));
            }
            None if !asked.is_empty() => well &= note("client", Some("client not enabled".to_owned())),
            None => {}
        }
    }
    if wants("server") {
        match &api.server {
            Some(server) => well &= note("server", server.leader().is_none().then(|| "no leader".to_owned())),
            None if !asked.is_empty() => well &= note("server", Some("server not enabled".to_owned())),
            None => {}
        }
    }
    let body = serde_json::Value::Object(body);
    if well { Ok(Reply::plain(body)) } else { Err(ApiError::new(500, body.to_string())) }
}

fn servers(api: &Api) -> Result<Reply, ApiError> {
    match &api.client {
        Some(client) => Ok(Reply::plain(json!(client.known_servers()))),
        None => Err(ApiError::new(501, "Invalid method")),
    }
}

fn set_servers(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    let Some(client) = &api.client else { return Err(ApiError::new(501, "Invalid method")) };
    let given: Vec<&str> =
        request.query.iter().filter(|(name, _)| name == "address").map(|(_, value)| value.as_str()).collect();
    if given.is_empty() {
        return Err(ApiError::new(400, "missing server addresses"));
    }
    let parsed: Result<Vec<std::net::SocketAddr>, _> = given.iter().map(|text| text.parse()).collect();
    match parsed {
        Ok(servers) => {
            client.set_servers(servers);
            Ok(Reply::default())
        }
        Err(_) => Err(ApiError::new(400, format!("failed to parse server addresses: {}", given.join(", ")))),
    }
}
