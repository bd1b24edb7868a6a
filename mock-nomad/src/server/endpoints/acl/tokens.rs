//! Tokens.

use std::time::Duration;

use lab_world::{format_duration, format_rfc3339_nano, parse_duration};
use rmpv::Value;
use time::OffsetDateTime;

use super::{encode, faults, hash, management, written};
use crate::seam::{RpcError, RpcResult};
use crate::server::access::Caller;
use crate::server::{Request, Server};
use crate::state::{AccessCommand, Command, Tables, Topic};
use crate::structs::{AclToken, Body, GoTime, QueryOptions, RoleLink, map};

/// Go's zero time in JSON.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

pub(super) async fn upsert(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let tokens: Vec<AclToken> = Body(&request.body).object("Tokens")?.unwrap_or_default();
    if tokens.is_empty() {
        return Err(RpcError::coded(400, "must specify as least one token"));
    }
    let mut ready = Vec::new();
    for (index, token) in tokens.into_iter().enumerate() {
        ready.push(prepare(server, index, token)?);
    }
    let ids: Vec<String> = ready.iter().map(|token| token.accessor_id.clone()).collect();
    let index = server.apply(Command::Access(AccessCommand::UpsertTokens(ready))).await?;
    let tokens = server.store.read(|tables| {
        let found = ids.iter().filter_map(|id| tables.access.tokens.get(id));
        found.map(|token| encode(&tables.access.shown(token))).collect()
    });
    Ok(written("Tokens", tokens, index))
}

fn prepare(server: &Server, index: usize, mut token: AclToken) -> Result<AclToken, RpcError> {
    let refuse = |text: String| RpcError::coded(400, &text);
    let known = match token.accessor_id.as_str() {
        "" => None,
        accessor => {
            let found = server.store.read(|tables| tables.access.tokens.get(accessor).cloned());
            Some(found.ok_or_else(|| refuse(format!("cannot find token {accessor}")))?)
        }
    };
    let now = server.parts.host.clock.now();
    let mut found = Vec::new();
    match &known {
        None => {
            token.accessor_id = server.ids.uuid();
            token.secret_id = server.ids.uuid();
            token.create_time = format_rfc3339_nano(now);
        }
        Some(known) => {
            if known.expiration_ttl != shown_ttl(&token.expiration_ttl) {
                found.push("cannot update expiration TTL".to_owned());
            }
            if !known.secret_id.is_empty()
                && !token.secret_id.is_empty()
                && token.secret_id != known.secret_id
            {
                found.push("cannot change secret ID".to_owned());
            }
            token.secret_id.clone_from(&known.secret_id);
            token.create_time.clone_from(&known.create_time);
            token.expiration_time = known.expiration_time;
        }
    }
    found.extend(problems(server, &mut token, known.as_ref(), now));
    if let Some(known) = &known
        && known.global != token.global
    {
        // Nothing else about it matters then.
        found = vec!["cannot toggle global mode".to_owned()];
    }
    if !found.is_empty() {
        return Err(refuse(format!("token {index} invalid: {}", faults(&found))));
    }
    resolve_roles(server, &mut token)?;
    set_hash(&mut token);
    Ok(token)
}

fn shown_ttl(text: &str) -> String {
    parse_duration(text).ok().filter(|ttl| !ttl.is_zero()).map(format_duration).unwrap_or_default()
}

fn problems(
    server: &Server,
    token: &mut AclToken,
    known: Option<&AclToken>,
    now: OffsetDateTime,
) -> Vec<String> {
    let mut found = Vec::new();
    let is_linked =
        token.policies.iter().flatten().next().is_some() || token.roles.iter().flatten().next().is_some();
    if token.name.len() > 256 {
        found.push("token name too long".to_owned());
    }
    match (token.kind.as_str(), is_linked) {
        ("client", false) => found.push("client token missing policies or roles".to_owned()),
        ("management", true) => {
            found.push("management token cannot be associated with policies or roles".to_owned());
        }
        ("client" | "management", _) => {}
        _ => found.push("token type must be client or management".to_owned()),
    }
    if known.is_none() {
        expiration(server, token, now, &mut found);
    }
    found
}

