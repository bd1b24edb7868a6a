//! The gossip keys of all servers over HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::api::{ApiError, ApiRequest, Reply};
use crate::config::decode_key;
use crate::gossip::{Gossip, KeyOperation, manage_keys};

/// Answers `/v1/agent/keyring/WHAT`, whatever the request's method is.
pub(super) async fn handle(
    gossip: Option<&Gossip>,
    request: &ApiRequest,
    what: &str,
) -> Result<Reply, ApiError> {
    let Some(gossip) = gossip else { return Err(ApiError::new(501, "Invalid method")) };
    let operation = match what {
        "list" => KeyOperation::List,
        "install" => KeyOperation::Install,
        "use" => KeyOperation::Use,
        "remove" => KeyOperation::Remove,
        _ => return Err(ApiError::not_found("resource not found")),
    };
    let key = match operation {
        KeyOperation::List => Vec::new(),
        _ => key(request)?,
    };
    let failed = |error: String| ApiError::new(500, error);
    let answers = manage_keys(gossip, operation, key).await.map_err(failed)?;
    let body = json!({"Messages": answers.messages, "Keys": answers.keys, "NumNodes": answers.nodes});
    Ok(Reply { body: Some(body), ..Reply::default() })
}

/// The key that a request is about.
fn key(request: &ApiRequest) -> Result<Vec<u8>, ApiError> {
    if request.method == Method::GET || request.body.is_empty() {
        return Err(ApiError::new(400, "Request body is empty"));
    }
    let body: Value =
        serde_json::from_slice(&request.body).map_err(|error| ApiError::new(400, error.to_string()))?;
    decode_key(body["Key"].as_str().unwrap_or_default()).map_err(|error| ApiError::new(500, error))
}
