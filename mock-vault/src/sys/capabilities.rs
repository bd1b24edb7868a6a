//! `sys/capabilities`, `capabilities-self` and `capabilities-accessor`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::logical::{Call, Caller, Data, Endpoint, Field, Operation::*, Outcome, Refusal, respond};
use crate::state::State;
use crate::token::TokenEntry;

const PATHS: &[Field] = &[Field::comma_list("path"), Field::comma_list("paths")];
const TOKEN: &[Field] = &[Field::text("token")];
const ACCESSOR: &[Field] = &[Field::text("accessor")];

/// The endpoints of capabilities.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("capabilities", &[TOKEN, PATHS], &[(Update, of_token)]),
    Endpoint::new("capabilities-self", &[TOKEN, PATHS], &[(Update, of_self)]),
    Endpoint::new("capabilities-accessor", &[ACCESSOR, PATHS], &[(Update, of_accessor)]),
];

fn of_self(state: &mut State, call: &Call<'_>) -> Outcome {
    let caller = call.caller.ok_or(Refusal::Denied)?;
    answer(state, call, Some((caller.token_id.clone(), Arc::clone(&caller.token))))
}

fn of_token(state: &mut State, call: &Call<'_>) -> Outcome {
    // What is no text is not taken for one.
    let token = call.fields.raw().get("token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let Some(token) = token else { return Err(Refusal::Failed("no token found".into())) };
    let found = state.tokens.find(token, call.now());
    answer(state, call, found)
}

fn of_accessor(state: &mut State, call: &Call<'_>) -> Outcome {
    let accessor = call.fields.text("accessor");
    if accessor.is_empty() {
        return Err(Refusal::invalid("missing accessor"));
    }
    let name = state.tokens.by_accessor(accessor).cloned();
    match name.and_then(|name| state.tokens.get(&name).cloned().map(|token| (name, Arc::new(token)))) {
        Some(found) => answer(state, call, Some(found)),
        None => Err(Refusal::Listed { status: 400, text: "invalid accessor".into() }),
    }
}

fn answer(state: &mut State, call: &Call<'_>, found: Option<(String, Arc<TokenEntry>)>) -> Outcome {
    let mut paths = call.fields.list("paths");
    if paths.is_empty() {
        paths = call.fields.list("path");
    }
    if paths.is_empty() {
        return Err(Refusal::invalid("paths must be supplied"));
    }
    let refuse = |text: &str| Err(Refusal::Listed { status: 400, text: text.into() });
    if paths[0].is_empty() {
        return refuse("missing path");
    }
    let Some((token_id, token)) = found else { return refuse("invalid token") };
    if paths.iter().any(String::is_empty) {
        return refuse("missing path");
    }
    let subject = state.identity.subject(&token.entity_id);
    let root = token.is_root();
    let caller = Caller { token, token_id, subject, root, sudo: root };
    let acl = (!root).then(|| state.acl_of(&caller, call.environment));
    let mut data = Data::new();
    for path in &paths {
        let names = match &acl {
            Some(acl) => acl.capabilities(path.trim_start_matches('/')).names(),
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
