//! `/v1/vars` and `/v1/var`.

use http::Method;
use lab_wire::go_json;
use rmpv::Value;
use serde_json::Value as Json;

use super::decode::fields;
use super::json::json;
use super::{Api, ApiError, ApiRequest, Reply};
use crate::structs::{Body, map};

pub(super) async fn list(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&[Method::GET])?;
    check(api, request)?;
    let (found, meta) = api.read(request, "Variables.List", [], "Data").await?;
    Ok(Reply::found(json(&found.unwrap_or(Value::Array(Vec::new()))), meta))
}

pub(super) async fn one(api: &Api, request: &ApiRequest, path: &str) -> Result<Reply, ApiError> {
    if path.is_empty() {
        return Err(ApiError::new(400, "missing variable path"));
    }
    check(api, request)?;
    match request.method {
        Method::GET => {
            let (found, meta) = api.read(request, "Variables.Read", [("Path", path.into())], "Data").await?;
            match found {
                Some(found) => Ok(Reply::found(json(&found), meta)),
                None => Err(ApiError::missing("variable not found", meta)),
            }
        }
        Method::PUT | Method::POST => write(api, request, path).await,
        Method::DELETE => {
            let at = compared(request)?;
            let variable = variable(request, path, &Json::Null, at);
            apply(api, request, if at.is_some() { "delete-cas" } else { "delete" }, variable).await
        }
        _ => Err(ApiError::new(400, "Invalid method")),
    }
}

/// What is wrong with a parameter is told twice over, as the real program does.
fn check(api: &Api, request: &ApiRequest) -> Result<(), ApiError> {
    super::query::Query::of(request, &api.region).map(drop).map_err(|error| ApiError {
        message: format!("{}failed to parse parameters", error.message),
        ..error
    })
}

async fn write(api: &Api, request: &ApiRequest, path: &str) -> Result<Reply, ApiError> {
    let body = request.object("structs.VariableDecrypted")?;
    if let Some(items) = body.get("Items").and_then(Json::as_object)
        && let Some(bad) = items.values().find(|value| !value.is_string() && !value.is_null())
    {
        let kind = go_json::kind(bad);
        return Err(ApiError::new(
            400,
            format!(
                "json: cannot unmarshal {kind} into Go struct field VariableDecrypted.Items of type string"
            ),
        ));
    }
    let locks: Vec<&str> = ["lock-acquire", "lock-release", "lock-renew"]
        .into_iter()
        .filter(|name| request.parameter(name).is_some())
        .collect();
    let at = compared(request)?;
    match locks.as_slice() {
        [] => {
            if body.get("Items").and_then(Json::as_object).is_none_or(serde_json::Map::is_empty) {
                return Err(ApiError::new(400, "variable missing required Items object"));
            }
            let variable = variable(request, path, &body, at);
            apply(api, request, if at.is_some() { "cas" } else { "set" }, variable).await
        }
        ["lock-renew"] => renew(api, request, path, &body).await,
        [operation] => {
            let variable = variable(request, path, &body, at);
            apply(api, request, operation, variable).await
        }
        _ => Err(ApiError::new(400, "multiple lock operations")),
    }
}

/// `?cas=`
fn compared(request: &ApiRequest) -> Result<Option<u64>, ApiError> {
    request.parameter("cas").map(|text| parse_unsigned(text, "can not parse cas")).transpose()
}

/// A number; `what` begins the error.
pub(super) fn parse_unsigned(text: &str, what: &str) -> Result<u64, ApiError> {
    text.parse().map_err(|_| {
        let text = lab_pki::quote(text);
        ApiError::new(400, format!("{what}: strconv.ParseUint: parsing {text}: invalid syntax"))
    })
}

/// The variable of a request: its path is the URL's, its namespace the body's or the URL's.
fn variable(request: &ApiRequest, path: &str, body: &Json, at: Option<u64>) -> Value {
    let namespace = body.get("Namespace").and_then(Json::as_str).filter(|name| !name.is_empty());
    let namespace = namespace.or_else(|| request.parameter("namespace")).filter(|name| !name.is_empty());
    let part = |name: &str| body.get(name).map_or(Value::Nil, fields);
    map([
        ("Namespace", namespace.unwrap_or("default").into()),
        ("Path", path.into()),
        ("Items", part("Items")),
        ("Lock", part("Lock")),
        ("ModifyIndex", at.unwrap_or(0).into()),
    ])
}

async fn apply(api: &Api, request: &ApiRequest, operation: &str, variable: Value) -> Result<Reply, ApiError> {
    let subject = [("Op", operation.into()), ("Var", variable)];
    let answer = api.write(request, "Variables.Apply", subject).await.map_err(|error| match error.code {
        // These keep the mark of how they came.
        400 => ApiError::new(400, format!("RPC Error:: 400,{}", error.message)),
        _ => error,
    })?;
    let answer = Body(&answer);
    let index = Some(answer.index("Index"));
    if answer.string("Result") != "ok" {
        let conflict = answer.get("Conflict").map(json).unwrap_or_default();
        return Err(ApiError::new(409, conflict.to_string()));
    }
    match operation {
        "delete" | "delete-cas" => Ok(Reply { status: Some(204), index, ..Reply::default() }),
        _ => Ok(Reply { body: answer.get("Output").map(json), index, ..Reply::default() }),
    }
}

async fn renew(api: &Api, request: &ApiRequest, path: &str, body: &Json) -> Result<Reply, ApiError> {
    let id = body.get("Lock").and_then(|lock| lock.get("ID")).and_then(Json::as_str).unwrap_or_default();
    let subject = [("Path", path.into()), ("LockID", id.into())];
    let answer = api.write(request, "Variables.RenewLock", subject).await?;
    let answer = Body(&answer);
    Ok(Reply {
        body: answer.get("VarMeta").map(json),
        index: Some(answer.index("Index")),
        ..Reply::default()
    })
}