/// When a new token ends, by its life or by the moment itself.
fn expiration(server: &Server, token: &mut AclToken, now: OffsetDateTime, found: &mut Vec<String>) {
    if let Some(ttl) = parse_duration(&token.expiration_ttl).ok().filter(|ttl| !ttl.is_zero()) {
        token.expiration_ttl = format_duration(ttl);
        if token.expiration_time.0.is_some() {
            found.push("token expiration time and TTL cannot both be set".to_owned());
            return;
        }
        token.expiration_time =
            GoTime(now.checked_add(time::Duration::try_from(ttl).unwrap_or(time::Duration::MAX)));
    } else {
        token.expiration_ttl.clear();
    }
    let Some(end) = token.expiration_time.0 else { return };
    let left = end - now;
    let settings = &server.parts.settings.access;
    let shown = match left.is_negative() {
        true => format!("-{}", format_duration(left.unsigned_abs())),
        false => format_duration(left.unsigned_abs()),
    };
    if left.is_negative() {
        found.push("expiration time cannot be before create time".to_owned());
    }
    if left < settings.token_min_ttl {
        let least = format_duration(settings.token_min_ttl);
        found.push(format!("expiration time cannot be less than {least} in the future (was {shown})"));
    } else if left > settings.token_max_ttl {
        let most = format_duration(settings.token_max_ttl);
        found.push(format!("expiration time cannot be more than {most} in the future (was {shown})"));
    }
}

/// Roles may be named by id or by name, and must be there.
fn resolve_roles(server: &Server, token: &mut AclToken) -> Result<(), RpcError> {
    let Some(links) = &mut token.roles else { return Ok(()) };
    let mut found: Vec<RoleLink> = Vec::new();
    for link in links.iter() {
        let role = server.store.read(|tables| match link.id.as_str() {
            "" => tables.access.role_by_name(&link.name).cloned(),
            id => tables.access.roles.get(id).cloned(),
        });
        let named = if link.id.is_empty() { &link.name } else { &link.id };
        let role = role.ok_or_else(|| RpcError::coded(400, &format!("cannot find role {named}")))?;
        if !found.iter().any(|known| known.id == role.id) {
            found.push(RoleLink { id: role.id, name: role.name });
        }
    }
    *links = found;
    token.policies.get_or_insert_default();
    Ok(())
}

/// Sets a token's digest.
pub(super) fn set_hash(token: &mut AclToken) {
    let global = token.global.to_string();
    let policies = token.policies.iter().flatten().map(String::as_str);
    let roles = token.roles.iter().flatten().map(|link| link.id.as_str());
    let parts = [token.name.as_str(), &token.kind, &global].into_iter().chain(policies).chain(roles);
    token.hash = Some(hash(parts));
}

/// The present as tokens say when they were made.
pub(super) fn now_text(server: &Server) -> String {
    format_rfc3339_nano(server.parts.host.clock.now())
}

pub(super) async fn delete(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let accessors = Body(&request.body).strings("AccessorIDs");
    if accessors.is_empty() {
        return Err(RpcError::coded(400, "must specify as least one token"));
    }
    let refuse = |text: String| Err(RpcError::coded(400, &text));
    if accessors.iter().any(|accessor| accessor.len() != 36) {
        return refuse(
            "token lookup failed: acl token lookup failed: index error: UUID must be 36 characters"
                .to_owned(),
        );
    }
    let missing: Vec<&str> = server.store.read(|tables| {
        let unknown = accessors.iter().filter(|accessor| !tables.access.tokens.contains_key(*accessor));
        unknown.map(String::as_str).collect()
    });
    if !missing.is_empty() {
        return refuse(format!("Cannot delete nonexistent tokens: {}", missing.join(", ")));
    }
    let index = server.apply(Command::Access(AccessCommand::DeleteTokens(accessors))).await?;
    Ok(map([("Index", index.into())]))
}

