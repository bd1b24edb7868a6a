//! What those who log in are given.

use rmpv::Value;

use super::{encode, faults, hash, management, written};
use crate::filter::Filter;
use crate::seam::{RpcError, RpcResult};
use crate::server::{Request, Server};
use crate::state::{AccessCommand, Command, Tables, Topic};
use crate::structs::{BindingRule, Body, GoTime, QueryOptions, map};

pub(super) async fn upsert(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let mut rules: Vec<BindingRule> = Body(&request.body).object("ACLBindingRules")?.unwrap_or_default();
    if rules.is_empty() {
        return Err(RpcError::coded(400, "must specify as least one binding rule"));
    }
    for (index, rule) in rules.iter_mut().enumerate() {
        prepare(server, index, rule)?;
    }
    let ids: Vec<String> = rules.iter().map(|rule| rule.id.clone()).collect();
    let index = server.apply(Command::Access(AccessCommand::UpsertBindingRules(rules))).await?;
    let rules = server
        .store
        .read(|tables| ids.iter().filter_map(|id| tables.access.binding_rules.get(id)).map(encode).collect());
    Ok(written("ACLBindingRules", rules, index))
}

fn prepare(server: &Server, index: usize, rule: &mut BindingRule) -> Result<(), RpcError> {
    let now = GoTime::from(server.parts.host.clock.now());
    rule.create_time = now;
    if !rule.id.is_empty() {
        let known = server.store.read(|tables| tables.access.binding_rules.get(&rule.id).cloned());
        let known =
            known.ok_or_else(|| RpcError::coded(400, &format!("cannot find binding rule {}", rule.id)))?;
        rule.create_time = known.create_time;
        if !rule.auth_method.is_empty() && rule.auth_method != known.auth_method {
            let text = "cannot update auth method for binding rule, create a new rule instead";
            return Err(RpcError::coded(400, text));
        }
        for (field, before) in [
            (&mut rule.auth_method, known.auth_method),
            (&mut rule.bind_type, known.bind_type),
            (&mut rule.bind_name, known.bind_name),
        ] {
            if field.is_empty() {
                *field = before;
            }
        }
    }
    rule.modify_time = now;
    let found = problems(rule);
    if !found.is_empty() {
        return Err(RpcError::coded(400, &format!("binding rule {index} invalid: {}", faults(&found))));
    }
    if !server.store.read(|tables| tables.access.auth_methods.contains_key(&rule.auth_method)) {
        return Err(RpcError::coded(400, &format!("ACL auth method {} not found", rule.auth_method)));
    }
    if rule.id.is_empty() {
        rule.id = server.ids.uuid();
    }
    rule.hash = hash([
        rule.id.as_str(),
        &rule.description,
        &rule.auth_method,
        &rule.selector,
        &rule.bind_type,
        &rule.bind_name,
    ]);
    Ok(())
}

fn problems(rule: &BindingRule) -> Vec<String> {
    let mut found = Vec::new();
    if rule.auth_method.is_empty() {
        found.push("auth method is missing".to_owned());
    }
    if rule.description.len() > 256 {
        found.push("description longer than 256".to_owned());
    }
    match (rule.bind_type.as_str(), rule.bind_name.is_empty()) {
        ("role" | "policy", true) => found.push("bind name is missing".to_owned()),
        ("management", false) => found.push("bind name should be empty".to_owned()),
        ("role" | "policy" | "management", _) => {}
        ("", _) => found.push("bind type is missing".to_owned()),
        (other, _) => found.push(format!("unsupported bind type: {other:?}")),
    }
    if !rule.selector.is_empty()
        && let Err(error) = Filter::parse(&rule.selector)
    {
        found.push(format!("selector is invalid: {error}"));
    }
    found
}

pub(super) async fn delete(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let ids = Body(&request.body).strings("ACLBindingRuleIDs");
    if ids.iter().any(|id| server.store.read(|tables| !tables.access.binding_rules.contains_key(id))) {
        return Err(RpcError::new("ACL binding rule not found"));
    }
    let index = server.apply(Command::Access(AccessCommand::DeleteBindingRules(ids))).await?;
    Ok(map([("Index", index.into())]))
}

pub(super) async fn list(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables, page: &crate::server::page::Page<'_>| {
        let all = tables.access.binding_rules.values().collect();
        page.take(all, |rule| rule.id.clone(), |rule| stub(rule))
    };
    server.listing(&options, Topic::BindingRules, "ACLBindingRules", look).await
}

fn stub(rule: &BindingRule) -> Value {
    map([
        ("ID", rule.id.as_str().into()),
        ("Description", rule.description.as_str().into()),
        ("AuthMethod", rule.auth_method.as_str().into()),
        ("Hash", rule.hash.as_str().into()),
        ("CreateIndex", rule.create_index.into()),
        ("ModifyIndex", rule.modify_index.into()),
    ])
}

pub(super) async fn get(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let body = Body(&request.body);
    let id = body.string("ACLBindingRuleID").to_owned();
    let look = |tables: &Tables| match tables.access.binding_rules.get(&id) {
        Some(rule) => (rule.modify_index, [("ACLBindingRule", encode(rule))]),
        None => (tables.index_of(&Topic::BindingRules), [("ACLBindingRule", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::BindingRules, look).await)
}
