//! Roles.

use rmpv::Value;

use super::{encode, faults, hash, is_plain_name, management, written};
use crate::seam::{RpcError, RpcResult};
use crate::server::access::Caller;
use crate::server::{Request, Server};
use crate::state::{AccessCommand, Command, Tables, Topic};
use crate::structs::{AclRole, Body, PolicyLink, QueryOptions, map};

pub(super) async fn upsert(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let mut roles: Vec<AclRole> = Body(&request.body).object("ACLRoles")?.unwrap_or_default();
    if roles.is_empty() {
        return Err(RpcError::coded(400, "must specify as least one role"));
    }
    for (index, role) in roles.iter_mut().enumerate() {
        prepare(server, index, role)?;
    }
    let ids: Vec<String> = roles.iter().map(|role| role.id.clone()).collect();
    let index = server.apply(Command::Access(AccessCommand::UpsertRoles(roles))).await?;
    let roles = server
        .store
        .read(|tables| ids.iter().filter_map(|id| tables.access.roles.get(id)).map(encode).collect());
    Ok(written("ACLRoles", roles, index))
}

fn prepare(server: &Server, index: usize, role: &mut AclRole) -> Result<(), RpcError> {
    let refuse = |text: String| Err(RpcError::coded(400, &text));
    let mut found = Vec::new();
    if !is_plain_name(&role.name, "-") {
        found.push(format!("invalid name '{}'", role.name));
    }
    if role.description.len() > 256 {
        found.push("description longer than 256".to_owned());
    }
    if role.policies.is_empty() {
        found.push("at least one policy should be specified".to_owned());
    }
    if !found.is_empty() {
        return refuse(format!("role {index} invalid: {}", faults(&found)));
    }
    let mut policies: Vec<PolicyLink> = Vec::new();
    for link in std::mem::take(&mut role.policies) {
        if !server.store.read(|tables| tables.access.policies.contains_key(&link.name)) {
            return refuse(format!("cannot find policy {}", link.name));
        }
        if !policies.contains(&link) {
            policies.push(link);
        }
    }
    role.policies = policies;
    let (known, same_name) = server.store.read(|tables| {
        (
            tables.access.roles.contains_key(&role.id),
            tables.access.role_by_name(&role.name).map(|role| role.id.clone()),
        )
    });
    if !role.id.is_empty() && !known {
        return refuse(format!("cannot find role {}", role.id));
    }
    if same_name.is_some_and(|other| other != role.id) {
        return refuse(format!("role with name {} already exists", role.name));
    }
    if role.id.is_empty() {
        role.id = server.ids.uuid();
    }
    let policies = role.policies.iter().map(|link| link.name.as_str());
    role.hash = hash([role.name.as_str(), &role.description].into_iter().chain(policies));
    Ok(())
}

pub(super) async fn delete(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let ids = Body(&request.body).strings("ACLRoleIDs");
    if ids.iter().any(|id| server.store.read(|tables| !tables.access.roles.contains_key(id))) {
        return Err(RpcError::new("ACL role not found"));
    }
    let index = server.apply(Command::Access(AccessCommand::DeleteRoles(ids))).await?;
    Ok(map([("Index", index.into())]))
}

/// Who has no management token sees the roles of their own.
fn sees(caller: &Caller, role: &str) -> bool {
    let links = caller.token.iter().flat_map(|token| token.roles.iter().flatten());
    caller.acl.is_management() || caller.acl.is_client() || links.into_iter().any(|link| link.id == role)
}

pub(super) async fn list(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables, page: &crate::server::page::Page<'_>| {
        let seen = tables.access.roles.values();
        let seen = seen.filter(|role| sees(&caller, &role.id) && role.id.starts_with(&options.prefix));
        page.take(seen.collect(), |role| role.id.clone(), encode)
    };
    server.listing(&options, Topic::Roles, "ACLRoles", look).await
}

pub(super) async fn get(server: &Server, request: &Request, by: &str) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let wanted = body.string(by).to_owned();
    let by_name = by == "RoleName";
    let find = |tables: &Tables| match by_name {
        true => tables.access.role_by_name(&wanted).cloned(),
        false => tables.access.roles.get(&wanted).cloned(),
    };
    let found = server.store.read(find);
    if !caller.acl.is_management() && !found.is_some_and(|role| sees(&caller, &role.id)) {
        return Err(RpcError::permission_denied());
    }
    let look = |tables: &Tables| match find(tables) {
        Some(role) => (role.modify_index, [("ACLRole", encode(&role))]),
        None => (tables.index_of(&Topic::Roles), [("ACLRole", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Roles, look).await)
}

/// `ACL.GetRolesByID`: for agents that judge for themselves.
pub(super) fn get_many(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let ids = Body(&request.body).strings("ACLRoleIDs");
    if ids.iter().any(|id| !sees(&caller, id)) {
        return Err(RpcError::permission_denied());
    }
    let (index, roles) = server.store.read(|tables| {
        let found = ids.iter().filter_map(|id| tables.access.roles.get(id));
        let roles = found.map(|role| (role.id.as_str().into(), encode(role))).collect();
        (tables.index_of(&Topic::Roles), Value::Map(roles))
    });
    Ok(server.meta(index).reply([("ACLRoles", roles)]))
}
