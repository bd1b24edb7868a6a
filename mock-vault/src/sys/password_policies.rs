//! `sys/policies/password`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::settings::PasswordPolicy;
use crate::state::State;

const FIELDS: &[Field] = &[Field::text("name"), Field::text("policy")];

/// The endpoints of password policies.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("policies/password/?", &[], &[(List, list)]),
    Endpoint::new("policies/password/{name}/generate", &[FIELDS], &[(Read, generate)]),
    Endpoint::new("policies/password/{name+}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)]),
];

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.settings.password_policies.names().cloned().collect::<Vec<_>>()).ok()
}

fn known<'a>(state: &'a State, call: &Call<'_>) -> Result<&'a String, Refusal> {
    let absent = || Refusal::Listed { status: 404, text: "policy does not exist".into() };
    state.settings.password_policies.get(call.fields.text("name")).ok_or_else(absent)
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    respond(json!({"policy": known(state, call)?}))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let refuse = |text: String| Refusal::Listed { status: 400, text };
    let sent = call.fields.text("policy");
    if sent.is_empty() {
        return Err(refuse("missing policy".into()));
    }
    let text = match STANDARD.decode(sent).map(String::from_utf8) {
        Err(_) => sent.to_owned(),
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            return Err(refuse("invalid password policy: unable to decode: At 1:1: illegal char".into()));
        }
    };
    PasswordPolicy::parse(&text).map_err(refuse)?;
    state.settings.password_policies.insert(call.fields.text("name"), text);
    Ok(Reply::Nothing)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    state.settings.password_policies.remove(call.fields.text("name"));
    Ok(Reply::Nothing)
}

fn generate(state: &mut State, call: &Call<'_>) -> Outcome {
    let policy = PasswordPolicy::parse(known(state, call)?).map_err(Refusal::Failed)?;
    respond(json!({"password": policy.generate(&call.environment.entropy)}))
}
