//! `role`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::auth::{self, TokenParameters};
use crate::jwt::engine::Jwt;
use crate::logical::{
    Call, Data, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, go_print,
};

const FIELDS: &[Field] = &[
    Field::lower("name"),
    Field::text("role_type"),
    Field::text("user_claim"),
    Field::flag("user_claim_json_pointer"),
    Field::comma_list("bound_audiences"),
    Field::text("bound_subject"),
    Field::object("bound_claims"),
    Field::text("bound_claims_type").or_text("string"),
    Field::pairs("claim_mappings"),
    Field::text("groups_claim"),
    Field::signed_seconds("expiration_leeway"),
    Field::signed_seconds("not_before_leeway"),
    Field::signed_seconds("clock_skew_leeway"),
    Field::comma_list("allowed_redirect_uris"),
    Field::comma_list("oidc_scopes"),
    Field::flag("verbose_oidc_logging"),
    Field::seconds("max_age"),
];

/// The endpoints of roles.
pub(super) static ENDPOINTS: &[Endpoint<Jwt>] = &[
    Endpoint::new("role/?", &[], &[(List, list)]),
    Endpoint::new(
        "role/{name}",
        &[FIELDS, auth::FIELDS, auth::OLD_FIELDS],
        &[(Read, read), (Update, write), (Delete, delete)],
    )
    .exists(is_there),
];

/// Which tokens may log in, and what they get.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) role_type: String,
    pub(super) user_claim: String,
    pub(super) user_claim_json_pointer: bool,
    pub(super) bound_audiences: Option<Vec<String>>,
    pub(super) bound_subject: String,
    pub(super) bound_claims: Option<Data>,
    pub(super) bound_claims_type: String,
    pub(super) claim_mappings: Option<BTreeMap<String, String>>,
    pub(super) groups_claim: String,
    pub(super) expiration_leeway: i64,
    pub(super) not_before_leeway: i64,
    pub(super) clock_skew_leeway: i64,
    pub(super) allowed_redirect_uris: Option<Vec<String>>,
    pub(super) oidc_scopes: Option<Vec<String>>,
    pub(super) verbose_oidc_logging: bool,
    pub(super) max_age: i64,
    pub(super) token: TokenParameters,
}

impl Role {
    /// Whom a token has to be for: one of these.
    pub(super) fn audiences(&self) -> &[String] {
        self.bound_audiences.as_deref().unwrap_or_default()
    }
}

fn is_there(jwt: &Jwt, call: &Call<'_>) -> bool {
    jwt.roles.contains(call.fields.text("name"))
}

