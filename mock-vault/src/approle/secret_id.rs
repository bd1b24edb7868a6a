//! Secret ids: making, looking up and destroying them.

use std::collections::BTreeMap;
use std::time::Duration;

use lab_world::format_rfc3339_nano;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::approle::AppRole;
use crate::approle::role::{Role, check_blocks};
use crate::dispatch::within;
use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::storage::{moment, seconds};

const FIELDS: &[Field] = &[
    Field::lower("role_name"),
    Field::text("secret_id"),
    Field::text("secret_id_accessor"),
    Field::text("metadata"),
    Field::comma_list("cidr_list"),
    Field::comma_list("token_bound_cidrs"),
    Field::number("num_uses"),
    Field::seconds("ttl"),
];

/// The endpoints of secret ids.
pub(super) static ENDPOINTS: &[Endpoint<AppRole>] = &[
    Endpoint::new("role/{role_name}/secret-id/?", &[FIELDS], &[(List, list), (Update, generate)]),
    Endpoint::new("role/{role_name}/custom-secret-id", &[FIELDS], &[(Update, custom)]),
    Endpoint::new("role/{role_name}/secret-id/lookup/?", &[FIELDS], &[(Update, lookup)]),
    Endpoint::new("role/{role_name}/secret-id/destroy/?", &[FIELDS], &[(Update, destroy), (Delete, destroy)]),
    Endpoint::new("role/{role_name}/secret-id-accessor/lookup/?", &[FIELDS], &[(Update, lookup_accessor)]),
    Endpoint::new(
        "role/{role_name}/secret-id-accessor/destroy/?",
        &[FIELDS],
        &[(Update, destroy_accessor), (Delete, destroy_accessor)],
    ),
    Endpoint::new("tidy/secret-id", &[], &[(Update, tidy)]),
];

/// A secret id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SecretId {
    pub(super) role: String,
    pub(super) secret_id: String,
    pub(super) accessor: String,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) cidr_list: Vec<String>,
    pub(super) token_bound_cidrs: Vec<String>,
    /// 0 for any number.
    pub(super) num_uses: i64,
    #[serde(with = "seconds")]
    pub(super) ttl: Duration,
    #[serde(with = "moment")]
    pub(super) created: OffsetDateTime,
    #[serde(with = "moment")]
    pub(super) updated: OffsetDateTime,
}

impl SecretId {
    /// Whether it can still be used.
    pub(super) fn is_live(&self, now: OffsetDateTime) -> bool {
        self.ttl.is_zero() || now < self.created + self.ttl
    }

    fn describe(&self) -> Value {
        let expires = if self.ttl.is_zero() {
            "0001-01-01T00:00:00Z".to_owned()
        } else {
            format_rfc3339_nano(self.created + self.ttl)
        };
        json!({
            "cidr_list": self.cidr_list, "creation_time": format_rfc3339_nano(self.created), "expiration_time": expires,
            "last_updated_time": format_rfc3339_nano(self.updated), "metadata": self.metadata,
            "secret_id_accessor": self.accessor, "secret_id_num_uses": self.num_uses, "secret_id_ttl": self.ttl.as_secs(),
            "token_bound_cidrs": self.token_bound_cidrs,
        })
    }
}

impl AppRole {
    /// The secret id of a role, while it can be used.
    pub(super) fn secret(&self, role: &str, secret_id: &str, now: OffsetDateTime) -> Option<&SecretId> {
        self.secret_ids
            .values()
            .find(|secret| secret.role == role && secret.secret_id == secret_id && secret.is_live(now))
    }
}

fn list(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let role = call.fields.text("role_name");
    require(approle, role).map_err(|refusal| Refusal::Invalid(refusal.to_string()))?;
    let live =
        approle.secret_ids.iter().filter(|(_, secret)| secret.role == role && secret.is_live(call.now()));
    Response::keys(live.map(|(accessor, _)| accessor.clone()).collect::<Vec<_>>()).ok()
}

fn require(approle: &AppRole, role: &str) -> Result<(), Refusal> {
    if approle.roles.contains(role) {
        Ok(())
    } else {
        Err(Refusal::Failed(format!("role {role:?} does not exist")))
    }
}

fn generate(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    make(approle, call, call.environment.entropy.uuid())
}

fn custom(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    match call.fields.text("secret_id") {
        "" => Err(Refusal::invalid("missing secret_id")),
        id => make(approle, call, id.to_owned()),
    }
}

fn make(approle: &mut AppRole, call: &Call<'_>, secret_id: String) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("role_name");
    let Some(role) = approle.roles.get(name) else {
        return Err(Refusal::Plain { status: 404, text: format!("role {name:?} does not exist") });
    };
    if !role.bind_secret_id {
        return Err(Refusal::invalid("bind_secret_id is not set on the role"));
    }
    let (num_uses, ttl) = limits(role, call)?;
    let metadata = crate::approle::metadata::parse(fields.text("metadata"))
        .map_err(|error| Refusal::Invalid(format!("failed to parse metadata: {error}")))?;
    let secret_id_blocks = role.secret_id_bound_cidrs.as_deref().unwrap_or_default();
    let cidr_list = blocks(fields.list("cidr_list"), secret_id_blocks, "CIDR")?;
    let token_bound_cidrs = blocks(fields.list("token_bound_cidrs"), &role.token.bound_cidrs, "token CIDR")?;
    if approle.secret(name, &secret_id, call.now()).is_some() {
        return Err(Refusal::Failed("failed to store secret_id: SecretID is already registered".into()));
    }
    let secret = SecretId {
        role: name.to_owned(),
        secret_id,
        accessor: call.environment.entropy.uuid(),
        metadata,
        cidr_list,
        token_bound_cidrs,
        num_uses,
        ttl,
        created: call.now(),
        updated: call.now(),
    };
    let answer = json!({
        "secret_id": secret.secret_id, "secret_id_accessor": secret.accessor, "secret_id_num_uses": secret.num_uses,
        "secret_id_ttl": secret.ttl.as_secs(),
    });
    approle.secret_ids.insert(secret.accessor.clone(), secret);
    respond(answer)
}

