//! Ways to log in.

use lab_world::{format_duration, parse_duration};
use rmpv::Value;
use serde_json::json;

use super::{encode, faults, hash, is_plain_name, management, written};
use crate::seam::{RpcError, RpcResult};
use crate::server::{Request, Server};
use crate::state::{AccessCommand, Command, Tables, Topic};
use crate::structs::{AuthConfig, AuthMethod, Body, GoTime, QueryOptions, map};

pub(super) async fn upsert(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let mut methods: Vec<AuthMethod> = Body(&request.body).object("AuthMethods")?.unwrap_or_default();
    if methods.is_empty() {
        return Err(RpcError::coded(400, "must specify as least one auth method"));
    }
    for (index, method) in methods.iter_mut().enumerate() {
        prepare(server, index, method)?;
    }
    let names: Vec<String> = methods.iter().map(|method| method.name.clone()).collect();
    let index = server.apply(Command::Access(AccessCommand::UpsertAuthMethods(methods))).await?;
    let methods = server.store.read(|tables| {
        names.iter().filter_map(|name| tables.access.auth_methods.get(name)).map(shown).collect()
    });
    Ok(written("AuthMethods", methods, index))
}

/// A method as it is shown: without the secrets of its client.
fn shown(method: &AuthMethod) -> Value {
    let mut method = method.clone();
    if let Some(config) = &mut method.config {
        let redact = |secret: &mut String| {
            if !secret.is_empty() {
                *secret = "redacted".to_owned();
            }
        };
        redact(&mut config.oidc_client_secret);
        for path in ["/ClientSecret", "/PrivateKey/PemKey"] {
            if let Some(serde_json::Value::String(secret)) = config.oidc_client_assertion.pointer_mut(path) {
                redact(secret);
            }
        }
    }
    encode(&method)
}

fn prepare(server: &Server, index: usize, method: &mut AuthMethod) -> Result<(), RpcError> {
    let now = GoTime::from(server.parts.host.clock.now());
    let (known, default) = server.store.read(|tables| {
        let methods = &tables.access.auth_methods;
        let default = methods.values().find(|other| other.default && other.name != method.name);
        (methods.get(&method.name).cloned(), default.map(|other| other.name.clone()))
    });
    if let Some(known) = known {
        complete(method, known);
    }
    if method.token_name_format.is_empty() {
        method.token_name_format = "${auth_method_type}-${auth_method_name}".to_owned();
    }
    let found = problems(server, method);
    if !found.is_empty() {
        return Err(RpcError::coded(400, &format!("auth method {index} invalid: {}", faults(&found))));
    }
    if let Some(other) = default.filter(|_| method.default) {
        return Err(RpcError::coded(400, &format!("default method already exists: {other}")));
    }
    if let Some(config) = &mut method.config {
        complete_assertion(config);
    }
    method.max_token_ttl = parse_duration(&method.max_token_ttl).map(format_duration).unwrap_or_default();
    if method.create_time.0.is_none() {
        method.create_time = now;
    }
    method.modify_time = now;
    let config = serde_json::to_string(&method.config).unwrap_or_default();
    let default = method.default.to_string();
    method.hash = hash([
        method.name.as_str(),
        &method.kind,
        &method.token_locality,
        &method.max_token_ttl,
        &method.token_name_format,
        &default,
        &config,
    ]);
    Ok(())
}

/// What a change leaves out stays as it was.
fn complete(method: &mut AuthMethod, known: AuthMethod) {
    method.create_time = known.create_time;
    for (field, before) in [
        (&mut method.kind, known.kind),
        (&mut method.token_locality, known.token_locality),
        (&mut method.max_token_ttl, known.max_token_ttl),
        (&mut method.token_name_format, known.token_name_format),
    ] {
        if field.is_empty() {
            *field = before;
        }
    }
    if method.config.is_none() {
        method.config = known.config;
    }
}

