//! What the rules give to who has logged in.

use std::collections::BTreeMap;

use lab_wire::jwt::Claims;
use lab_world::parse_duration;
use rmpv::Value;
use serde_json::{Value as Json, json};

use super::encode;
use super::tokens::{login_token, set_hash};
use crate::filter::Filter;
use crate::seam::{RpcError, RpcResult};
use crate::server::Server;
use crate::state::{AccessCommand, Command};
use crate::structs::{AclToken, AuthConfig, AuthMethod, BindingRule, RoleLink, map};

/// Makes the token for who has proved these claims, and answers with it.
pub(super) async fn log_in(server: &Server, method: &AuthMethod, claims: &Claims) -> RpcResult {
    let token = bound(server, method, claims)?;
    let accessor = token.accessor_id.clone();
    let index = server.apply(Command::Access(AccessCommand::UpsertTokens(vec![token]))).await?;
    let made = server.store.read(|tables| {
        let token = tables.access.tokens.get(&accessor)?;
        Some(encode(&tables.access.shown(token)))
    });
    Ok(map([("ACLToken", made.unwrap_or(Value::Nil)), ("Index", index.into())]))
}

fn bound(server: &Server, method: &AuthMethod, claims: &Claims) -> Result<AclToken, RpcError> {
    let config = method.config.clone().unwrap_or_default();
    let value = mapped(&config, claims)?;
    let rules: Vec<BindingRule> = server.store.read(|tables| {
        let rules = tables.access.binding_rules.values().filter(|rule| rule.auth_method == method.name);
        rules.cloned().collect()
    });
    let (mut policies, mut roles, mut management) = (Vec::new(), Vec::new(), false);
    for rule in rules.iter().filter(|rule| applies(rule, &value)) {
        let Ok(bind) = fill(&rule.bind_name, &value) else { continue };
        match rule.bind_type.as_str() {
            "management" => management = true,
            "policy" if server.store.read(|tables| tables.access.policies.contains_key(&bind)) => {
                policies.push(bind)
            }
            "role" => {
                let role = server.store.read(|tables| tables.access.role_by_name(&bind).cloned());
                roles.extend(role.map(|role| RoleLink { id: role.id, name: role.name }));
            }
            _ => {}
        }
    }
    if !management && policies.is_empty() && roles.is_empty() {
        return Err(RpcError::coded(400, "no role or policy bindings matched"));
    }
    let name = method
        .token_name_format
        .replace("${auth_method_type}", &method.kind)
        .replace("${auth_method_name}", &method.name);
    let name = fill(&name, &value)
        .map_err(|error| RpcError::new(format!("failed to generate ACL token name: {error}")))?;
    let ttl = parse_duration(&method.max_token_ttl).unwrap_or_default();
    let mut token = login_token(server, name, method.token_locality == "local", ttl);
    if management {
        token.kind = "management".to_owned();
    } else {
        token.policies = Some(policies).filter(|policies| !policies.is_empty());
        token.roles = Some(roles).filter(|roles| !roles.is_empty());
    }
    set_hash(&mut token);
    Ok(token)
}

/// The claims under the names that the method gives them: `{"value": {...}, "list": {...}}`.
fn mapped(config: &AuthConfig, claims: &Claims) -> Result<Json, RpcError> {
    let find = |path: &str| match path.starts_with('/') {
        true => json!(claims).pointer(path).cloned(),
        false => claims.get(path).cloned(),
    };
    let values: BTreeMap<&String, String> = config
        .claim_mappings
        .iter()
        .flatten()
        .filter_map(|(claim, name)| Some((name, text(&find(claim).filter(|value| !value.is_null())?))))
        .collect();
    let mut lists = BTreeMap::new();
    for (claim, name) in config.list_claim_mappings.iter().flatten() {
        let items = match find(claim) {
            None => continue,
            Some(Json::Array(items)) => items.iter().map(text).collect(),
            Some(Json::Object(_) | Json::Null) => {
                return Err(RpcError::new(format!(
                    "{claim:?} list claim could not be converted to string list"
                )));
            }
            Some(single) => vec![text(&single)],
        };
        lists.insert(name, items);
    }
    Ok(json!({"value": values, "list": lists}))
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn applies(rule: &BindingRule, value: &Json) -> bool {
    rule.selector.is_empty()
        || Filter::parse(&rule.selector).is_ok_and(|selector| selector.matches(value).unwrap_or(false))
}

/// Fills in `${value.user}`.
///
/// Errors: the first value that there is none of, and where it is asked for.
fn fill(name: &str, value: &Json) -> Result<String, String> {
    let values = value["value"].as_object().into_iter().flatten();
    let filled = values.fold(name.to_owned(), |filled, (key, value)| {
        filled.replace(&format!("${{value.{key}}}"), value.as_str().unwrap_or_default())
    });
    match filled.split_once("${").and_then(|(_, rest)| rest.split_once('}')) {
        None => Ok(filled),
        Some((unknown, _)) => {
            let column = name.find(&format!("${{{unknown}}}")).unwrap_or_default() + "${".len() + 1;
            Err(format!("1:{column}: unknown variable accessed: {unknown}"))
        }
    }
}
