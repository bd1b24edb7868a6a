//! `ServiceRegistration`: the services that allocations offer.

use std::collections::{BTreeMap, BTreeSet};

use lab_wire::rpc::to_value;
use ring::digest::{SHA256, digest};
use rmpv::Value;

use super::{Request, Server, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::page::Page;
use crate::state::{Command, RegistryCommand, Tables, Topic};
use crate::structs::{Body, QueryOptions, ServiceRegistration, map};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    if name == "Upsert" {
        // The verdict on the caller comes before forwarding.
        server.client_only(request)?;
    }
    let access = if matches!(name, "Upsert" | "DeleteByID") { Access::Write } else { Access::Read };
    if let Route::Elsewhere(answer) = server.forward(request, access).await {
        return answer;
    }
    match name {
        "Upsert" => upsert(server, request).await,
        "DeleteByID" => delete(server, request).await,
        "List" => list(server, request).await,
        "GetService" => get(server, request).await,
        _ => Err(unknown(&request.method)),
    }
}

pub(super) fn encode(service: &ServiceRegistration) -> Value {
    to_value(service).unwrap_or(Value::Nil)
}

async fn upsert(server: &Server, request: &Request) -> RpcResult {
    let services: Vec<ServiceRegistration> = Body(&request.body).object("Services")?.unwrap_or_default();
    let index = server.apply(Command::Registry(RegistryCommand::UpsertServices(services))).await?;
    Ok(map([("Index", index.into())]))
}

/// By a node, or by somebody who may submit jobs.
async fn delete(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let id = body.string("ID").to_owned();
    let caller = server.caller(request)?;
    let namespace = QueryOptions::of(body).namespace;
    let wanted = ["submit-job", "delete-service-registration"];
    if !caller.acl.is_client() && !wanted.iter().any(|name| caller.acl.allows_in_namespace(&namespace, name))
    {
        return Err(RpcError::permission_denied());
    }
    let known = server.store.read(|tables| tables.registry.services.get(&id).cloned());
    if known.is_none_or(|known| !caller.acl.is_client() && known.namespace != namespace) {
        return Err(RpcError::new("service registration not found"));
    }
    let index = server.apply(Command::Registry(RegistryCommand::DeleteServices(vec![id]))).await?;
    Ok(map([("Index", index.into())]))
}

/// By namespace, then by name, with the tags of all instances.
async fn list(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let options = QueryOptions::of(Body(&request.body));
    if options.namespace != "*" && !caller.acl.sees_services(&options.namespace) {
        return Err(RpcError::permission_denied());
    }
    let look = |tables: &Tables| {
        let mut found: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        for service in tables.registry.services.values() {
            if options.wants(&service.namespace) && caller.acl.sees_services(&service.namespace) {
                let tags =
                    found.entry(&service.namespace).or_default().entry(&service.service_name).or_default();
                tags.extend(service.tags.iter().map(String::as_str));
            }
        }
        (
            tables.index_of(&Topic::Services),
            [("Services", Value::Array(found.into_iter().map(stub).collect()))],
        )
    };
    Ok(server.blocking(&options, Topic::Services, look).await)
}

fn stub((namespace, services): (&str, BTreeMap<&str, BTreeSet<&str>>)) -> Value {
    let services = services.into_iter().map(|(name, tags)| {
        let tags = tags.into_iter().map(Value::from).collect();
        map([("ServiceName", name.into()), ("Tags", Value::Array(tags))])
    });
    map([("Namespace", namespace.into()), ("Services", Value::Array(services.collect()))])
}

async fn get(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let options = QueryOptions::of(body);
    if !caller.acl.sees_services(&options.namespace) {
        return Err(RpcError::permission_denied());
    }
    let (name, choose) = (body.string("ServiceName").to_owned(), body.string("Choose").to_owned());
    let chosen = match choose.as_str() {
        "" => None,
        text => Some(parse_choose(text).ok_or_else(|| {
            RpcError::coded(
                400,
                "failed to choose services: Parameter for choose must be in form '<number>|<key>'",
            )
        })?),
    };
    let look = |tables: &Tables, page: &Page<'_>| {
        let all = tables.registry.services.values();
        let found = all.filter(|service| service.service_name == name && options.wants(&service.namespace));
        let mut found: Vec<&ServiceRegistration> = found.collect();
        if let Some((count, key)) = &chosen {
            found.sort_by_cached_key(|service| weight(&service.id, key));
            found.truncate(*count);
        }
        page.take(found, |service| service.id.clone(), |service| encode(service))
    };
    server.listing(&options, Topic::Services, "Services", look).await
}

/// Those of a job; nil where there is no such job.
pub(super) async fn of_job(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let (options, id) = (QueryOptions::of(body), body.string("JobID").to_owned());
    let look = |tables: &Tables| {
        let found = tables.registry.services.values();
        let found =
            found.filter(|found| found.job_id == id && found.namespace == options.namespace).map(encode);
        let known = tables.job(&options.namespace, &id).is_some();
        let services = if known { Value::Array(found.collect()) } else { Value::Nil };
        (tables.index_of(&Topic::Services), [("Services", services)])
    };
    Ok(server.blocking(&options, Topic::Services, look).await)
}

/// Those of an allocation; nil where there is no such allocation.
pub(super) async fn of_allocation(server: &Server, request: &Request) -> RpcResult {
    if let Route::Elsewhere(answer) = server.forward(request, Access::Read).await {
        return answer;
    }
    let body = Body(&request.body);
    let (options, id) = (QueryOptions::of(body), body.string("AllocID").to_owned());
    if id.len() != 36 {
        return Err(RpcError::new("alloc lookup failed: index error: UUID must be 36 characters"));
    }
    let caller = server.caller(request)?;
    let look = |tables: &Tables| {
        let found = tables.registry.services.values().filter(|found| found.alloc_id == id).map(encode);
        let known = tables.allocations.get(&id);
        let is_seen = known.is_some_and(|found| caller.acl.allows_in_namespace(&found.namespace, "read-job"));
        let services = if is_seen { Value::Array(found.collect()) } else { Value::Nil };
        (tables.index_of(&Topic::Services), [("Services", services)])
    };
    Ok(server.blocking(&options, Topic::Services, look).await)
}

/// `2|key`: that many instances, the same ones for the same key.
fn parse_choose(text: &str) -> Option<(usize, String)> {
    let (count, key) = text.split_once('|')?;
    Some((count.parse().ok()?, key.to_owned()))
}

fn weight(id: &str, key: &str) -> Vec<u8> {
    digest(&SHA256, format!("{key}{id}").as_bytes()).as_ref().to_vec()
}
