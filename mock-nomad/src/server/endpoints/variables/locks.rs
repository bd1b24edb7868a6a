//! Locks end when their holder does not renew them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use lab_world::parse_duration;
use rmpv::Value;
use time::OffsetDateTime;

use super::super::acl::faults;
use crate::seam::{RpcError, RpcResult};
use crate::server::{Request, Server};
use crate::state::{Command, VariableCommand};
use crate::structs::{Body, VariableLock, map};

/// How often the leader looks for locks that have ended.
const LOOK: Duration = Duration::from_secs(1);

type Key = (String, String);

/// When locks end, and until when nobody may take those anew that ended by themselves.
#[derive(Default)]
pub(in crate::server) struct LockTimes {
    ends: Mutex<BTreeMap<Key, (String, OffsetDateTime)>>,
    delays: Mutex<BTreeMap<Key, OffsetDateTime>>,
}

/// `Variables.RenewLock`
pub(super) async fn renew(server: &Server, request: &Request) -> RpcResult {
    let body = Body(&request.body);
    let path = body.string("Path").to_owned();
    let namespace =
        Some(body.string("Namespace")).filter(|name| !name.is_empty()).unwrap_or("default").to_owned();
    let id = body.string("LockID");
    if !server.caller(request)?.acl.allows_with_variable(&namespace, &path, "write") {
        return Err(RpcError::permission_denied());
    }
    let missing: Vec<String> = [(path.as_str(), "missing path"), (id, "missing lock ID")]
        .into_iter()
        .filter(|(value, _)| value.is_empty())
        .map(|(_, text)| text.to_owned())
        .collect();
    if !missing.is_empty() {
        return Err(RpcError::new(faults(&missing)));
    }
    let key = (namespace, path);
    let known = server.store.read(|tables| tables.variables.table.get(&key).cloned());
    let known = known.ok_or_else(|| RpcError::coded(404, "variable not found"))?;
    match &known.meta.lock {
        None => return Err(RpcError::coded(400, "variable doesn't hold a lock")),
        Some(lock) if lock.id != id => {
            return Err(RpcError::coded(409, "attempting to modify locked variable"));
        }
        Some(lock) => server.locks.renew(&key, lock, server.parts.host.clock.now()),
    }
    let shown = lab_wire::rpc::to_value(&known.meta).unwrap_or(Value::Nil);
    Ok(map([("VarMeta", shown), ("Index", known.meta.modify_index.into())]))
}

impl LockTimes {
    fn renew(&self, key: &Key, lock: &VariableLock, now: OffsetDateTime) {
        let life = parse_duration(&lock.ttl).unwrap_or_default();
        // Twice the life, so that an answer that is on its way still counts.
        let end = now + life * 2;
        self.ends.lock().expect("no panic while looking").insert(key.clone(), (lock.id.clone(), end));
    }

    fn is_delayed(&self, key: &Key, now: OffsetDateTime) -> bool {
        self.delays.lock().expect("no panic while looking").get(key).is_some_and(|until| now < *until)
    }

    /// The locks that have ended, of those that are held now.
    fn ended(&self, held: &BTreeMap<Key, VariableLock>, now: OffsetDateTime) -> Vec<(Key, VariableLock)> {
        let mut ends = self.ends.lock().expect("no panic while looking");
        ends.retain(|key, (id, _)| held.get(key).is_some_and(|lock| lock.id == *id));
        let mut ended = Vec::new();
        for (key, lock) in held {
            let life = parse_duration(&lock.ttl).unwrap_or_default();
            let (_, end) = ends.entry(key.clone()).or_insert_with(|| (lock.id.clone(), now + life * 2));
            if *end <= now {
                ended.push((key.clone(), lock.clone()));
            }
        }
        let mut delays = self.delays.lock().expect("no panic while looking");
        delays.retain(|_, until| now < *until);
        for (key, lock) in &ended {
            delays.insert(key.clone(), now + parse_duration(&lock.lock_delay).unwrap_or_default());
        }
        ended
    }
}

/// Takes locks away that were not renewed, for as long as this server leads.
pub(in crate::server) async fn watch_locks(server: &Server) {
    loop {
        let held: BTreeMap<Key, VariableLock> = server.store.read(|tables| {
            let all = tables.variables.table.iter();
            all.filter_map(|(key, variable)| Some((key.clone(), variable.meta.lock.clone()?))).collect()
        });
        for ((namespace, path), lock) in server.locks.ended(&held, server.parts.host.clock.now()) {
            let command = VariableCommand::Release { namespace, path, holding: lock.id };
            // Another leader does it where this one no longer can.
            let _ = server.apply(Command::Variables(command)).await;
        }
        match held.is_empty() {
            true => server.wait_for_variables().await,
            false => server.parts.host.clock.sleep(LOOK).await,
        }
    }
}

impl Server {
    /// Whether nobody may take a lock yet that ended by itself.
    pub(in crate::server) fn is_lock_delayed(&self, namespace: &str, path: &str) -> bool {
        self.locks.is_delayed(&(namespace.to_owned(), path.to_owned()), self.parts.host.clock.now())
    }

    async fn wait_for_variables(&self) {
        let mut changed = self.store.subscribe(crate::state::Topic::Variables);
        changed.borrow_and_update();
        // A store that is gone takes this task with it.
        let _ = changed.changed().await;
    }
}
