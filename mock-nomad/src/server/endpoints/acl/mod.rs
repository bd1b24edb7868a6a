//! `ACL`: policies, tokens, roles and ways to log in.

mod auth_methods;
mod binding_rules;
mod bindings;
mod bootstrap;
mod hash;
mod introduction;
mod login;
mod oidc;
mod one_time;
mod policies;
mod roles;
mod tokens;

pub(super) use self::hash::hash;
pub(in crate::server) use self::oidc::LoginRequests;

use rmpv::Value;
use serde::Serialize;

use super::{Request, Server, unknown};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::structs::map;

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    let writes = ["Upsert", "Delete", "Bootstrap", "Exchange", "Expire", "Login", "OIDC", "Create"];
    let access = if writes.iter().any(|verb| name.starts_with(verb)) { Access::Write } else { Access::Read };
    let without = ["GetClaimPolicies", "WhoAmI", "CreateClientIntroductionToken"];
    if !server.parts.settings.access.enabled && !without.contains(&name) {
        return Err(RpcError::coded(400, "ACL support disabled"));
    }
    if let Route::Elsewhere(answer) = server.forward(request, access).await {
        return answer;
    }
    match name {
        "Bootstrap" => bootstrap::bootstrap(server, request).await,
        "UpsertPolicies" => policies::upsert(server, request).await,
        "DeletePolicies" => policies::delete(server, request).await,
        "ListPolicies" => policies::list(server, request).await,
        "GetPolicy" => policies::get(server, request).await,
        "GetPolicies" => policies::get_many(server, request).await,
        "GetClaimPolicies" => policies::of_caller(server, request),
        "UpsertTokens" => tokens::upsert(server, request).await,
        "DeleteTokens" => tokens::delete(server, request).await,
        "ListTokens" => tokens::list(server, request).await,
        "GetToken" => tokens::get(server, request).await,
        "ResolveToken" => tokens::resolve(server, request),
        "WhoAmI" => tokens::who_am_i(server, request),
        "UpsertOneTimeToken" => one_time::upsert(server, request).await,
        "ExchangeOneTimeToken" => one_time::exchange(server, request).await,
        "ExpireOneTimeTokens" => one_time::expire(server, request).await,
        "UpsertRoles" => roles::upsert(server, request).await,
        "DeleteRolesByID" => roles::delete(server, request).await,
        "ListRoles" => roles::list(server, request).await,
        "GetRoleByID" => roles::get(server, request, "RoleID").await,
        "GetRoleByName" => roles::get(server, request, "RoleName").await,
        "GetRolesByID" => roles::get_many(server, request),
        "UpsertAuthMethods" => auth_methods::upsert(server, request).await,
        "DeleteAuthMethods" => auth_methods::delete(server, request).await,
        "ListAuthMethods" => auth_methods::list(server, request).await,
        "GetAuthMethod" => auth_methods::get(server, request).await,
        "UpsertBindingRules" => binding_rules::upsert(server, request).await,
        "DeleteBindingRules" => binding_rules::delete(server, request).await,
        "ListBindingRules" => binding_rules::list(server, request).await,
        "GetBindingRule" => binding_rules::get(server, request).await,
        "Login" => login::login(server, request).await,
        "OIDCAuthURL" => oidc::auth_url(server, request).await,
        "OIDCCompleteAuth" => oidc::complete(server, request).await,
        "CreateClientIntroductionToken" => introduction::create(server, request),
        _ => Err(unknown(&request.method)),
    }
}

/// Refuses who has no management token.
fn management(server: &Server, request: &Request) -> Result<(), RpcError> {
    if server.caller(request)?.acl.is_management() { Ok(()) } else { Err(RpcError::permission_denied()) }
}

/// The answer of a write: what it wrote, as it is now, and the index.
fn written(field: &str, objects: Vec<Value>, index: u64) -> Value {
    map([(field, Value::Array(objects)), ("Index", index.into())])
}

fn encode(object: &impl Serialize) -> Value {
    lab_wire::rpc::to_value(object).unwrap_or(Value::Nil)
}

/// Faults as Go's `multierror` lists them.
pub(super) fn faults(faults: &[String]) -> String {
    let count = if faults.len() == 1 { "1 error".to_owned() } else { format!("{} errors", faults.len()) };
    let list: String = faults.iter().map(|fault| format!("\n\t* {fault}")).collect();
    format!("{count} occurred:{list}\n\n")
}

/// Whether a name has one to 128 of the usual characters.
pub(super) fn is_plain_name(name: &str, marks: &str) -> bool {
    (1..=128).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}
