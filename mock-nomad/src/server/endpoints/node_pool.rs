//! `NodePool`

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::acl::{faults, hash, is_plain_name};
use super::job_stub::JobStub;
use super::{Request, Server, node, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::{Command, RegistryCommand, Tables, Topic};
use crate::structs::{Body, NodePool, QueryOptions, map};

/// Pools that nobody changes.
const BUILT_IN: [&str; 2] = ["all", "default"];

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    let access =
        if matches!(name, "UpsertNodePools" | "DeleteNodePools") { Access::Write } else { Access::Read };
    if let Route::Elsewhere(answer) = server.forward(request, access).await {
        return answer;
    }
    match name {
        "UpsertNodePools" => upsert(server, request).await,
        "DeleteNodePools" => delete(server, request).await,
        "List" => list(server, request).await,
        "GetNodePool" => get(server, request).await,
        "ListJobs" => jobs(server, request).await,
        "ListNodes" => nodes(server, request).await,
        _ => Err(unknown(&request.method)),
    }
}

fn encode(pool: &NodePool) -> Value {
    to_value(pool).unwrap_or(Value::Nil)
}

async fn upsert(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let mut pools: Vec<NodePool> = Body(&request.body).object("NodePools")?.unwrap_or_default();
    if pools.iter().any(|pool| !caller.acl.allows_in_node_pool(&pool.name, "write")) {
        return Err(RpcError::permission_denied());
    }
    if pools.is_empty() {
        return Err(RpcError::coded(400, "must specify at least one node pool"));
    }
    for pool in &mut pools {
        let name = lab_pki::quote(&pool.name);
        let mut found = Vec::new();
        if !is_plain_name(&pool.name, "-_") {
            found.push(format!("invalid name {name}, must match regex ^[a-zA-Z0-9-_]{{1,128}}$"));
        }
        if pool.description.len() > 256 {
            found.push("description longer than 256".to_owned());
        }
        if !found.is_empty() {
            return Err(RpcError::coded(400, &format!("invalid node pool {name}: {}", faults(&found))));
        }
        if BUILT_IN.contains(&pool.name.as_str()) {
            return Err(RpcError::coded(400, &format!("modifying node pool {name} is not allowed")));
        }
        if !pool.scheduler_configuration.is_null() {
            return Err(RpcError::new("Feature \"Node Pools Governance\" is unlicensed"));
        }
        let meta = serde_json::to_string(&pool.meta).unwrap_or_default();
        pool.hash = Some(hash([pool.name.as_str(), &pool.description, &meta]));
    }
    let index = server.apply(Command::Registry(RegistryCommand::UpsertNodePools(pools))).await?;
    Ok(map([("Index", index.into())]))
}

async fn delete(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let names = Body(&request.body).strings("Names");
    if names.iter().any(|name| !caller.acl.allows_in_node_pool(name, "delete")) {
        return Err(RpcError::permission_denied());
    }
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err(RpcError::coded(400, "node pool name is empty"));
    }
    let region = &server.parts.settings.region;
    let found: Vec<String> =
        server.store.read(|tables| names.iter().flat_map(|name| in_the_way(tables, name, region)).collect());
    if !found.is_empty() {
        return Err(RpcError::new(faults(&found)));
    }
    for name in &names {
        if server.store.read(|tables| !tables.registry.node_pools.contains_key(name)) {
            return Err(RpcError::new(format!("node pool {name} not found")));
        }
        if BUILT_IN.contains(&name.as_str()) {
            return Err(RpcError::new(format!("deleting node pool {name:?} is not allowed")));
        }
    }
    let index = server.apply(Command::Registry(RegistryCommand::DeleteNodePools(names))).await?;
    Ok(map([("Index", index.into())]))
}

/// What of a pool is still there.
fn in_the_way(tables: &Tables, name: &str, region: &str) -> Vec<String> {
    let jobs = tables.jobs.values().any(|job| job.node_pool == name && job.status != "dead");
    let nodes = tables.nodes.values().any(|node| node.node_pool == name);
    let found = [jobs.then_some("non-terminal jobs"), nodes.then_some("nodes")];
    let name = lab_pki::quote(name);
    let texts =
        found.into_iter().flatten().map(|what| format!("node pool {name} has {what} in regions: [{region}]"));
    texts.collect()
}

async fn list(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables, page: &crate::server::page::Page<'_>| {
        let all = tables.registry.node_pools.values();
        let seen = all.filter(|pool| {
            pool.name.starts_with(&options.prefix) && caller.acl.allows_in_node_pool(&pool.name, "read")
        });
        page.take(seen.collect(), |pool| pool.name.clone(), |pool| encode(pool))
    };
    server.listing(&options, Topic::NodePools, "NodePools", look).await
}

async fn get(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let name = readable(server, request)?;
    let look = |tables: &Tables| match tables.registry.node_pools.get(&name) {
        Some(found) => (found.modify_index, [("NodePool", encode(found))]),
        None => (tables.index_of(&Topic::NodePools), [("NodePool", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::NodePools, look).await)
}

/// The pool that a request is about, which the caller may see.
fn readable(server: &Server, request: &Request) -> Result<String, RpcError> {
    let name = Body(&request.body).string("Name").to_owned();
    match server.caller(request)?.acl.allows_in_node_pool(&name, "read") {
        true => Ok(name),
        false => Err(RpcError::permission_denied()),
    }
}

async fn jobs(server: &Server, request: &Request) -> RpcResult {
    let name = readable(server, request)?;
    let caller = server.caller(request)?;
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables, page: &crate::server::page::Page<'_>| {
        let all = tables.jobs.values().map(|job| &**job);
        let seen = all.filter(|job| {
            (name == "all" || job.node_pool == name)
                && options.wants(&job.namespace)
                && caller.acl.allows_in_namespace(&job.namespace, "list-jobs")
        });
        page.take(
            seen.collect(),
            |job| format!("{}.{}", job.namespace, job.id),
            |job| JobStub::of(tables, job, false).value(),
        )
    };
    server.listing(&options, Topic::Jobs, "Jobs", look).await
}

async fn nodes(server: &Server, request: &Request) -> RpcResult {
    let name = readable(server, request)?;
    if !server.caller(request)?.acl.allows_node(crate::acl::Level::Read) {
        return Err(RpcError::permission_denied());
    }
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables, page: &crate::server::page::Page<'_>| {
        let all = tables.nodes.values().map(|node| &**node);
        let seen = all.filter(|node| name == "all" || node.node_pool == name);
        page.take(seen.collect(), |node| node.id.clone(), |node| node::stub(node))
    };
    server.listing(&options, Topic::Nodes, "Nodes", look).await
}