fn list(jwt: &mut Jwt, _: &Call<'_>) -> Outcome {
    Response::keys(jwt.roles.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(jwt: &mut Jwt, call: &Call<'_>) -> Outcome {
    let Some(role) = jwt.roles.get(call.fields.text("name")) else { return Ok(Reply::Nothing) };
    let mut response = Response::of(json!({
        "role_type": role.role_type, "expiration_leeway": role.expiration_leeway,
        "not_before_leeway": role.not_before_leeway, "clock_skew_leeway": role.clock_skew_leeway,
        "bound_audiences": role.bound_audiences, "bound_subject": role.bound_subject,
        "bound_claims_type": role.bound_claims_type, "bound_claims": role.bound_claims,
        "claim_mappings": role.claim_mappings, "user_claim": role.user_claim,
        "user_claim_json_pointer": role.user_claim_json_pointer, "groups_claim": role.groups_claim,
        "allowed_redirect_uris": role.allowed_redirect_uris, "oidc_scopes": role.oidc_scopes,
        "verbose_oidc_logging": role.verbose_oidc_logging, "max_age": role.max_age,
    }));
    if let Some(data) = &mut response.data {
        role.token.describe(data);
    }
    response.ok()
}

fn delete(jwt: &mut Jwt, call: &Call<'_>) -> Outcome {
    jwt.roles.remove(call.fields.text("name"));
    Ok(Reply::Nothing)
}

/// What is not sent stays, but for the two types, which go back to their presets.
fn write(jwt: &mut Jwt, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("name");
    let mut role = jwt.roles.get(name).cloned().unwrap_or_default();
    role.role_type = match fields.text("role_type") {
        "" => "oidc".into(),
        kind @ ("jwt" | "oidc") => kind.into(),
        other => return Err(Refusal::Invalid(format!("invalid 'role_type': {other}"))),
    };
    role.token.update(fields)?;
    let mut warnings: Vec<String> = role.token.against(call.mount)?.into_iter().collect();
    constraints(&mut role, call)?;
    claims(&mut role, call)?;
    check(&role)?;
    if role.verbose_oidc_logging {
        warnings.push(
            "verbose_oidc_logging has been enabled for this role. This is not recommended in production since sensitive \
             information may be present in OIDC responses."
                .into(),
        );
    }
    jwt.roles.insert(name, role);
    if warnings.is_empty() {
        return Ok(Reply::Nothing);
    }
    Response { warnings: std::mem::take(&mut warnings), ..Response::default() }.ok()
}

fn constraints(role: &mut Role, call: &Call<'_>) -> Result<(), Refusal> {
    let fields = &call.fields;
    if fields.has("bound_audiences") {
        role.bound_audiences = Some(fields.list("bound_audiences"));
    }
    if fields.has("bound_subject") {
        role.bound_subject = fields.text("bound_subject").to_owned();
    }
    role.bound_claims_type = match fields.text("bound_claims_type") {
        kind @ ("string" | "glob") => kind.to_owned(),
        other => return Err(Refusal::Invalid(format!("invalid 'bound_claims_type': {other}"))),
    };
    if fields.has("bound_claims") {
        role.bound_claims = fields.object("bound_claims").cloned();
    }
    for (name, leeway) in [
        ("expiration_leeway", &mut role.expiration_leeway),
        ("not_before_leeway", &mut role.not_before_leeway),
        ("clock_skew_leeway", &mut role.clock_skew_leeway),
    ] {
        if fields.has(name) {
            *leeway = fields.number(name);
        }
    }
    Ok(())
}

fn claims(role: &mut Role, call: &Call<'_>) -> Result<(), Refusal> {
    let fields = &call.fields;
    if fields.has("user_claim") {
        role.user_claim = fields.text("user_claim").to_owned();
    }
    if fields.has("user_claim_json_pointer") {
        role.user_claim_json_pointer = fields.flag("user_claim_json_pointer");
    }
    if fields.has("groups_claim") {
        role.groups_claim = fields.text("groups_claim").to_owned();
    }
    if fields.has("claim_mappings") {
        let mappings = fields.pairs("claim_mappings");
        let mut targets = Vec::new();
        for target in mappings.values() {
            if target == "role" {
                return Err(Refusal::invalid(
                    "metadata key \"role\" is reserved and may not be a mapping destination",
                ));
            }
            if targets.contains(&target) {
                return Err(Refusal::Invalid(format!("multiple keys are mapped to metadata key {target:?}")));
            }
            targets.push(target);
        }
        role.claim_mappings = Some(mappings);
    }
    for (name, list) in
        [("allowed_redirect_uris", &mut role.allowed_redirect_uris), ("oidc_scopes", &mut role.oidc_scopes)]
    {
        if fields.has(name) {
            *list = Some(fields.list(name));
        }
    }
    if fields.has("verbose_oidc_logging") {
        role.verbose_oidc_logging = fields.flag("verbose_oidc_logging");
    }
    if fields.has("max_age") {
        role.max_age = fields.number("max_age");
    }
    Ok(())
}

fn check(role: &Role) -> Result<(), Refusal> {
    let refuse = |text: &str| Err(Refusal::invalid(text));
    if role.user_claim.is_empty() {
        return refuse("a user claim must be defined on the role");
    }
    if role.role_type == "oidc" && role.allowed_redirect_uris.as_ref().is_none_or(Vec::is_empty) {
        return refuse("'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified.");
    }
    let bound = !role.audiences().is_empty()
        || !role.bound_subject.is_empty()
        || role.bound_claims.as_ref().is_some_and(|claims| !claims.is_empty())
        || !role.token.bound_cidrs.is_empty();
    if role.role_type == "jwt" && !bound {
        return refuse("must have at least one bound constraint when creating/updating a role");
    }
    if role.bound_claims_type == "glob" {
        for value in role.bound_claims.iter().flat_map(|claims| claims.values()) {
            let items = match value {
                Value::Array(items) => items.as_slice(),
                single => std::slice::from_ref(single),
            };
            if let Some(other) = items.iter().find(|item| !item.is_string()) {
                return Err(Refusal::Invalid(format!("claim is not a string: {}", go_print(other))));
            }
        }
    }
    Ok(())
}
