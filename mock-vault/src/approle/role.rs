//! `role/<name>`.

use std::net::IpAddr;
use std::time::Duration;

use lab_world::format_duration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::approle::AppRole;
use crate::auth::{self, TokenParameters};
use crate::logical::{Call, Endpoint, Field, Fields, Operation::*, Outcome, Refusal, Reply, Response};
use crate::storage::seconds;

/// The parameters of a role beside those of its tokens.
pub(super) const FIELDS: &[Field] = &[
    Field::lower("role_name"),
    Field::flag("bind_secret_id").or_true(),
    Field::comma_list("secret_id_bound_cidrs"),
    Field::comma_list("bound_cidr_list"),
    Field::number("secret_id_num_uses"),
    Field::seconds("secret_id_ttl"),
    Field::text("role_id"),
    Field::flag("local_secret_ids"),
];

/// The endpoints of roles.
pub(super) static ENDPOINTS: &[Endpoint<AppRole>] = &[
    Endpoint::new("role/?", &[], &[(List, list)]),
    Endpoint::new(
        "role/{role_name}",
        &[FIELDS, auth::FIELDS, auth::OLD_FIELDS],
        &[(Read, read), (Update, write), (Delete, delete)],
    )
    .exists(is_there),
];

/// Who may log in with what, and what they get.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) role_id: String,
    pub(super) bind_secret_id: bool,
    #[serde(default)]
    pub(super) local_secret_ids: bool,
    pub(super) secret_id_bound_cidrs: Option<Vec<String>>,
    pub(super) secret_id_num_uses: i64,
    #[serde(with = "seconds")]
    pub(super) secret_id_ttl: Duration,
    pub(super) token: TokenParameters,
}

fn is_there(approle: &AppRole, call: &Call<'_>) -> bool {
    approle.roles.contains(call.fields.text("role_name"))
}

fn list(approle: &mut AppRole, _: &Call<'_>) -> Outcome {
    Response::keys(approle.roles.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let Some(role) = approle.roles.get(call.fields.text("role_name")) else { return Ok(Reply::Nothing) };
    let mut response = Response::of(json!({
        "bind_secret_id": role.bind_secret_id, "local_secret_ids": role.local_secret_ids,
        "secret_id_bound_cidrs": role.secret_id_bound_cidrs, "secret_id_num_uses": role.secret_id_num_uses,
        "secret_id_ttl": role.secret_id_ttl.as_secs(),
    }));
    if let Some(data) = &mut response.data {
        role.token.describe(data);
    }
    response.ok()
}

fn write(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("role_name");
    let known = approle.roles.get(name).cloned();
    let is_new = known.is_none();
    let mut role = known.unwrap_or_else(|| Role {
        role_id: call.environment.entropy.uuid(),
        bind_secret_id: true,
        ..Role::default()
    });
    let kind = Kind::of(fields);
    role.token.update_as(fields, kind.name)?;
    if fields.has("local_secret_ids") {
        let local = fields.flag("local_secret_ids");
        if !is_new && local != role.local_secret_ids {
            return Err(Refusal::invalid("local_secret_ids can only be modified during role creation"));
        }
        role.local_secret_ids = local;
    }
    role.set_limits(fields)?;
    if fields.has("role_id") {
        if fields.text("role_id").is_empty() {
            return Err(Refusal::invalid("invalid role_id supplied, or failed to generate a role_id"));
        }
        set_id(approle, name, &mut role, fields.text("role_id"))?;
    }
    role.check()?;
    let warnings: Vec<String> = kind.warning.into_iter().chain(role.check_lifetimes(call)?).collect();
    approle.roles.insert(name, role);
    if warnings.is_empty() {
        return Ok(Reply::Nothing);
    }
    Response { warnings, ..Response::default() }.ok()
}

/// The kind of token that was asked for: what a mount may have as its preset is taken for the kind itself.
struct Kind<'f> {
    name: Option<&'f str>,
    warning: Option<String>,
}

