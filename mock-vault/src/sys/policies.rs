//! `sys/policies/acl` and, of old, `sys/policy`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::policy::PolicyStore;
use crate::state::State;

const FIELDS: &[Field] = &[Field::text("name"), Field::text("policy")];
const OLD: &[Field] = &[Field::text("name"), Field::text("policy"), Field::text("rules")];

/// The endpoints of policies.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("policies/acl/?", &[], &[(List, list)]),
    Endpoint::new("policies/acl/{name+}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)]),
    Endpoint::new("policy/?", &[], &[(Read, list_old), (List, list_old)]),
    Endpoint::new("policy/{name+}", &[OLD], &[(Read, read_old), (Update, write), (Delete, delete)]),
];

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.policies.names()).ok()
}

fn list_old(state: &mut State, _: &Call<'_>) -> Outcome {
    let names = state.policies.names();
    respond(json!({"keys": names, "policies": names}))
}

fn name(call: &Call<'_>) -> String {
    call.fields.text("name").to_lowercase()
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = name(call);
    match state.policies.text(&name) {
        Some(text) => respond(json!({"name": name, "policy": text})),
        None => Ok(Reply::Nothing),
    }
}

fn read_old(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = name(call);
    match state.policies.text(&name) {
        Some(text) => respond(json!({"name": name, "rules": text})),
        None => Ok(Reply::Nothing),
    }
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut warnings = Vec::new();
    let name = name(call);
    if name != call.fields.text("name") {
        warnings.push(format!("policy name was converted to {name}"));
    }
    let sent = match (call.fields.text("policy"), call.fields.text("rules")) {
        ("", "") => return Err(Refusal::invalid("'policy' parameter not supplied or empty")),
        ("", rules) => {
            warnings.push("'rules' is deprecated, please use 'policy' instead".into());
            rules
        }
        (policy, _) => policy,
    };
    let decoded = STANDARD.decode(sent).ok().filter(|bytes| !bytes.is_empty()).map(String::from_utf8);
    // What happens to be base64 is taken for it.
    let unreadable = |_| Refusal::invalid("failed to parse policy: At 1:1: illegal char");
    let decoded = decoded.transpose().map_err(unreadable)?;
    let text = decoded.as_deref().unwrap_or(sent);
    if name == "root" || PolicyStore::is_internal(&name) {
        // The text is read first, so that its errors come first.
        crate::policy::parse(text).map_err(refuse)?;
        return Err(Refusal::Invalid(format!("cannot update {name:?} policy")));
    }
    if state.policies.set(&name, text).map_err(refuse)? {
        warnings.push(
            "policy contains duplicate attributes, which will no longer be supported in a future version"
                .into(),
        );
    }
    if warnings.is_empty() { Ok(Reply::Nothing) } else { Response { warnings, ..Response::default() }.ok() }
}

fn refuse(error: crate::policy::ParseError) -> Refusal {
    Refusal::Invalid(format!("failed to parse policy: {error}"))
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = name(call);
    match name.as_str() {
        "default" => Err(Refusal::invalid("cannot delete default policy")),
        name if name == "root" || PolicyStore::is_internal(name) => {
            Err(Refusal::Invalid(format!("cannot delete {name:?} policy")))
        }
        name => {
            state.policies.remove(name);
            Ok(Reply::Nothing)
        }
    }
}
