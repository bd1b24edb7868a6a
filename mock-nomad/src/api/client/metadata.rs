//! `/v1/client/metadata`: what a node says of itself to schedulers, read and changed while it runs.

use http::Method;
use lab_wire::go_json;
use serde_json::{Value as Json, json};

use super::super::nodes::check_id;
use super::super::{Api, ApiError, ApiRequest, Reply};
use crate::acl::Level;
use crate::client::{Changes, Client, MetadataView};

pub(super) async fn handle(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    match request.method {
        Method::GET => {
            api.permit(request, |acl| acl.allows_node(Level::Read)).await?;
            Ok(shown(own_client(api)?.metadata()))
        }
        Method::POST => {
            let changes = changes(request)?;
            api.permit(request, |acl| acl.allows_node(Level::Write)).await?;
            let changed = own_client(api)?.change_metadata(changes);
            changed.map(shown).map_err(|error| {
                ApiError::new(500, format!("failed to apply dynamic node metadata: {error}"))
            })
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

fn own_client(api: &Api) -> Result<&Client, ApiError> {
    let absent = || ApiError::new(400, "No local Node and node_id not provided");
    api.client.as_deref().ok_or_else(absent)
}

/// The node that a request is about, where it is not this agent's `own`: a body may name it, too.
pub(super) async fn other_node(
    api: &Api,
    request: &ApiRequest,
    own: &str,
) -> Result<Option<String>, ApiError> {
    let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
    let named = body["NodeID"].as_str().filter(|node| !node.is_empty());
    let id = named.or_else(|| request.parameter("node_id").filter(|node| !node.is_empty()));
    let Some(id) = id.filter(|id| *id != own) else { return Ok(None) };
    if !matches!(request.method, Method::GET | Method::POST) {
        return Ok(None);
    }
    check_id(id, "node")?;
    match api.read(request, "Node.GetNode", [("NodeID", id.into())], "Node").await? {
        (Some(_), _) => Ok(Some(id.to_owned())),
        (None, _) => Err(ApiError::new(500, format!("Unknown node {id}"))),
    }
}

fn shown(view: MetadataView) -> Reply {
    Reply::plain(json!({"Meta": view.all, "Dynamic": view.dynamic, "Static": view.from_configuration}))
}

fn changes(request: &ApiRequest) -> Result<Changes, ApiError> {
    let body = request.object("structs.NodeMetaApplyRequest")?;
    let fault = |text: String| ApiError::new(400, text);
    let given = body.get("Meta").and_then(Json::as_object).filter(|given| !given.is_empty());
    let given = given.ok_or_else(|| fault("missing required Meta object".to_owned()))?;
    let mut changes = Changes::new();
    for (key, value) in given {
        let value = match value {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            other => {
                let kind = go_json::kind(other);
                return Err(fault(format!(
                    "json: cannot unmarshal {kind} into Go struct field NodeMetaApplyRequest.Meta of type string"
                )));
            }
        };
        changes.insert(key.clone(), value);
    }
    for key in changes.keys() {
        if key.is_empty() {
            return Err(fault("metadata keys must not be empty".to_owned()));
        }
        if !key.split('.').all(is_identifier) {
            let key = lab_pki::quote(key);
            return Err(fault(format!(
                "{key} is invalid; metadata keys must be valid dotted hcl identifiers"
            )));
        }
    }
    Ok(changes)
}

/// Whether HCL would read a word as one identifier.
fn is_identifier(word: &str) -> bool {
    let mut characters = word.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|next| next.is_alphanumeric() || matches!(next, '_' | '-'))
}