impl<'f> Kind<'f> {
    fn of(fields: &'f Fields) -> Self {
        let name = fields.has("token_type").then(|| fields.text("token_type"));
        match name.and_then(|name| Some((name, name.strip_prefix("default-")?))) {
            Some((name, meant @ ("service" | "batch"))) => Self {
                name: Some(meant),
                warning: Some(format!("{name} has no useful meaning; adjusting to {meant}")),
            },
            _ => Self { name, warning: None },
        }
    }
}

impl Role {
    /// Takes over what was sent about secret ids.
    ///
    /// Errors: a negative number of uses.
    fn set_limits(&mut self, fields: &Fields) -> Result<(), Refusal> {
        if fields.has("bind_secret_id") {
            self.bind_secret_id = fields.flag("bind_secret_id");
        }
        for name in ["bound_cidr_list", "secret_id_bound_cidrs"] {
            if fields.has(name) {
                self.secret_id_bound_cidrs = Some(fields.list(name)).filter(|blocks| !blocks.is_empty());
            }
        }
        if fields.has("secret_id_num_uses") {
            self.secret_id_num_uses = fields.number("secret_id_num_uses");
            if self.secret_id_num_uses < 0 {
                return Err(Refusal::invalid("secret_id_num_uses cannot be negative"));
            }
        }
        if fields.has("secret_id_ttl") {
            self.secret_id_ttl = fields.duration("secret_id_ttl");
        }
        Ok(())
    }

    /// Holds the role against what every stored role is.
    ///
    /// Errors: nothing limits who may log in; a block of addresses is none.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let blocks = self.secret_id_bound_cidrs.as_deref().unwrap_or_default();
        if !self.bind_secret_id && blocks.is_empty() && self.token.bound_cidrs.is_empty() {
            return Err(Refusal::Failed("at least one constraint should be enabled on the role".into()));
        }
        check_blocks(blocks, "CIDR").map_err(Refusal::Failed)
    }

    /// Holds the tokens' lifetimes against the mount's; gives a warning where they will be cut.
    ///
    /// Errors: a period that is too long.
    fn check_lifetimes(&self, call: &Call<'_>) -> Result<Option<String>, Refusal> {
        let longest = call.mount.max_ttl;
        if self.token.period > longest {
            return Err(Refusal::Invalid(format!(
                "period of {:?} is greater than the backend's maximum lease TTL of {:?}",
                format_duration(self.token.period),
                format_duration(longest)
            )));
        }
        Ok((self.token.max_ttl > longest).then(|| {
            "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be \
             truncated"
                .to_owned()
        }))
    }
}

/// Whether these are blocks of addresses, called `kind`. Errors: the first that is none, in Go's words.
pub(super) fn check_blocks(blocks: &[String], kind: &str) -> Result<(), String> {
    let is_block = |block: &str| {
        let (address, length) = block.split_once('/')?;
        let longest = if address.parse::<IpAddr>().ok()?.is_ipv4() { 32 } else { 128 };
        length.parse::<u8>().ok().filter(|length| *length <= longest)
    };
    match blocks.iter().find(|block| is_block(block).is_none()) {
        Some(bad) => Err(format!("failed to validate {kind} blocks: invalid CIDR address: {bad}")),
        None => Ok(()),
    }
}

/// Gives a role an id of one's own choice. Errors: another role has it.
pub(super) fn set_id(approle: &AppRole, name: &str, role: &mut Role, id: &str) -> Result<(), Refusal> {
    if approle.roles.iter().any(|(other, role)| other != name && role.role_id == id) {
        return Err(Refusal::Failed("role_id already in use".into()));
    }
    role.role_id = id.to_owned();
    Ok(())
}

fn delete(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("role_name");
    approle.roles.remove(name);
    let gone: Vec<String> = approle
        .secret_ids
        .iter()
        .filter(|(_, secret)| secret.role == name)
        .map(|(accessor, _)| accessor.clone())
        .collect();
    for accessor in gone {
        approle.secret_ids.remove(&accessor);
    }
    Ok(Reply::Nothing)
}
