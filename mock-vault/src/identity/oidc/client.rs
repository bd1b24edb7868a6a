//! `identity/oidc/client`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::identity::oidc::model::{Client, DEFAULT};
use crate::identity::oidc::unique;
use crate::logical::{Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("key"),
    Field::comma_list("redirect_uris"),
    Field::comma_list("assignments"),
    Field::text("client_type"),
    Field::seconds("id_token_ttl"),
    Field::seconds("access_token_ttl"),
];

/// The endpoints of clients.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("oidc/client/?", &[], &[(List, list)]),
    Endpoint::new("oidc/client/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .exists(|state, call| state.identity.oidc.clients.contains(call.fields.text("name"))),
];

const DAY: Duration = Duration::from_secs(86_400);

fn describe(client: &Client) -> Data {
    let value = json!({
        "access_token_ttl": client.access_token_ttl.as_secs(), "assignments": client.assignments,
        "client_id": client.client_id, "client_type": client.client_type, "id_token_ttl": client.id_token_ttl.as_secs(),
        "key": client.key, "redirect_uris": client.redirect_uris,
    });
    value.as_object().cloned().unwrap_or_default()
}

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    let clients = &state.identity.oidc.clients;
    let info: Data = clients.iter().map(|(name, client)| (name.clone(), describe(client).into())).collect();
    let mut response = Response::keys(clients.names().cloned().collect::<Vec<_>>());
    if let Some(data) = response.data.as_mut().filter(|_| !info.is_empty()) {
        data.insert("key_info".into(), info.into());
    }
    response.ok()
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let Some(client) = state.identity.oidc.clients.get(call.fields.text("name")) else {
        return Ok(Reply::Nothing);
    };
    let mut data = describe(client);
    if !client.client_secret.is_empty() {
        data.insert("client_secret".into(), client.client_secret.as_str().into());
    }
    respond(Value::Object(data))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let oidc = &mut state.identity.oidc;
    let known = oidc.clients.get(fields.text("name")).cloned();
    let mut client = known.clone().unwrap_or_else(|| Client {
        key: DEFAULT.to_owned(),
        client_type: "confidential".to_owned(),
        id_token_ttl: DAY,
        access_token_ttl: DAY,
        ..Client::default()
    });
    if fields.has("redirect_uris") {
        client.redirect_uris = unique(fields.list("redirect_uris"));
    }
    if fields.has("assignments") {
        client.assignments = unique(fields.list("assignments"));
    }
    if let Some(name) = client.assignments.iter().find(|name| !oidc.assignments.contains(name)) {
        return Err(Refusal::Invalid(format!("assignment {name:?} does not exist")));
    }
    if fields.has("key") {
        if known.as_ref().is_some_and(|known| known.key != fields.text("key")) {
            return Err(Refusal::invalid("key modification is not allowed"));
        }
        client.key = fields.text("key").to_owned();
    }
    let Some(key) = oidc.keys.get_mut(&client.key) else {
        return Err(Refusal::Invalid(format!("key {:?} does not exist", client.key)));
    };
    if fields.has("id_token_ttl") {
        client.id_token_ttl = fields.duration("id_token_ttl");
    }
    if client.id_token_ttl > key.verification_ttl {
        return Err(Refusal::invalid(
            "a client's id_token_ttl cannot be greater than the verification_ttl of the key it references",
        ));
    }
    if fields.has("access_token_ttl") {
        client.access_token_ttl = fields.duration("access_token_ttl");
    }
    if fields.has("client_type") {
        let kind = fields.text("client_type");
        if known.as_ref().is_some_and(|known| known.client_type != kind) {
            return Err(Refusal::invalid("client_type modification is not allowed"));
        }
        if !["confidential", "public"].contains(&kind) {
            return Err(Refusal::Invalid(format!("invalid client_type {kind:?}")));
        }
        client.client_type = kind.to_owned();
    }
    let entropy = &call.environment.entropy;
    if known.is_none() {
        client.client_id = entropy.alphanumeric(32);
        if client.client_type == "confidential" {
            client.client_secret = format!("hvo_secret_{}", entropy.alphanumeric(64));
        }
    }
    key.prepare(call.environment)?;
    oidc.clients.insert(fields.text("name"), client);
    Ok(Reply::Nothing)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    state.identity.oidc.clients.remove(call.fields.text("name"));
    Ok(Reply::Nothing)
}
