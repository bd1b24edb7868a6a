//! `/v1/agent`: what the agent says of itself.

use http::Method;
use lab_world::format_rfc3339_nano;
use serde_json::{Value as Json, json};

use super::{Api, ApiError, ApiRequest, Reply};
use crate::acl::{Acl, Level};
use crate::client::CORES;
use crate::server::WorkerPool;

/// `name` is what follows `/v1/agent/`; what this file does not know the agent itself may.
pub(super) async fn handle(api: &Api, request: &ApiRequest, name: &str) -> Result<Reply, ApiError> {
    if name == "servers" && request.is_write() {
        return set_servers(api, request).await;
    }
    if name == "join" {
        return join(api, request).await;
    }
    if let Some(allowed) = needed(name, request.is_write()) {
        api.permit(request, allowed).await?;
    }
    if name == "monitor"
        && let Some(target) = super::monitor::target(api, request).await?
    {
        return super::client::ask_elsewhere(api, &own_of_target(request), &target).await;
    }
    if let Some(profile) = name.strip_prefix("pprof/") {
        return Err(ApiError::not_found(format!("Pprof profile not found profile: {profile}")));
    }
    if !matches!(name, "self" | "members" | "health" | "servers" | "schedulers" | "schedulers/config") {
        return api.view.other(request).await.unwrap_or_else(|| Err(ApiError::not_found("")));
    }
    if name == "schedulers/config" {
        return scheduler_configuration(api, request);
    }
    request.allow(&[Method::GET])?;
    if matches!(name, "members" | "health") {
        super::query::Query::of(request, &api.region)?;
    }
    match name {
        "self" => Ok(Reply::plain(about(api))),
        "members" => Ok(Reply::plain(members(api).await?)),
        "health" => health(api, request).await,
        "servers" => servers(api),
        _ => schedulers(api),
    }
}

/// A request for the log of the agent that it is sent to.
fn own_of_target(request: &ApiRequest) -> ApiRequest {
    let mut request = request.clone();
    request.query.retain(|(name, _)| !matches!(name.as_str(), "node_id" | "server_id"));
    request
}

/// What one must be allowed to do to ask the agent something.
fn needed(name: &str, writes: bool) -> Option<fn(&Acl) -> bool> {
    match name {
        "schedulers/config" if writes => Some(|acl| acl.allows_agent(Level::Write)),
        "self" | "servers" | "host" | "monitor" | "schedulers" | "schedulers/config" => {
            Some(|acl| acl.allows_agent(Level::Read))
        }
        "members" => Some(|acl| acl.allows_node(Level::Read)),
        "health" | "metrics" => None,
        _ => Some(|acl| acl.allows_agent(Level::Write)),
    }
}

/// Meets other servers. Whoever may reach the port may do that, as with the real agent.
async fn join(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::PUT, Method::POST])?;
    if api.server.is_none() {
        return Err(ApiError::new(501, "Invalid method"));
    }
    let given = request.query.iter().filter(|(name, _)| name == "address");
    let addresses: Vec<&str> = given.map(|(_, value)| value.as_str()).collect();
    if addresses.is_empty() {
        return Err(ApiError::new(400, "missing address to join"));
    }
    let (joined, faults) = api.view.join(&addresses).await.unwrap_or_default();
    let error = match faults.len() {
        0 => String::new(),
        1 => format!("1 error occurred:\n\t* {}\n\n", faults[0]),
        count => format!("{count} errors occurred:\n\t* {}\n\n", faults.join("\n\t* ")),
    };
    Ok(Reply::plain(json!({"num_joined": joined, "error": error})))
}

/// The workers of this server's scheduler.
fn schedulers(api: &Api) -> Result<Reply, ApiError> {
    let server = api.server.as_ref().ok_or_else(no_server)?;
    let kinds = server.worker_pool().kinds;
    let workers = server.workers().into_iter().map(|worker| {
        json!({
            "id": worker.id, "enabled_schedulers": kinds, "started": format_rfc3339_nano(worker.started),
            "status": "Started", "workload_status": "WaitingToDequeue",
        })
    });
    let workers: Vec<Json> = workers.collect();
    Ok(Reply::plain(json!({"server_id": api.view.server_name(), "schedulers": workers})))
}

