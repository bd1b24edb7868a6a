//! KV version 1.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::logical::{
    Call, Data, Endpoint, Operation::*, Outcome, Refusal, Reply, Response, Secret, exists, invoke,
    parse_seconds,
};
use crate::mounts::Engine;
use crate::storage::{Table, Writes};

/// Secrets by path.
#[derive(Default)]
pub(crate) struct Plain {
    secrets: Table<Data>,
}

static ENDPOINTS: &[&[Endpoint<Plain>]] =
    &[&[Endpoint::new("{path*}", &[], &[(Read, read), (Update, write), (Delete, delete), (List, list)])
        .open()
        .exists(is_there)]];

fn is_there(kv: &Plain, call: &Call<'_>) -> bool {
    kv.secrets.contains(call.path)
}

fn read(kv: &mut Plain, call: &Call<'_>) -> Outcome {
    let Some(secret) = kv.secrets.get(call.path) else { return Ok(Reply::Nothing) };
    // A secret may say itself how long it is to be believed.
    let own = ["ttl", "lease"].iter().find_map(|name| secret.get(*name)).map(parse_seconds);
    let ttl = match own {
        Some(Ok(seconds)) if seconds > 0 => Duration::from_secs(seconds.unsigned_abs()),
        _ => call.mount.default_ttl,
    };
    let mut response = Response::of(Value::Object(secret.clone()));
    response.secret =
        Some(Secret { ttl, max_ttl: ttl, renewable: false, internal: None, lease_id: String::new() });
    response.ok()
}

fn write(kv: &mut Plain, call: &Call<'_>) -> Outcome {
    if call.path.is_empty() {
        return Err(Refusal::invalid("missing path"));
    }
    if call.request.data.is_empty() {
        return Err(Refusal::invalid("missing data fields"));
    }
    kv.secrets.insert(call.path, call.request.data.clone());
    Ok(Reply::Nothing)
}

fn delete(kv: &mut Plain, call: &Call<'_>) -> Outcome {
    kv.secrets.remove(call.path);
    Ok(Reply::Nothing)
}

fn list(kv: &mut Plain, call: &Call<'_>) -> Outcome {
    Response::keys(kv.secrets.list(call.path)).ok()
}

impl Engine for Plain {
    fn exists(&self, call: &mut Call<'_>) -> Result<Option<bool>, Refusal> {
        exists(ENDPOINTS, self, call)
    }

    fn handle(&mut self, call: &mut Call<'_>) -> Outcome {
        invoke(ENDPOINTS, self, call)
    }

    fn surrender(&mut self) -> BTreeMap<String, Data> {
        std::mem::take(&mut self.secrets)
            .iter()
            .map(|(path, secret)| (path.clone(), secret.clone()))
            .collect()
    }

    fn flush(&mut self, prefix: &str, writes: &mut Writes) {
        self.secrets.flush(format_args!("{prefix}secret/"), writes);
    }

    fn load(&mut self, key: &str, bytes: &[u8]) -> Result<(), String> {
        match key.strip_prefix("secret/") {
            Some(path) => self.secrets.load(path, bytes),
            None => Ok(()),
        }
    }
}
