//! Policies.

use std::collections::BTreeSet;

use rmpv::Value;

use super::{encode, faults, hash, is_plain_name, management, written};
use crate::acl::Policy;
use crate::seam::{RpcError, RpcResult};
use crate::server::access::{Caller, policy_names};
use crate::server::{Request, Server};
use crate::state::{AccessCommand, Command, Tables, Topic};
use crate::structs::{AclPolicy, Body, QueryOptions, map};

pub(super) async fn upsert(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let mut policies: Vec<AclPolicy> = Body(&request.body).object("Policies")?.unwrap_or_default();
    if policies.is_empty() {
        return Err(RpcError::coded(400, "must specify as least one policy"));
    }
    for (index, policy) in policies.iter_mut().enumerate() {
        let found = problems(policy);
        if !found.is_empty() {
            return Err(RpcError::coded(400, &format!("policy {index} invalid: {}", faults(&found))));
        }
        let job = policy.job_acl.clone().unwrap_or_default();
        policy.hash = hash([
            policy.name.as_str(),
            &policy.description,
            &policy.rules,
            &job.namespace,
            &job.job_id,
            &job.group,
            &job.task,
        ]);
    }
    let index = server.apply(Command::Access(AccessCommand::UpsertPolicies(policies))).await?;
    Ok(map([("Index", index.into())]))
}

fn problems(policy: &AclPolicy) -> Vec<String> {
    let mut found = Vec::new();
    if !is_plain_name(&policy.name, "-") {
        found.push(format!("invalid name '{}'", policy.name));
    }
    if let Err(error) = Policy::parse(&policy.rules) {
        found.push(format!("failed to parse rules: {error}"));
    }
    if policy.description.len() > 256 {
        found.push("description longer than 256".to_owned());
    }
    if let Some(job) = &policy.job_acl {
        for (wrong, text) in [
            (!job.job_id.is_empty() && job.namespace.is_empty(), "namespace must be set to set job ID"),
            (!job.group.is_empty() && job.job_id.is_empty(), "job ID must be set to set group"),
            (!job.task.is_empty() && job.group.is_empty(), "group must be set to set task"),
        ] {
            found.extend(wrong.then(|| text.to_owned()));
        }
    }
    found
}

pub(super) async fn delete(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let names = Body(&request.body).strings("Names");
    if names.is_empty() {
        return Err(RpcError::coded(400, "must specify as least one policy"));
    }
    let index = server.apply(Command::Access(AccessCommand::DeletePolicies(names))).await?;
    Ok(map([("Index", index.into())]))
}

/// Who has no management token sees the policies of their own.
pub(super) async fn list(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables, page: &crate::server::page::Page<'_>| {
        let own = own_policies(tables, &caller);
        let all = tables.access.policies.values();
        let seen = all.filter(|policy| {
            policy.name.starts_with(&options.prefix)
                && own.as_ref().is_none_or(|own| own.contains(&policy.name))
        });
        page.take(seen.collect(), |policy| policy.name.clone(), |policy| stub(policy))
    };
    server.listing(&options, Topic::Policies, "Policies", look).await
}

/// The names of a caller's policies; `None`: all of them.
fn own_policies(tables: &Tables, caller: &Caller) -> Option<BTreeSet<String>> {
    if caller.acl.is_management() {
        return None;
    }
    Some(match &caller.token {
        Some(token) => policy_names(tables, token),
        None => BTreeSet::from(["anonymous".to_owned()]),
    })
}

fn stub(policy: &AclPolicy) -> Value {
    map([
        ("Name", policy.name.as_str().into()),
        ("Description", policy.description.as_str().into()),
        ("JobACL", encode(&policy.job_acl)),
        ("Hash", policy.hash.as_str().into()),
        ("CreateIndex", policy.create_index.into()),
        ("ModifyIndex", policy.modify_index.into()),
    ])
}

pub(super) async fn get(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let name = body.string("Name").to_owned();
    let allowed = server.store.read(|tables| {
        own_policies(tables, &caller).is_none_or(|own| own.contains(&name) && name != "anonymous")
    });
    if !allowed {
        return Err(RpcError::permission_denied());
    }
    let look = |tables: &Tables| match tables.access.policies.get(&name) {
        Some(policy) => (policy.modify_index, [("Policy", whole(policy))]),
        None => (tables.index_of(&Topic::Policies), [("Policy", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Policies, look).await)
}

/// A policy with its rules as they were understood.
fn whole(policy: &AclPolicy) -> Value {
    let Value::Map(mut fields) = encode(policy) else { return Value::Nil };
    let rules = Policy::parse(&policy.rules).map(|rules| encode(&rules)).unwrap_or(Value::Nil);
    fields.push(("RulesJSON".into(), rules));
    Value::Map(fields)
}

/// `ACL.GetPolicies`: what client agents ask to judge for themselves.
pub(super) async fn get_many(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let names = body.strings("Names");
    let may_see = server.store.read(|tables| {
        let own = own_policies(tables, &caller);
        caller.acl.is_client() || own.is_none_or(|own| names.iter().all(|name| own.contains(name)))
    });
    if !may_see {
        return Err(RpcError::permission_denied());
    }
    let look = |tables: &Tables| {
        let found = names.iter().filter_map(|name| tables.access.policies.get(name));
        let policies = found.map(|policy| (policy.name.as_str().into(), whole(policy))).collect();
        (tables.index_of(&Topic::Policies), [("Policies", Value::Map(policies))])
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Policies, look).await)
}

/// `ACL.GetClaimPolicies`: the policies of the caller itself.
pub(super) fn of_caller(server: &Server, request: &Request) -> RpcResult {
    if !server.parts.settings.access.enabled {
        // Nobody has a claim then.
        return Err(RpcError::permission_denied());
    }
    let caller = server.caller(request)?;
    if caller.token.is_none() && caller.claims.is_none() && !caller.acl.is_management() {
        return Err(RpcError::permission_denied());
    }
    let (index, policies) = server.store.read(|tables| {
        let own = own_policies(tables, &caller);
        let all = tables.access.policies.values();
        let seen = all.filter(|policy| own.as_ref().is_none_or(|own| own.contains(&policy.name)));
        (tables.index_of(&Topic::Policies), seen.map(stub).collect::<Vec<_>>())
    });
    Ok(written("Policies", policies, index))
}
