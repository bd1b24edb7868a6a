//! The `cubbyhole/` mount: secrets that only one token sees.

use serde_json::Value;

use crate::logical::{Call, Data, Endpoint, Operation::*, Outcome, Refusal, Reply, Response};
use crate::state::State;
use crate::storage::{Table, Writes};

/// Where a wrapping token keeps what it wraps.
pub(crate) const RESPONSE: &str = "response";

const DEPRECATED: &str = "Reading from 'cubbyhole/response' is deprecated. Please use sys/wrapping/unwrap to unwrap responses, \
    as it provides additional security checks and other benefits.";

/// Secrets by the token's name and their path.
#[derive(Default)]
pub(crate) struct Cubbyhole {
    secrets: Table<Data>,
}

impl Cubbyhole {
    /// A token's secret.
    pub(crate) fn get(&self, token: &str, path: &str) -> Option<&Data> {
        self.secrets.get(&key(token, path))
    }

    /// Keeps a secret for a token.
    pub(crate) fn put(&mut self, token: &str, path: &str, secret: Data) {
        self.secrets.insert(key(token, path), secret);
    }

    /// Drops everything that a token has.
    pub(crate) fn forget(&mut self, token: &str) {
        let keys: Vec<String> = self.secrets.under(&key(token, "")).map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.secrets.remove(&key);
        }
    }

    pub(crate) fn flush(&mut self, writes: &mut Writes) {
        self.secrets.flush("cubbyhole/", writes);
    }

    pub(crate) fn load(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        self.secrets.load(name, bytes)
    }
}

fn key(token: &str, path: &str) -> String {
    format!("{token}/{path}")
}

/// The endpoints of the cubbyhole.
pub(crate) static ENDPOINTS: &[Endpoint<State>] =
    &[Endpoint::new("{path*}", &[], &[(Read, read), (Update, write), (Delete, delete), (List, list)])
        .open()
        .exists(exists)];

fn owner<'a>(call: &'a Call<'_>) -> Result<&'a str, Refusal> {
    let caller = call.caller.ok_or(Refusal::Denied)?;
    if caller.token.batch {
        return Err(Refusal::invalid("cubbyhole operations are only supported by \"service\" type tokens"));
    }
    Ok(&caller.token_id)
}

fn exists(state: &State, call: &Call<'_>) -> bool {
    owner(call).is_ok_and(|owner| state.cubbyhole.get(owner, call.path).is_some())
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let owner = owner(call)?;
    if call.path.is_empty() {
        return Err(Refusal::Failed("missing path".into()));
    }
    let Some(secret) = state.cubbyhole.get(owner, call.path) else { return Ok(Reply::Nothing) };
    let mut response = Response::of(Value::Object(secret.clone()));
    if call.path == RESPONSE {
        response.warnings.push(DEPRECATED.into());
    }
    response.ok()
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let owner = owner(call)?.to_owned();
    if call.request.data.is_empty() {
        return Err(Refusal::Failed("missing data fields".into()));
    }
    if call.path.is_empty() {
        return Err(Refusal::Failed("missing path".into()));
    }
    state.cubbyhole.put(&owner, call.path, call.request.data.clone());
    Ok(Reply::Nothing)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(owner(call)?, call.path);
    state.cubbyhole.secrets.remove(&key);
    Ok(Reply::Nothing)
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let key = key(owner(call)?, call.path);
    Response::keys(state.cubbyhole.secrets.list(&key)).ok()
}
