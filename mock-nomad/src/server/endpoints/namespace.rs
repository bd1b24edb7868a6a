//! `Namespace`

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::acl::{faults, hash, is_plain_name};
use super::{Request, Server, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::state::{Command, RegistryCommand, Tables, Topic};
use crate::structs::{Body, Namespace, QueryOptions, map};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    let access =
        if matches!(name, "UpsertNamespaces" | "DeleteNamespaces") { Access::Write } else { Access::Read };
    if let Route::Elsewhere(answer) = server.forward(request, access).await {
        return answer;
    }
    match name {
        "UpsertNamespaces" => upsert(server, request).await,
        "DeleteNamespaces" => delete(server, request).await,
        "ListNamespaces" => list(server, request).await,
        "GetNamespace" => get(server, request).await,
        _ => Err(unknown(&request.method)),
    }
}

fn encode(namespace: &Namespace) -> Value {
    to_value(namespace).unwrap_or(Value::Nil)
}

async fn upsert(server: &Server, request: &Request) -> RpcResult {
    let mut namespaces: Vec<Namespace> = Body(&request.body).object("Namespaces")?.unwrap_or_default();
    if namespaces.is_empty() {
        return Err(RpcError::new("must specify at least one namespace"));
    }
    for namespace in &mut namespaces {
        let mut found = Vec::new();
        if !is_plain_name(&namespace.name, "-") {
            let name = lab_pki::quote(&namespace.name);
            found.push(format!("invalid name {name}. Must match regex ^[a-zA-Z0-9-]{{1,128}}$"));
        }
        if namespace.description.len() > 256 {
            found.push("description longer than 256".to_owned());
        }
        if !namespace.node_pool_configuration.is_null() {
            found.push("invalid node pool configuration: Node Pools Governance is unlicensed.".to_owned());
        }
        for (limits, what, name) in [
            (&namespace.vault_configuration, "vault", "Vault"),
            (&namespace.consul_configuration, "consul", "Consul"),
        ] {
            if !limits.is_null() {
                found.push(format!("invalid {what} configuration: Multi-Cluster {name} is unlicensed."));
            }
        }
        if !found.is_empty() {
            let name = lab_pki::quote(&namespace.name);
            return Err(RpcError::new(format!("Invalid namespace {name}: {}", faults(&found))));
        }
        if !namespace.quota.is_empty() {
            let (name, quota) = (lab_pki::quote(&namespace.name), lab_pki::quote(&namespace.quota));
            return Err(RpcError::new(format!("namespace {name} using non-existent quota {quota}")));
        }
        let rest = serde_json::to_string(&(&namespace.capabilities, &namespace.meta)).unwrap_or_default();
        namespace.hash = hash([namespace.name.as_str(), &namespace.description, &rest]);
    }
    let index = server.apply(Command::Registry(RegistryCommand::UpsertNamespaces(namespaces))).await?;
    Ok(map([("Index", index.into())]))
}

async fn delete(server: &Server, request: &Request) -> RpcResult {
    let names = Body(&request.body).strings("Namespaces");
    if names.is_empty() {
        return Err(RpcError::new("must specify at least one namespace to delete"));
    }
    if names.iter().any(|name| name == "default") {
        return Err(RpcError::new("can not delete default namespace"));
    }
    let region = &server.parts.settings.region;
    let found: Vec<String> =
        server.store.read(|tables| names.iter().flat_map(|name| in_the_way(tables, name, region)).collect());
    if !found.is_empty() {
        return Err(RpcError::new(faults(&found)));
    }
    if names.iter().any(|name| server.store.read(|tables| !tables.registry.namespaces.contains_key(name))) {
        return Err(RpcError::new("namespace not found"));
    }
    let index = server.apply(Command::Registry(RegistryCommand::DeleteNamespaces(names))).await?;
    Ok(map([("Index", index.into())]))
}

/// What of a namespace is still there.
fn in_the_way(tables: &Tables, name: &str, region: &str) -> Vec<String> {
    let quoted = lab_pki::quote(name);
    let found = [
        (
            tables.jobs.values().any(|job| job.namespace == name && job.status != "dead"),
            "non-terminal jobs in regions",
        ),
        (
            tables.allocations.values().any(|found| found.namespace == name && !found.is_terminal()),
            "non-terminal allocations in regions",
        ),
        (
            tables.variables.table.keys().any(|(namespace, _)| namespace == name),
            "variables associated with it in regions",
        ),
    ];
    let found = found.into_iter().filter(|(is_there, _)| *is_there);
    found.map(|(_, what)| format!("namespace {quoted} has {what}: [{region}]")).collect()
}

async fn list(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables| {
        let all = tables.registry.namespaces.values();
        let seen = all.filter(|namespace| {
            namespace.name.starts_with(&options.prefix) && caller.acl.sees_namespace(&namespace.name)
        });
        (tables.index_of(&Topic::Namespaces), [("Namespaces", Value::Array(seen.map(encode).collect()))])
    };
    Ok(server.blocking(&options, Topic::Namespaces, look).await)
}

async fn get(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let name = body.string("Name").to_owned();
    if !caller.acl.sees_namespace(&name) {
        return Err(RpcError::permission_denied());
    }
    let look = |tables: &Tables| match tables.registry.namespaces.get(&name) {
        Some(found) => (found.modify_index, [("Namespace", encode(found))]),
        None => (tables.index_of(&Topic::Namespaces), [("Namespace", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Namespaces, look).await)
}
