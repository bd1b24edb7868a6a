//! `Keyring`: the keys themselves.

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, unknown};
use crate::identity::jwk;
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::keyring::is_key_used;
use crate::state::{Command, KeyringCommand, Tables, Topic};
use crate::structs::{Body, KeyMaterial, QueryOptions, RootKey, map};

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    if name == "Get" {
        server.server_only(request)?;
    }
    let access = if matches!(name, "Rotate" | "Delete" | "Update") { Access::Write } else { Access::Read };
    if let Route::Elsewhere(answer) = server.forward(request, access).await {
        return answer;
    }
    match name {
        "List" => list(server, request).await,
        "Get" => Ok(get(server, request)),
        "Rotate" => rotate(server, request).await,
        "Delete" => delete(server, request).await,
        "ListPublic" => Ok(list_public(server, request).await),
        "GetConfig" => Ok(config(server)),
        _ => Err(unknown(&request.method)),
    }
}

fn encode(key: &RootKey) -> Value {
    to_value(key).unwrap_or(Value::Nil)
}

async fn list(server: &Server, request: &Request) -> RpcResult {
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables| {
        let keys = tables.keyring.keys.values().map(|key| encode(&key.meta)).collect();
        (tables.index_of(&Topic::Keyring), [("Keys", Value::Array(keys))])
    };
    Ok(server.blocking(&options, Topic::Keyring, look).await)
}

/// A key with all of it, for another server.
fn get(server: &Server, request: &Request) -> Value {
    let id = Body(&request.body).string("KeyID");
    let (index, key) = server
        .store
        .read(|tables| (tables.index_of(&Topic::Keyring), tables.keyring.keys.get(id).map(whole)));
    server.meta(index).reply([("Key", key.unwrap_or(Value::Nil))])
}

fn whole(key: &KeyMaterial) -> Value {
    map([
        ("Meta", encode(&key.meta)),
        ("Key", Value::Binary(key.data_key.clone())),
        ("RSAKey", Value::Binary(key.rsa_key.clone())),
    ])
}

async fn rotate(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (full, publish) = (body.boolean("Full"), body.integer("PublishTime"));
    if full && publish > 0 {
        return Err(RpcError::new("keyring cannot be prepublished and full rotated at the same time"));
    }
    let state = if publish > 0 { "prepublished" } else { "active" };
    let (key, index) = server.make_key(state, publish, full).await?;
    if full {
        server.finish_rekeying().await?;
    }
    Ok(map([("Key", encode(&key.meta)), ("Index", index.into())]))
}

async fn delete(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let (id, force) = (body.string("KeyID").to_owned(), body.boolean("Force"));
    if id.is_empty() {
        return Err(RpcError::new("root key ID is required"));
    }
    let verdict = server.store.read(|tables| match tables.keyring.keys.get(&id) {
        None => Err("root key not found"),
        Some(key) if key.meta.state == "active" => {
            Err("active root key cannot be deleted - call rotate first")
        }
        Some(_) if !force && is_key_used(tables, &id) => Err("root key in use, cannot delete"),
        Some(_) => Ok(()),
    });
    verdict.map_err(RpcError::new)?;
    let index = server.apply(Command::Keyring(KeyringCommand::Delete(id))).await?;
    Ok(map([("Index", index.into())]))
}

/// The public parts, for everybody.
async fn list_public(server: &Server, request: &Request) -> Value {
    let options = QueryOptions::of(Body(&request.body));
    let threshold =
        i64::try_from(server.parts.settings.keyring.rotation_threshold.as_nanos()).unwrap_or(i64::MAX);
    let look = |tables: &Tables| {
        let keys = tables.keyring.keys.values().filter_map(jwk).collect();
        (
            tables.index_of(&Topic::Keyring),
            [("PublicKeys", Value::Array(keys)), ("RotationThreshold", threshold.into())],
        )
    };
    server.blocking(&options, Topic::Keyring, look).await
}

fn config(server: &Server) -> Value {
    let issuer = server.parts.settings.keyring.issuer.as_str();
    let discovery = match issuer {
        "" => Value::Nil,
        issuer => map([
            ("Issuer", issuer.into()),
            ("JWKS", format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')).into()),
            ("IDTokenAlgs", Value::Array(vec!["RS256".into(), "EdDSA".into()])),
            ("ResponseTypes", Value::Array(vec!["code".into()])),
            ("Subjects", Value::Array(vec!["public".into()])),
        ]),
    };
    server.meta(1).reply([("OIDCDiscovery", discovery)])
}
