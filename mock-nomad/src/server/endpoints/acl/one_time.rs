//! Tokens that stand for another one, once and for ten minutes.

use rmpv::Value;

use super::{encode, management};
use crate::seam::{RpcError, RpcResult};
use crate::server::{Request, Server};
use crate::state::{AccessCommand, Command};
use crate::structs::{Body, GoTime, OneTimeToken, map};

const LIFE: time::Duration = time::Duration::minutes(10);

pub(super) async fn upsert(server: &Server, request: &Request) -> RpcResult {
    let caller = server.caller(request)?;
    let Some(token) = &caller.token else {
        return Err(RpcError::new("acl token lookup failed: missing secret id"));
    };
    let mut made = OneTimeToken {
        secret_id: server.ids.uuid(),
        accessor_id: token.accessor_id.clone(),
        expires_at: GoTime(server.parts.host.clock.now().checked_add(LIFE)),
        ..OneTimeToken::default()
    };
    let index = server.apply(Command::Access(AccessCommand::UpsertOneTimeToken(made.clone()))).await?;
    (made.create_index, made.modify_index) = (index, index);
    Ok(map([("OneTimeToken", encode(&made)), ("Index", index.into())]))
}

/// No permission is needed: who has it may have the other.
pub(super) async fn exchange(server: &Server, request: &Request) -> RpcResult {
    let secret = Body(&request.body).string("OneTimeSecretID").to_owned();
    if secret.is_empty() {
        return Err(RpcError::new("one-time token lookup failed: missing secret"));
    }
    if secret.len() != 36 {
        return Err(RpcError::new("one-time token lookup failed: index error: UUID must be 36 characters"));
    }
    let now = server.parts.host.clock.now();
    let token = server.store.read(|tables| {
        let one = tables.access.one_time_tokens.get(&secret)?;
        let token = tables.access.tokens.get(&one.accessor_id)?;
        one.expires_at.0.is_some_and(|end| now < end).then(|| tables.access.shown(token))
    });
    let token = token.ok_or_else(RpcError::permission_denied)?;
    let index = server.apply(Command::Access(AccessCommand::DeleteOneTimeTokens(vec![secret]))).await?;
    Ok(map([("Token", encode(&token)), ("Index", index.into())]))
}

pub(super) async fn expire(server: &Server, request: &Request) -> RpcResult {
    management(server, request)?;
    let now = server.parts.host.clock.now();
    let old: Vec<String> = server.store.read(|tables| {
        let all = tables.access.one_time_tokens.values();
        all.filter(|token| token.expires_at.0.is_some_and(|end| end <= now))
            .map(|token| token.secret_id.clone())
            .collect()
    });
    let index = server.apply(Command::Access(AccessCommand::DeleteOneTimeTokens(old))).await?;
    Ok(map([("Index", Value::from(index))]))
}
