//! `identity/oidc/scope`.

use serde_json::json;

use crate::identity::oidc::{template, unused};
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::state::State;

const FIELDS: &[Field] = &[Field::text("name"), Field::text("template"), Field::text("description")];

/// The endpoints of scopes.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("oidc/scope/?", &[], &[(List, list)]),
    Endpoint::new("oidc/scope/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .exists(|state, call| state.identity.oidc.scopes.contains(call.fields.text("name"))),
];

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.identity.oidc.scopes.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let Some(scope) = state.identity.oidc.scopes.get(call.fields.text("name")) else {
        return Ok(Reply::Nothing);
    };
    respond(json!({"description": scope.description, "template": scope.template}))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("name");
    if name == "openid" {
        return Err(Refusal::invalid("the \"openid\" scope name is reserved"));
    }
    let mut scope = state.identity.oidc.scopes.get(name).cloned().unwrap_or_default();
    if fields.has("description") {
        scope.description = fields.text("description").to_owned();
    }
    if fields.has("template") {
        scope.template = template::text(fields.text("template"));
    }
    template::check(&scope.template, call.now()).map_err(Refusal::Invalid)?;
    state.identity.oidc.scopes.insert(name, scope);
    Ok(Reply::Nothing)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let oidc = &mut state.identity.oidc;
    let users = oidc
        .providers
        .iter()
        .filter(|(_, provider)| provider.scopes_supported.iter().any(|scope| scope == name));
    unused("scope", name, "providers", users.map(|(name, _)| name))?;
    oidc.scopes.remove(name);
    Ok(Reply::Nothing)
}
