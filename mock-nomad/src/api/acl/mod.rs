//! `/v1/acl`

mod auth;
mod policies;
mod roles;
mod tokens;

use http::Method;
use rmpv::Value;
use serde_json::Value as Json;

use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::structs::Body;

pub(super) async fn handle(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    let (family, name) = rest.split_once('/').map_or((rest, None), |(family, name)| (family, Some(name)));
    match (family, name) {
        ("bootstrap", None) => tokens::bootstrap(api, request).await,
        ("policies", None) => policies::list(api, request).await,
        ("policy", Some("self")) => policies::own(api, request).await,
        ("policy", Some(name)) => policies::one(api, request, name).await,
        ("tokens", None) => tokens::list(api, request).await,
        ("token", None) => tokens::create(api, request).await,
        ("token", Some("self")) => tokens::own(api, request).await,
        ("token", Some("onetime")) => tokens::one_time(api, request).await,
        ("token", Some("onetime/exchange")) => tokens::exchange(api, request).await,
        ("token", Some(accessor)) => tokens::one(api, request, accessor).await,
        ("roles", None) => roles::list(api, request).await,
        ("role", None) => roles::create(api, request).await,
        ("role", Some(rest)) => roles::one(api, request, rest).await,
        ("auth-methods", None) => auth::methods(api, request).await,
        ("auth-method", None) => auth::create_method(api, request).await,
        ("auth-method", Some(name)) => auth::method(api, request, name).await,
        ("binding-rules", None) => auth::rules(api, request).await,
        ("binding-rule", None) => auth::create_rule(api, request).await,
        ("binding-rule", Some(id)) => auth::rule(api, request, id).await,
        ("login", None) => auth::login(api, request).await,
        ("oidc", Some("auth-url")) => auth::oidc_auth_url(api, request).await,
        ("oidc", Some("complete-auth")) => auth::oidc_complete(api, request).await,
        ("identity", Some("client-introduction-token")) => tokens::introduction(api, request).await,
        _ => Err(ApiError::not_found("")),
    }
}

/// A list under `field`.
async fn list(api: &Api, request: &ApiRequest, method: &str, field: &str) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, method, [], field).await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

/// The first of what a write answers under `field`.
fn first(answer: &Value, field: &str) -> Reply {
    let object = Body(answer).list(field).first().map(json);
    Reply { body: object, index: Some(Body(answer).index("Index")), ..Reply::default() }
}

/// Nothing but the index.
fn empty(answer: &Value) -> Reply {
    Reply { index: Some(Body(answer).index("Index")), ..Reply::default() }
}

/// What stands under a name, as text.
fn text<'a>(body: &'a Json, field: &str) -> &'a str {
    body.get(field).and_then(Json::as_str).unwrap_or_default()
}

/// Writes are PUT or POST.
const WRITE: [Method; 2] = [Method::PUT, Method::POST];