fn problems(server: &Server, method: &AuthMethod) -> Vec<String> {
    let mut found = Vec::new();
    if !is_plain_name(&method.name, "-") {
        found.push(format!("invalid name '{}'", method.name));
    }
    if !matches!(method.token_locality.as_str(), "local" | "global") {
        found.push(format!("invalid token locality '{}'", method.token_locality));
    }
    if !matches!(method.kind.as_str(), "OIDC" | "JWT") {
        found.push(format!("invalid token type '{}'", method.kind));
    }
    let settings = &server.parts.settings.access;
    let ttl = parse_duration(&method.max_token_ttl).unwrap_or_default();
    if ttl < settings.token_min_ttl || ttl > settings.token_max_ttl {
        found.push(format!(
            "invalid MaxTokenTTL value '{}' (should be between {} and {})",
            format_duration(ttl),
            format_duration(settings.token_min_ttl),
            format_duration(settings.token_max_ttl)
        ));
    }
    match &method.config {
        None => found.push("invalid config: missing auth method Config".to_owned()),
        Some(config) if method.kind == "JWT" => {
            let keys = config.jwt_validation_pub_keys.iter().flatten().next().is_some();
            if !keys && config.jwks_url.is_empty() && config.oidc_discovery_url.is_empty() {
                found.push("invalid config: JWT auth method requires either OIDCDiscoveryURL, or JWKS URL, or JWTValidationPubKeys set".to_owned());
            }
        }
        Some(config) if method.kind == "OIDC" => {
            for (missing, text) in [
                (config.oidc_discovery_url.is_empty(), "missing OIDCDiscoveryURL"),
                (config.oidc_client_id.is_empty(), "missing OIDCClientID"),
            ] {
                found.extend(missing.then(|| format!("invalid config: {text}")));
            }
            found.extend(assertion_fault(config));
        }
        Some(_) => {}
    }
    found
}

/// Fills in what is not said of how a client proves who it is.
fn complete_assertion(config: &mut AuthConfig) {
    let Some(assertion) = config.oidc_client_assertion.as_object_mut() else { return };
    let by_secret = assertion.get("KeySource").is_some_and(|source| source == "client_secret");
    let (algorithm, secret) =
        if by_secret { ("HS256", config.oidc_client_secret.as_str()) } else { ("RS256", "") };
    for (field, usual) in [
        ("Audience", json!([config.oidc_discovery_url])),
        ("PrivateKey", json!(null)),
        ("ExtraHeaders", json!(null)),
        ("KeyAlgorithm", json!(algorithm)),
    ] {
        assertion.entry(field).or_insert(usual);
    }
    assertion.insert("ClientSecret".to_owned(), json!(secret));
}

/// What is wrong with how a client proves who it is.
fn assertion_fault(config: &AuthConfig) -> Option<String> {
    let assertion = config.oidc_client_assertion.as_object()?;
    let source = assertion.get("KeySource").and_then(serde_json::Value::as_str).unwrap_or_default();
    let told = match source {
        "nomad" => return None,
        "client_secret" if !config.oidc_client_secret.is_empty() => return None,
        "client_secret" => "OIDCClientSecret is required for `client_secret` KeySource".to_owned(),
        "private_key" if assertion.get("PrivateKey").is_some_and(serde_json::Value::is_object) => {
            return None;
        }
        "private_key" => "PrivateKey is required for `private_key` KeySource".to_owned(),
        other => format!("invalid KeySource {other:?}"),
    };
    Some(format!("invalid config: invalid client assertion config: {told}"))
}

pub(super) async fn delete(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let names = Body(&request.body).strings("Names");
    if names.iter().any(|name| server.store.read(|tables| !tables.access.auth_methods.contains_key(name))) {
        return Err(RpcError::new("ACL auth method not found"));
    }
    let index = server.apply(Command::Access(AccessCommand::DeleteAuthMethods(names))).await?;
    Ok(map([("Index", index.into())]))
}

/// Anybody may see how to log in.
pub(super) async fn list(server: &Server, request: &Request) -> RpcResult {
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables, page: &crate::server::page::Page<'_>| {
        let all = tables.access.auth_methods.values().collect();
        page.take(all, |method| method.name.clone(), |method| stub(method))
    };
    server.listing(&options, Topic::AuthMethods, "AuthMethods", look).await
}

fn stub(method: &AuthMethod) -> Value {
    map([
        ("Name", method.name.as_str().into()),
        ("Type", method.kind.as_str().into()),
        ("Default", method.default.into()),
        ("Hash", method.hash.as_str().into()),
        ("CreateIndex", method.create_index.into()),
        ("ModifyIndex", method.modify_index.into()),
    ])
}

pub(super) async fn get(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let body = Body(&request.body);
    let name = body.string("MethodName").to_owned();
    let look = |tables: &Tables| match tables.access.auth_methods.get(&name) {
        Some(method) => (method.modify_index, [("AuthMethod", shown(method))]),
        None => (tables.index_of(&Topic::AuthMethods), [("AuthMethod", Value::Nil)]),
    };
    Ok(server.blocking(&QueryOptions::of(body), Topic::AuthMethods, look).await)
}
