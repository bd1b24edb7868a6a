//! `Variables`

mod apply;
mod locks;
mod path;

use std::collections::BTreeMap;

use lab_wire::rpc::to_value;
use rmpv::Value;

use super::{Request, Server, unknown};
use crate::identity::{open, seal};
use crate::seam::{RpcError, RpcResult};
use crate::server::forward::{Access, Route};
use crate::server::page::Page;
use crate::state::{Tables, Topic};
use crate::structs::{Body, EncryptedVariable, QueryOptions, VariableMeta};

pub(in crate::server) use self::locks::{LockTimes, watch_locks};

/// What a variable holds.
pub(in crate::server) type Items = BTreeMap<String, String>;

pub(super) async fn call(server: &Server, request: &Request, name: &str) -> RpcResult {
    let access = if matches!(name, "Apply" | "RenewLock") { Access::Write } else { Access::Read };
    if let Route::Elsewhere(answer) = server.forward(request, access).await {
        return answer;
    }
    match name {
        "Apply" => apply::apply(server, request).await,
        "RenewLock" => locks::renew(server, request).await,
        "List" => list(server, request).await,
        "Read" => read(server, request).await,
        _ => Err(unknown(&request.method)),
    }
}

/// Without what they hold.
async fn list(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let options = QueryOptions::of(Body(&request.body));
    let look = |tables: &Tables, page: &Page<'_>| {
        let all = tables.variables.table.values().map(|variable| &variable.meta);
        let seen = all.filter(|meta| {
            options.wants(&meta.namespace)
                && meta.path.starts_with(&options.prefix)
                && caller.acl.allows_with_variable(&meta.namespace, &meta.path, "list")
        });
        page.take(seen.map(Listed).collect(), Listed::key, Listed::encode)
    };
    server.listing(&options, Topic::Variables, "Data", look).await
}

/// A variable in a list. Filters see only how it is kept, not what people call its fields.
struct Listed<'a>(&'a VariableMeta);

impl serde::Serialize for Listed<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        BTreeMap::from([("VariableMetadata", self.0)]).serialize(serializer)
    }
}

impl Listed<'_> {
    fn key(&self) -> String {
        format!("{}.{}", self.0.namespace, self.0.path)
    }

    fn encode(&self) -> Value {
        to_value(self.0).unwrap_or(Value::Nil)
    }
}

async fn read(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let body = Body(&request.body);
    let (options, path) = (QueryOptions::of(body), body.string("Path").to_owned());
    if !caller.acl.allows_with_variable(&options.namespace, &path, "read") {
        return Err(RpcError::permission_denied());
    }
    let key = (options.namespace.clone(), path);
    let look = |tables: &Tables| match tables.variables.table.get(&key) {
        Some(found) => {
            let whole = tables.keyring.keys.get(&found.key_id).and_then(|key| decrypted(key, found));
            (found.meta.modify_index, [("Data", whole.unwrap_or(Value::Nil))])
        }
        None => (tables.index_of(&Topic::Variables), [("Data", Value::Nil)]),
    };
    Ok(server.blocking(&options, Topic::Variables, look).await)
}

fn decrypted(key: &crate::structs::KeyMaterial, variable: &EncryptedVariable) -> Option<Value> {
    let items: Items = serde_json::from_slice(&open(key, &variable.data)?).ok()?;
    Some(with_items(&variable.meta, &items))
}

/// A variable with what it holds.
fn with_items(meta: &VariableMeta, items: &Items) -> Value {
    let Ok(Value::Map(mut fields)) = to_value(meta) else { return Value::Nil };
    fields.push(("Items".into(), to_value(items).unwrap_or(Value::Nil)));
    Value::Map(fields)
}

impl Server {
    /// What a variable holds.
    pub(in crate::server) fn open_items(&self, variable: &EncryptedVariable) -> Result<Items, RpcError> {
        let unreadable = || RpcError::new("failed to decrypt variable");
        let key = self.store.read(|tables| tables.keyring.keys.get(&variable.key_id).cloned());
        let plain = open(&key.ok_or_else(unreadable)?, &variable.data).ok_or_else(unreadable)?;
        serde_json::from_slice(&plain).map_err(|_| unreadable())
    }

    /// A variable with what it holds encrypted by the active key.
    pub(in crate::server) fn seal_items(
        &self,
        meta: VariableMeta,
        items: &Items,
    ) -> Result<EncryptedVariable, RpcError> {
        let key = self.active_key()?;
        let plain = serde_json::to_vec(items).map_err(|error| RpcError::new(error.to_string()))?;
        let data =
            seal(&key, &self.ids, &plain).ok_or_else(|| RpcError::new("failed to encrypt variable"))?;
        Ok(EncryptedVariable { meta, data, key_id: key.meta.id })
    }
}
