//! `identity/oidc/assignment`.

use serde_json::json;

use crate::identity::oidc::model::ALLOW_ALL;
use crate::identity::oidc::unused;
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::policy::listed;
use crate::state::State;

const FIELDS: &[Field] =
    &[Field::text("name"), Field::comma_list("entity_ids"), Field::comma_list("group_ids")];

/// The endpoints of assignments.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("oidc/assignment/?", &[], &[(List, list)]),
    Endpoint::new("oidc/assignment/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)])
        .exists(|state, call| state.identity.oidc.assignments.contains(call.fields.text("name"))),
];

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.identity.oidc.assignments.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let Some(found) = state.identity.oidc.assignments.get(call.fields.text("name")) else {
        return Ok(Reply::Nothing);
    };
    respond(json!({"entity_ids": found.entity_ids, "group_ids": found.group_ids}))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("name");
    if name == ALLOW_ALL {
        return Err(Refusal::Invalid(format!("modification of assignment {name:?} not allowed")));
    }
    let mut assignment = state.identity.oidc.assignments.get(name).cloned().unwrap_or_default();
    if fields.has("entity_ids") {
        assignment.entity_ids = listed(&fields.list("entity_ids"));
    }
    if fields.has("group_ids") {
        assignment.group_ids = listed(&fields.list("group_ids"));
    }
    state.identity.oidc.assignments.insert(name, assignment);
    Ok(Reply::Nothing)
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    if name == ALLOW_ALL {
        return Err(Refusal::Invalid(format!("deletion of assignment {name:?} not allowed")));
    }
    let oidc = &mut state.identity.oidc;
    let users = oidc.clients.iter().filter(|(_, client)| client.assignments.iter().any(|one| one == name));
    unused("assignment", name, "clients", users.map(|(name, _)| name))?;
    oidc.assignments.remove(name);
    Ok(Reply::Nothing)
}
