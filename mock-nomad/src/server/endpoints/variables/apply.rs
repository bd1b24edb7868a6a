//! Writing variables, and taking and giving back their locks.

use std::time::Duration;

use lab_world::{format_duration, parse_duration};
use rmpv::Value;

use super::super::acl::faults;
use super::path::problem;
use super::{Items, with_items};
use crate::seam::{RpcError, RpcResult};
use crate::server::{Request, Server};
use crate::state::{CONFLICT, Command, VariableCommand};
use crate::structs::{Body, EncryptedVariable, VariableLock, VariableMeta, map};

/// How long a lock lives without being renewed, unless it says otherwise, and what it may say.
const USUAL_LIFE: Duration = Duration::from_secs(15);
const SHORTEST_LIFE: Duration = Duration::from_secs(10);
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// `Variables.Apply`: the answer's `Result` is `ok`, `conflict` or `redacted`.
pub(super) async fn apply(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let operation = body.string("Op");
    let Some(given) = body.get("Var") else { return Err(RpcError::new("variable must not be nil")) };
    let given = Body(given);
    let items: Items = given.object("Items")?.unwrap_or_default();
    let namespace =
        [given.string("Namespace"), body.string("Namespace")].into_iter().find(|name| !name.is_empty());
    let meta = VariableMeta {
        namespace: namespace.unwrap_or("default").to_owned(),
        path: given.string("Path").to_owned(),
        ..VariableMeta::default()
    };
    let deletes = matches!(operation, "delete" | "delete-cas");
    let caller = server.caller(request)?;
    let needed = if deletes { "destroy" } else { "write" };
    if !caller.acl.allows_with_variable(&meta.namespace, &meta.path, needed) {
        return Err(RpcError::permission_denied());
    }
    let may_read = caller.acl.allows_with_variable(&meta.namespace, &meta.path, "read");
    if let Some(text) = problem(&meta.namespace, &meta.path, &items) {
        return Err(RpcError::coded(400, &text));
    }
    let lock: Option<VariableLock> = given.object("Lock")?;
    let holding = lock.as_ref().map(|lock| lock.id.clone()).unwrap_or_default();
    let only_at = operation.ends_with("-cas").then(|| given.index("ModifyIndex"));
    let change = Change { server, operation, meta, items, lock, holding, only_at, may_read };
    match operation {
        "set" | "cas" => change.set(operation == "cas", given.index("ModifyIndex")).await,
        "delete" | "delete-cas" => change.delete().await,
        "lock-acquire" => change.acquire().await,
        "lock-release" => change.release().await,
        other => Err(RpcError::new(format!("svc: invalid variable operation {}", lab_pki::quote(other)))),
    }
}

struct Change<'a> {
    server: &'a Server,
    operation: &'a str,
    meta: VariableMeta,
    items: Items,
    lock: Option<VariableLock>,
    holding: String,
    only_at: Option<u64>,
    may_read: bool,
}