/// How many there are, and on what they work; a write says what it is to be.
fn scheduler_configuration(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET, Method::PUT, Method::POST])?;
    let server = api.server.as_ref().ok_or_else(no_server)?;
    if request.is_write() {
        let body = request
            .object("api.AgentSchedulerWorkerConfigRequest")
            .map_err(|error| ApiError::new(400, format!("Invalid request: {}", error.message)))?;
        let kinds = body["enabled_schedulers"].as_array().into_iter().flatten();
        let pool = WorkerPool {
            count: body["num_schedulers"]
                .as_i64()
                .map_or(Some(0), |count| usize::try_from(count).ok())
                .unwrap_or(usize::MAX),
            kinds: kinds.filter_map(Json::as_str).map(str::to_owned).collect(),
        };
        if !pool.is_valid(usize::try_from(CORES).unwrap_or(1)) {
            return Err(ApiError::new(400, "Invalid request"));
        }
        server.set_worker_pool(pool);
    }
    let pool = server.worker_pool();
    Ok(Reply::plain(json!({
        "enabled_schedulers": pool.kinds, "num_schedulers": pool.count, "server_id": api.view.server_name(),
    })))
}

fn no_server() -> ApiError {
    ApiError::new(400, "server not enabled")
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
pub(super) async fn members(api: &Api) -> Result<serde_json::Value, ApiError> {
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
    let addresses: Vec<Option<String>> =
        crate::structs::Body(&answer).list("Members").iter().map(address_of).collect();
    let mut shown = super::json::json(&answer);
    let members = shown["Members"].as_array_mut().into_iter().flatten();
    for (member, address) in members.zip(addresses) {
        if let Some(address) = address {
            member["Addr"] = address.into();
        }
    }
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|name, _| name == "Members" || name.starts_with("Server"));
    }
    Ok(shown)
}

/// A member's address, which comes as bytes.
fn address_of(member: &rmpv::Value) -> Option<String> {
    let bytes = match crate::structs::Body(member).get("Addr")? {
        rmpv::Value::Binary(bytes) => bytes.as_slice(),
        rmpv::Value::String(text) => text.as_bytes(),
        _ => return None,
    };
    let four = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    let address = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from)).ok()?;
    Some(address.to_canonical().to_string())
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
            Some(server) => well &= note("server", unwell(api, request, server)),
            None if !asked.is_empty() => well &= note("server", Some("server not enabled".to_owned())),
            None => {}
        }
    }
    let body = serde_json::Value::Object(body);
    if well { Ok(Reply::plain(body)) } else { Err(ApiError::new(500, body.to_string())) }
}

/// What is wrong with the server, asked as one of the region that the request is for.
fn unwell(api: &Api, request: &ApiRequest, server: &crate::server::Server) -> Option<String> {
    let region = request.parameter("region").filter(|region| !region.is_empty() && *region != api.region);
    match region {
        Some(_) => Some("No path to region".to_owned()),
        None => server.leader().is_none().then(|| "no leader".to_owned()),
    }
}

fn servers(api: &Api) -> Result<Reply, ApiError> {
    match &api.client {
        Some(client) => Ok(Reply::plain(json!(client.known_servers()))),
        None => Err(ApiError::new(501, "Invalid method")),
    }
}

async fn set_servers(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    let Some(client) = &api.client else { return Err(ApiError::new(501, "Invalid method")) };
    let given: Vec<&str> =
        request.query.iter().filter(|(name, _)| name == "address").map(|(_, value)| value.as_str()).collect();
    if given.is_empty() {
        return Err(ApiError::new(400, "missing server address"));
    }
    api.permit(request, |acl| acl.allows_agent(Level::Write)).await?;
    let parsed: Result<Vec<std::net::SocketAddr>, _> = given.iter().map(|text| text.parse()).collect();
    match parsed {
        Ok(servers) => {
            client.set_servers(servers);
            Ok(Reply::default())
        }
        Err(_) => Err(ApiError::new(400, format!("failed to parse server addresses: {}", given.join(", ")))),
    }
}
