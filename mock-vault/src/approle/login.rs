//! `login`.

use serde_json::Value;

use crate::approle::AppRole;
use crate::logical::{Alias, Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Response};

const FIELDS: &[Field] = &[Field::text("role_id"), Field::text("secret_id")];

/// The endpoint of logging in.
pub(super) static ENDPOINTS: &[Endpoint<AppRole>] =
    &[Endpoint::new("login", &[FIELDS], &[(Read, login), (Update, login)])];

fn login(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let invalid = || Refusal::invalid("invalid role or secret ID");
    let role_id = call.fields.text("role_id");
    if role_id.is_empty() {
        return Err(Refusal::Failed("failed to determine alias name from login request".into()));
    }
    let (name, role) = approle
        .roles
        .iter()
        .find(|(_, role)| role.role_id == role_id)
        .map(|(name, role)| (name.clone(), role.clone()))
        .ok_or_else(invalid)?;
    let mut metadata = std::collections::BTreeMap::from([("role_name".to_owned(), name.clone())]);
    let mut auth = role.token.grant(false);
    if role.bind_secret_id {
        let secret_id = call.fields.text("secret_id");
        if secret_id.is_empty() {
            return Err(Refusal::invalid("missing secret_id"));
        }
        let wrong = || Refusal::Credentials("invalid role or secret ID".into());
        let secret = approle.secret(&name, secret_id, call.now()).cloned().ok_or_else(wrong)?;
        let blocks =
            [secret.cidr_list.clone(), role.secret_id_bound_cidrs.clone().unwrap_or_default()].concat();
        if !blocks.is_empty() && !crate::dispatch::within(&blocks, call.request.remote.ip()) {
            return Err(Refusal::Invalid(format!(
                "source address {:?} unauthorized through CIDR restrictions on the secret ID",
                call.request.remote.ip().to_string()
            )));
        }
        metadata.extend(secret.metadata.clone());
        if !secret.token_bound_cidrs.is_empty() {
            auth.bound_cidrs.clone_from(&secret.token_bound_cidrs);
        }
        use_up(approle, &secret.accessor);
    }
    role.token.check_address(call)?;
    auth.alias = Some(Alias { name: role_id.to_owned(), ..Alias::default() });
    auth.metadata = Some(metadata);
    auth.internal = Data::from_iter([("role_name".to_owned(), Value::from(name))]);
    Response { auth: Some(auth), ..Response::default() }.ok()
}

/// A secret id with a limited number of uses goes with the last of them.
fn use_up(approle: &mut AppRole, accessor: &str) {
    let left = match approle.secret_ids.get(accessor).map(|secret| secret.num_uses) {
        Some(uses) if uses > 0 => uses - 1,
        _ => return,
    };
    if left == 0 {
        approle.secret_ids.remove(accessor);
    } else if let Some(secret) = approle.secret_ids.get_mut(accessor) {
        secret.num_uses = left;
    }
}
