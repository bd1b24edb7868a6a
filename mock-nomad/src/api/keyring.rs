//! `/v1/operator/keyring` and `/.well-known`.

use http::Method;
use rmpv::Value;
use serde_json::json as object;

use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::identity::jwks_entry;
use crate::structs::{Body, QueryMeta};

/// How long others may keep the list of keys at least, in seconds.
const LEAST_AGE: i64 = 900;

pub(super) async fn handle(api: &Api, request: &ApiRequest, rest: &str) -> Result<Reply, ApiError> {
    let is_about_key = rest.starts_with("key") && !rest.starts_with("keys");
    let force = match request.parameter("force").filter(|_| is_about_key) {
        None => false,
        Some(text) => super::parse_bool(text).map_err(|_| ApiError::new(422, "invalid force parameter"))?,
    };
    match (rest.split_once('/').unwrap_or((rest, "")), &request.method) {
        (("keys", _), &Method::GET) => {
            let (found, meta) = api.read(request, "Keyring.List", [], "Keys").await?;
            Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
        }
        (("rotate", _), &Method::PUT | &Method::POST) => rotate(api, request).await,
        (("key", id), &Method::DELETE) => {
            let subject = [("KeyID", id.into()), ("Force", force.into())];
            Ok(Reply::written(&api.write(request, "Keyring.Delete", subject).await?))
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

async fn rotate(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    let publish = match request.parameter("publish_time").filter(|text| !text.is_empty()) {
        None => 0,
        Some(text) => text.parse::<i64>().map_err(|_| {
            let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
            let reason = if is_number { "value out of range" } else { "invalid syntax" };
            let text = lab_pki::quote(text);
            ApiError::new(500, format!("invalid publish_time: strconv.ParseInt: parsing {text}: {reason}"))
        })?,
    };
    let subject = [
        ("Full", request.flag("full").into()),
        ("PublishTime", publish.into()),
        ("Algorithm", request.parameter("algo").unwrap_or_default().into()),
    ];
    Ok(Reply::written(&api.write(request, "Keyring.Rotate", subject).await?))
}

/// The keys that identities are signed with, for everybody who checks them.
pub(super) async fn jwks(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let query = super::query::Query::of(request, &api.region)?;
    let answer = api.rpc("Keyring.ListPublic", crate::server::Access::Read, query.body([])).await?;
    let body = Body(&answer);
    let keys: Vec<serde_json::Value> = body.list("PublicKeys").iter().filter_map(jwks_entry).collect();
    let newest = body.list("PublicKeys").iter().map(|key| Body(key).integer("CreateTime")).max();
    let mut reply = Reply::found(object!({"keys": keys}), QueryMeta::of(body));
    if let Some(newest) = newest {
        let now = api.view.now_nanos();
        // Others come again well before the next key is used.
        let left = (newest + body.integer("RotationThreshold") / 2 - now) / 1_000_000_000;
        reply.cache = Some(left.max(LEAST_AGE));
    }
    Ok(reply)
}

pub(super) async fn discovery(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    let (found, meta) = api.read(request, "Keyring.GetConfig", [], "OIDCDiscovery").await?;
    let Some(found) = found else {
        return Err(ApiError::missing("OIDC Discovery endpoint disabled", meta));
    };
    let config = Body(&found);
    let body = object!({
        "issuer": config.string("Issuer"),
        "jwks_uri": config.string("JWKS"),
        "id_token_signing_alg_values_supported": config.strings("IDTokenAlgs"),
        "response_types_supported": config.strings("ResponseTypes"),
        "subject_types_supported": config.strings("Subjects"),
    });
    Ok(Reply::found(body, meta))
}