impl Change<'_> {
    async fn set(mut self, compares: bool, at: u64) -> RpcResult {
        if compares {
            self.only_at = Some(at);
        }
        let known = self.known();
        self.meta.lock = known.and_then(|known| known.meta.lock).filter(|lock| lock.id == self.holding);
        self.write().await
    }

    async fn write(mut self) -> RpcResult {
        let now = self.server.now_nanos();
        (self.meta.create_time, self.meta.modify_time) = (now, now);
        let variable = self.server.seal_items(self.meta.clone(), &self.items)?;
        let command = VariableCommand::Set {
            variable: Box::new(variable),
            only_at: self.only_at,
            holding: self.holding.clone(),
        };
        let index = self.carry_out(command).await?;
        match index {
            Some(index) => {
                let known = self.known();
                let meta = known.map_or_else(|| self.meta.clone(), |known| known.meta);
                Ok(self.done(index, Some(with_items(&meta, &self.items))))
            }
            None => self.conflict(),
        }
    }

    async fn delete(self) -> RpcResult {
        let command = VariableCommand::Delete {
            namespace: self.meta.namespace.clone(),
            path: self.meta.path.clone(),
            only_at: self.only_at,
            holding: self.holding.clone(),
        };
        match self.carry_out(command).await? {
            Some(index) => Ok(self.done(index, None)),
            None => self.conflict(),
        }
    }

    async fn acquire(mut self) -> RpcResult {
        let mut lock = self.lock.clone().unwrap_or_default();
        let life =
            |text: &str| parse_duration(text).ok().filter(|life| !life.is_zero()).unwrap_or(USUAL_LIFE);
        let (ttl, delay) = (life(&lock.ttl), life(&lock.lock_delay));
        let mut found = Vec::new();
        if !(SHORTEST_LIFE..=LONGEST_LIFE).contains(&ttl) {
            found.push("TTL must be between 10 seconds and 24 hours".to_owned());
        }
        if !found.is_empty() {
            return Err(RpcError::coded(400, &faults(&found)));
        }
        if lock.id.is_empty() {
            lock.id = self.server.ids.uuid();
        }
        (lock.ttl, lock.lock_delay) = (format_duration(ttl), format_duration(delay));
        let known = self.known();
        if known.as_ref().is_none_or(|known| known.meta.lock.is_none())
            && self.server.is_lock_delayed(&self.meta.namespace, &self.meta.path)
        {
            return self.conflict();
        }
        if self.items.is_empty()
            && let Some(known) = known
                .as_ref()
                .filter(|known| known.meta.lock.as_ref().is_none_or(|held| held.id == self.holding))
        {
            self.items = self.server.open_items(known)?;
        }
        self.meta.lock = Some(lock);
        self.write().await
    }

    async fn release(self) -> RpcResult {
        let known = self.known();
        if known.as_ref().is_none_or(|known| known.meta.lock.is_none()) {
            return Err(RpcError::new("variable doesn't hold a lock"));
        }
        let command = VariableCommand::Release {
            namespace: self.meta.namespace.clone(),
            path: self.meta.path.clone(),
            holding: self.holding.clone(),
        };
        match self.carry_out(command).await? {
            Some(index) => {
                let meta = self.known().map(|known| known.meta).unwrap_or_default();
                let shown = lab_wire::rpc::to_value(&meta).unwrap_or(Value::Nil);
                Ok(self.done(index, Some(shown)))
            }
            None => self.conflict(),
        }
    }

    fn known(&self) -> Option<EncryptedVariable> {
        let key = (self.meta.namespace.clone(), self.meta.path.clone());
        self.server.store.read(|tables| tables.variables.table.get(&key).cloned())
    }

    /// The index of what was changed; `None`: what is there does not let it.
    async fn carry_out(&self, command: VariableCommand) -> Result<Option<u64>, RpcError> {
        match self.server.apply(Command::Variables(command)).await {
            Ok(index) => Ok(Some(index)),
            Err(error) if error.0.ends_with(CONFLICT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn done(&self, index: u64, output: Option<Value>) -> Value {
        map([
            ("Op", self.operation.into()),
            ("Input", Value::Nil),
            ("Result", "ok".into()),
            ("Output", output.unwrap_or(Value::Nil)),
            ("Conflict", Value::Nil),
            ("Index", index.into()),
        ])
    }

    /// What is there instead; who may not read it, or finds it locked, sees only that.
    fn conflict(&self) -> RpcResult {
        let known = self.known();
        let is_locked = known.as_ref().is_some_and(|known| known.meta.lock.is_some());
        let nothing = VariableMeta {
            namespace: self.meta.namespace.clone(),
            path: self.meta.path.clone(),
            ..VariableMeta::default()
        };
        let (result, shown) = match known {
            Some(known) if !is_locked && self.may_read => {
                ("conflict", with_items(&known.meta, &self.server.open_items(&known)?))
            }
            _ => {
                let shown = lab_wire::rpc::to_value(&nothing).unwrap_or(Value::Nil);
                (if self.may_read { "conflict" } else { "conflict-redacted" }, shown)
            }
        };
        let index = self.server.store.read(|tables| tables.index);
        Ok(map([
            ("Op", self.operation.into()),
            ("Input", Value::Nil),
            ("Result", result.into()),
            ("Output", Value::Nil),
            ("Conflict", shown),
            ("Index", index.into()),
        ]))
    }
}
