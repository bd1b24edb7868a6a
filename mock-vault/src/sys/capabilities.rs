//! `sys/capabilities`, `capabilities-self` and `capabilities-accessor`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::logical::{Call, Caller, Data, Endpoint, Field, Operation::*, Outcome, Refusal, respond};
use crate::state::State;
use crate::token::TokenEntry;

const FIELDS: &[Field] =
    &[Field::text("token"), Field::text("accessor"), Field::comma_list("path"), Field::comma_list("paths")];

/// The endpoints of capabilities.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("capabilities", &[FIELDS], &[(Update, of_token)]),
    Endpoint::new("capabilities-self", &[FIELDS], &[(Update, of_self)]),
    Endpoint::new("capabilities-accessor", &[FIELDS], &[(Update, of_accessor)]),
];

fn of_self(state: &mut State, call: &Call<'_>) -> Outcome {
    let caller = call.caller.ok_or(Refusal::Denied)?;
    answer(state, call, caller.token_id.clone(), Arc::clone(&caller.token))
}

fn of_token(state: &mut State, call: &Call<'_>) -> Outcome {
    if call.fields.text("token").is_empty() {
        return Err(Refusal::Failed("no token found".into()));
    }
    match state.tokens.find(call.fields.text("token"), call.now()) {
        Some((name, token)) => answer(state, call, name, token),
        None => Err(Refusal::Listed { status: 400, text: "invalid token".into() }),
    }
}

fn of_accessor(state: &mut State, call: &Call<'_>) -> Outcome {
    let accessor = call.fields.text("accessor");
    if accessor.is_empty() {
        return Err(Refusal::invalid("missing accessor"));
    }
    let name = state.tokens.by_accessor(accessor).cloned();
    match name.and_then(|name| state.tokens.get(&name).cloned().map(|token| (name, Arc::new(token)))) {
        Some((name, token)) => answer(state, call, name, token),
        None => Err(Refusal::Listed { status: 400, text: "invalid accessor".into() }),
    }
}

fn answer(state: &mut State, call: &Call<'_>, token_id: String, token: Arc<TokenEntry>) -> Outcome {
    let mut paths = call.fields.list("paths");
    if paths.is_empty() {
        paths = call.fields.list("path");
    }
    if paths.is_empty() {
        return Err(Refusal::invalid("paths must be supplied"));
    }
    let subject = state.identity.subject(&token.entity_id);
    let root = token.is_root();
    let caller = Caller { token, token_id, subject, root, sudo: root };
    let acl = (!root).then(|| state.acl_of(&caller, call.environment));
    let mut data = Data::new();
    for path in &paths {
        let names = match &acl {
            Some(acl) => acl.capabilities(path.strip_prefix('/').unwrap_or(path)).names(),
            None => vec!["root"],
        };
        data.insert(path.clone(), json!(names));
    }
    if let [single] = paths.as_slice() {
        let names = data.get(single).cloned().unwrap_or_default();
        data.insert("capabilities".into(), names);
    }
    respond(Value::Object(data))
}
