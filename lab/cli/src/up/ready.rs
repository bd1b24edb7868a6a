//! When a lab is ready, and the token of a Nomad that asks for one.

use std::path::Path;
use std::time::Duration;

use http::Method;
use lab_world::pause;
use serde_json::Value;

use super::state::State;
use crate::exit::Failure;
use crate::stand_in::Client;

/// How often it is looked whether everything is ready.
const LOOKS: u32 = 600;
/// How long there is between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Waits until every Nomad server that runs answers: a client that finds nobody tries again only after a quarter of a
/// minute, as the real one does.
pub(super) fn wait_for_servers(state: &State) -> Result<(), Failure> {
    let client = client(state)?;
    for unit in state.units.iter().filter(|unit| unit.name.starts_with("server-")) {
        let url = format!("{}/v1/status/leader", unit.address);
        for _ in 0..LOOKS {
            let request = http::Request::get(&url).body(bytes::Bytes::new());
            if request.is_ok_and(|request| client.send(request).is_ok()) || !unit.is_running() {
                break;
            }
            pause(LOOK_AGAIN);
        }
    }
    Ok(())
}

/// Waits until Vault answers, Nomad has a leader and so many clients are ready. With `acl` Nomad's first token is made
/// on the way and put into the state.
pub(super) fn wait(state: &mut State, clients: usize, acl: bool) -> Result<(), Failure> {
    let client = client(state)?;
    for _ in 0..LOOKS {
        if let Some(unit) = state.units.iter().find(|unit| !unit.is_running()) {
            return Err(Failure::SetUp(format!("{} has ended:\n{}", unit.name, last_lines(&unit.log))));
        }
        if is_ready(state, &client, clients, acl) {
            return Ok(());
        }
        pause(LOOK_AGAIN);
    }
    Err(Failure::SetUp(format!(
        "not everything became ready in {} s; the logs are in {}",
        (LOOK_AGAIN * LOOKS).as_secs(),
        state.units.first().and_then(|unit| unit.log.parent()).unwrap_or(Path::new(".")).display()
    )))
}

fn client(state: &State) -> Result<Client, Failure> {
    let settings =
        state.certificates.as_ref().map(|certificates| certificates.settings()).unwrap_or_default();
    Client::new(&settings, "127.0.0.1", Some(Duration::from_secs(2)))
        .map_err(|error| Failure::SetUp(error.to_string()))
}

fn is_ready(state: &mut State, client: &Client, clients: usize, acl: bool) -> bool {
    let call = |method: Method, url: String, token: &str| -> Option<Value> {
        let request = http::Request::builder().method(method).uri(url).header("X-Nomad-Token", token);
        let response = client.send(request.body(bytes::Bytes::new()).ok()?).ok()?;
        response.status().is_success().then(|| serde_json::from_slice(response.body()).ok())?
    };
    let vault = call(Method::GET, format!("{}/v1/sys/health", state.vault), "");
    let leader = call(Method::GET, format!("{}/v1/status/leader", state.nomad), "");
    if vault.is_none() || leader.as_ref().and_then(Value::as_str).is_none_or(str::is_empty) {
        return false;
    }
    if acl && state.nomad_token.is_none() {
        let made = call(Method::PUT, format!("{}/v1/acl/bootstrap", state.nomad), "");
        let secret = made.as_ref().and_then(|made| made.get("SecretID")).and_then(Value::as_str);
        state.nomad_token = secret.map(str::to_owned);
    }
    let token = state.nomad_token.as_deref().unwrap_or_default();
    let nodes = call(Method::GET, format!("{}/v1/nodes", state.nomad), token);
    let is_up = |node: &&Value| node.get("Status").and_then(Value::as_str) == Some("ready");
    nodes
        .as_ref()
        .and_then(Value::as_array)
        .is_some_and(|nodes| nodes.iter().filter(is_up).count() >= clients)
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}