/// How often and how long the new secret id can be used: what was asked for, within what the role allows.
fn limits(role: &Role, call: &Call<'_>) -> Result<(i64, Duration), Refusal> {
    let fields = &call.fields;
    let num_uses = if fields.has("num_uses") { fields.number("num_uses") } else { role.secret_id_num_uses };
    if num_uses < 0 {
        return Err(Refusal::invalid("num_uses cannot be negative"));
    }
    if role.secret_id_num_uses > 0 && (num_uses == 0 || num_uses > role.secret_id_num_uses) {
        return Err(Refusal::invalid("num_uses cannot be higher than the role's secret_id_num_uses"));
    }
    let ttl = if fields.has("ttl") { fields.duration("ttl") } else { role.secret_id_ttl };
    if !role.secret_id_ttl.is_zero() && (ttl.is_zero() || ttl > role.secret_id_ttl) {
        return Err(Refusal::invalid("ttl cannot be longer than the role's secret_id_ttl"));
    }
    Ok((num_uses, ttl))
}

/// Blocks of addresses, called `kind`, that lie within the role's. Errors: one that is none, or does not.
fn blocks(blocks: Vec<String>, role: &[String], kind: &str) -> Result<Vec<String>, Refusal> {
    check_blocks(&blocks, kind).map_err(Refusal::Failed)?;
    let lies_within = |block: &String| {
        let (address, length) = block.split_once('/')?;
        let (address, length) = (address.parse().ok()?, length.parse::<u8>().ok()?);
        let mut around = role.iter().filter(|outer| within(std::slice::from_ref(outer), address));
        around.find(|outer| {
            outer
                .split_once('/')
                .is_none_or(|(_, outer)| outer.parse().is_ok_and(|outer: u8| outer <= length))
        })
    };
    if !role.is_empty() && !blocks.iter().all(|block| lies_within(block).is_some()) {
        let list = |blocks: &[String]| format!("{blocks:?}").replace(", ", " ");
        return Err(Refusal::Failed(format!(
            "failed to verify subset relationship between CIDR blocks on the role {} and CIDR blocks on the secret ID {}: \
             %!w(<nil>)",
            list(role),
            list(&blocks)
        )));
    }
    Ok(blocks)
}

fn lookup(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let role = call.fields.text("role_name");
    let id = call.fields.text("secret_id");
    if id.is_empty() {
        return Err(Refusal::invalid("missing secret_id"));
    }
    require(approle, role)?;
    match approle.secret(role, id, call.now()) {
        Some(secret) => respond(secret.describe()),
        None => Ok(Reply::Nothing),
    }
}

fn destroy(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let role = call.fields.text("role_name");
    let id = call.fields.text("secret_id");
    if id.is_empty() {
        return Err(Refusal::invalid("missing secret_id"));
    }
    require(approle, role)?;
    if let Some(accessor) = approle.secret(role, id, call.now()).map(|secret| secret.accessor.clone()) {
        approle.secret_ids.remove(&accessor);
    }
    Ok(Reply::Nothing)
}

/// An accessor that there is not: 404, with the reason as data.
fn unknown(accessor: &str) -> Outcome {
    let text = format!("failed to find accessor entry for secret_id_accessor: {accessor:?}");
    Response { status: Some(404), ..Response::of(json!({"error": text})) }.ok()
}

fn lookup_accessor(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let accessor = call.fields.text("secret_id_accessor");
    if accessor.is_empty() {
        return Err(Refusal::invalid("missing secret_id_accessor"));
    }
    require(approle, call.fields.text("role_name"))?;
    match approle.secret_ids.get(accessor) {
        Some(secret) => respond(secret.describe()),
        None => unknown(accessor),
    }
}

fn destroy_accessor(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let accessor = call.fields.text("secret_id_accessor");
    if accessor.is_empty() {
        return Err(Refusal::invalid("missing secret_id_accessor"));
    }
    require(approle, call.fields.text("role_name"))?;
    match approle.secret_ids.remove(accessor) {
        Some(_) => Ok(Reply::Nothing),
        None => unknown(accessor),
    }
}

fn tidy(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let over: Vec<String> = approle
        .secret_ids
        .iter()
        .filter(|(_, secret)| !secret.is_live(call.now()))
        .map(|(accessor, _)| accessor.clone())
        .collect();
    for accessor in over {
        approle.secret_ids.remove(&accessor);
    }
    let warning = "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.";
    Response { status: Some(202), ..Response::warning(warning) }.ok()
}
