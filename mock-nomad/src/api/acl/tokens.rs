//! Tokens.

use http::Method;
use rmpv::Value;
use serde_json::{Value as Json, json as object};

use super::super::json::json;
use super::{Api, ApiError, ApiRequest, Reply, WRITE, empty, first, text};
use crate::api::decode::{duration, fields};
use crate::structs::{Body, QueryMeta};

pub(super) async fn bootstrap(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    let secret = match request.body.is_empty() {
        true => String::new(),
        false => {
            let body = request.object("structs.ACLTokenBootstrapRequest").map_err(|error| {
                ApiError::new(error.code, format!("failed to decode request body: {}", error.message))
            })?;
            text(&body, "BootstrapSecret").to_owned()
        }
    };
    let answer = api.write(request, "ACL.Bootstrap", [("BootstrapSecret", secret.into())]).await?;
    Ok(first(&answer, "Tokens"))
}

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, "ACL.ListTokens", [], "Tokens").await?;
    if let Some(prefix) = request.parameter("prefix") {
        super::super::nodes::check_prefix(prefix, "acl token")?;
    }
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

pub(super) async fn create(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    write(api, request, &request.fitting("structs.ACLToken")?).await
}

async fn write(api: &Api, request: &ApiRequest, token: &Json) -> Result<Reply, ApiError> {
    let mut token = token.clone();
    match token.get("ExpirationTTL") {
        Some(Json::String(ttl)) if !ttl.is_empty() => {
            lab_world::parse_duration(ttl).map_err(|error| ApiError::new(400, error.to_string()))?;
        }
        Some(Json::Number(nanos)) => {
            let ttl = std::time::Duration::from_nanos(nanos.as_u64().unwrap_or_default());
            token["ExpirationTTL"] = lab_world::format_duration(ttl).into();
        }
        _ => {}
    }
    let tokens = Value::Array(vec![fields(&token)]);
    Ok(first(&api.write(request, "ACL.UpsertTokens", [("Tokens", tokens)]).await?, "Tokens"))
}

pub(super) async fn one(api: &Api, request: &ApiRequest, accessor: &str) -> Result<Reply, ApiError> {
    if accessor.is_empty() {
        return Err(ApiError::new(400, "Missing Token Accessor"));
    }
    match request.method {
        Method::GET => {
            let subject = [("AccessorID", accessor.into())];
            let (found, meta) = api.read(request, "ACL.GetToken", subject, "Token").await?;
            match found {
                Some(token) => Ok(Reply::found(json(&token), meta)),
                None => Err(ApiError::missing("ACL token not found", meta)),
            }
        }
        Method::PUT | Method::POST => {
            let token = request.fitting("structs.ACLToken")?;
            if text(&token, "AccessorID") != accessor {
                return Err(ApiError::new(400, "ACL token accessor does not match request path"));
            }
            write(api, request, &token).await
        }
        Method::DELETE => {
            let accessors = Value::Array(vec![accessor.into()]);
            Ok(empty(&api.write(request, "ACL.DeleteTokens", [("AccessorIDs", accessors)]).await?))
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

/// Who is asking. What is wrong with the token is said here.
pub(super) async fn own(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (identity, meta) = api.read(request, "ACL.WhoAmI", [], "Identity").await?;
    match identity.as_ref().and_then(|identity| Body(identity).get("ACLToken")) {
        Some(token) => Ok(Reply::found(json(token), meta)),
        None => Err(ApiError::missing("ACL token not found", meta)),
    }
}

pub(super) async fn one_time(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    let answer = api.write(request, "ACL.UpsertOneTimeToken", []).await?;
    Ok(Reply::written(&answer))
}

pub(super) async fn exchange(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    let body = request.object("structs.OneTimeTokenExchangeRequest")?;
    let secret = text(&body, "OneTimeSecretID").to_owned();
    let answer = api.write(request, "ACL.ExchangeOneTimeToken", [("OneTimeSecretID", secret.into())]).await?;
    Ok(Reply::written(&answer))
}

/// A token with which a node introduces itself.
pub(super) async fn introduction(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    let body = request.fitting("structs.ACLCreateClientIntroductionTokenRequest")?;
    let nanos = match body.get("TTL") {
        Some(Json::String(text)) => {
            let ttl = duration(text).map_err(|error| ApiError::new(400, error.to_string()))?;
            i64::try_from(ttl.as_nanos()).unwrap_or(i64::MAX)
        }
        Some(Json::Number(number)) => number.as_i64().unwrap_or_default(),
        _ => 0,
    };
    let subject = [
        ("NodeName", text(&body, "NodeName").into()),
        ("NodePool", text(&body, "NodePool").into()),
        ("TTL", nanos.into()),
    ];
    let answer = api.write(request, "ACL.CreateClientIntroductionToken", subject).await?;
    let body = object!({"JWT": Body(&answer).string("JWT")});
    Ok(Reply::found(body, QueryMeta::of(Body(&answer))))
}