pub(super) async fn list(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let body = Body(&request.body);
    let options = QueryOptions::of(body);
    let global_only = body.boolean("GlobalOnly");
    let look = |tables: &Tables, page: &crate::server::page::Page<'_>| {
        let all = tables.access.tokens.values();
        let wanted = all
            .filter(|token| token.accessor_id.starts_with(&options.prefix) && (token.global || !global_only));
        let mut tokens: Vec<AclToken> = wanted.map(|token| tables.access.shown(token)).collect();
        tokens.sort_by_key(|token| token.create_index);
        page.take(tokens, |token| format!("{:020}.{}", token.create_index, token.accessor_id), stub)
    };
    server.listing(&options, Topic::Tokens, "Tokens", look).await
}

fn stub(token: &AclToken) -> Value {
    let Value::Map(mut fields) = encode(token) else { return Value::Nil };
    fields.retain(|(name, _)| !matches!(name.as_str(), Some("SecretID" | "ExpirationTTL")));
    Value::Map(fields)
}

pub(super) async fn get(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let accessor = body.string("AccessorID").to_owned();
    // A name that nothing can have is told to everybody.
    if accessor.len() != 36 {
        return Err(RpcError::new("acl token lookup failed: index error: UUID must be 36 characters"));
    }
    let is_own = caller.token.as_ref().is_some_and(|token| token.accessor_id == accessor);
    if !caller.acl.is_management() && !is_own {
        return Err(RpcError::permission_denied());
    }
    let look = |tables: &Tables| match tables.access.tokens.get(&accessor) {
        Some(token) => (token.modify_index, [("Token", encode(&tables.access.shown(token)))]),
        None => (tables.index_of(&Topic::Tokens), [("Token", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::Tokens, look).await)
}

/// `ACL.ResolveToken`: the token of a secret, for agents that judge for themselves.
pub(super) fn resolve(server: &Server, request: &Request) -> RpcResult {
    let secret = Body(&request.body).string("SecretID");
    let (index, token) = server.store.read(|tables| {
        let token = tables.access.token_by_secret(secret).map(|token| encode(&tables.access.shown(token)));
        (tables.index_of(&Topic::Tokens), token)
    });
    Ok(server.meta(index).reply([("Token", token.unwrap_or(Value::Nil))]))
}

/// `ACL.WhoAmI`: who the caller is. What is wrong with the token is said.
pub(super) fn who_am_i(server: &Server, request: &Request) -> RpcResult {
    let caller = server.authenticated(request)?;
    let index = server.store.read(|tables| tables.index_of(&Topic::Tokens));
    let claims = caller.claims.as_ref().map_or(Value::Nil, encode);
    let identity = map([
        ("ACLToken", shown(server, &caller).map_or(Value::Nil, |token| encode(&token))),
        ("Claims", claims),
        ("ClientID", caller.node.as_deref().unwrap_or_default().into()),
    ]);
    Ok(server.meta(index).reply([("Identity", identity)]))
}

/// The token that stands for a caller.
fn shown(server: &Server, caller: &Caller) -> Option<AclToken> {
    let made_up = |accessor: &str, name: &str, policies: Option<Vec<String>>| AclToken {
        accessor_id: accessor.to_owned(),
        name: name.to_owned(),
        kind: "client".to_owned(),
        policies,
        create_time: ZERO_TIME.to_owned(),
        ..AclToken::default()
    };
    if !server.parts.settings.access.enabled {
        return Some(made_up("acls-disabled", "ACLs disabled token", None));
    }
    if caller.claims.is_some() || caller.node.is_some() {
        return None;
    }
    let anonymous = || made_up("anonymous", "Anonymous Token", Some(vec!["anonymous".to_owned()]));
    Some(caller.token.clone().unwrap_or_else(anonymous))
}

/// How long a token made by a login lives.
pub(super) fn login_token(server: &Server, name: String, local: bool, ttl: Duration) -> AclToken {
    let now = server.parts.host.clock.now();
    AclToken {
        accessor_id: server.ids.uuid(),
        secret_id: server.ids.uuid(),
        name,
        kind: "client".to_owned(),
        global: !local,
        create_time: format_rfc3339_nano(now),
        expiration_ttl: format_duration(ttl),
        expiration_time: GoTime(
            now.checked_add(time::Duration::try_from(ttl).unwrap_or(time::Duration::MAX)),
        ),
        ..AclToken::default()
    }
}
