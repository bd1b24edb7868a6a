//! `auth/token/roles`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::logical::{Call, Field, Fields, Outcome, Refusal, Reply, Response, respond};
use crate::policy::{listed, sanitize};
use crate::state::State;

/// The parameters of a role.
pub(super) const FIELDS: &[Field] = &[
    Field::text("role_name"),
    Field::comma_list("allowed_policies"),
    Field::comma_list("disallowed_policies"),
    Field::comma_list("allowed_policies_glob"),
    Field::comma_list("disallowed_policies_glob"),
    Field::flag("orphan"),
    Field::seconds("period"),
    Field::text("path_suffix"),
    Field::seconds("explicit_max_ttl"),
    Field::flag("renewable").or_true(),
    Field::comma_list("bound_cidrs"),
    Field::comma_list("allowed_entity_aliases"),
    Field::comma_list("token_bound_cidrs"),
    Field::seconds("token_explicit_max_ttl"),
    Field::flag("token_no_default_policy"),
    Field::seconds("token_period"),
    Field::text("token_type").or_text("default-service"),
    Field::number("token_num_uses"),
];

/// What tokens made through a role may be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TokenRole {
    pub(crate) allowed_policies: Vec<String>,
    pub(crate) disallowed_policies: Vec<String>,
    pub(crate) allowed_policies_glob: Vec<String>,
    pub(crate) disallowed_policies_glob: Vec<String>,
    pub(crate) allowed_entity_aliases: Option<Vec<String>>,
    pub(crate) orphan: bool,
    pub(crate) period: Duration,
    pub(crate) path_suffix: String,
    pub(crate) explicit_max_ttl: Duration,
    pub(crate) renewable: bool,
    pub(crate) no_default_policy: bool,
    pub(crate) bound_cidrs: Vec<String>,
    pub(crate) num_uses: i64,
    pub(crate) token_type: String,
    /// Whether the old names of the settings were used, which are then shown too.
    pub(crate) old_period: bool,
    pub(crate) old_explicit_max_ttl: bool,
    #[serde(default)]
    pub(crate) old_bound_cidrs: bool,
}

impl Default for TokenRole {
    fn default() -> Self {
        Self {
            allowed_policies: Vec::new(),
            disallowed_policies: Vec::new(),
            allowed_policies_glob: Vec::new(),
            disallowed_policies_glob: Vec::new(),
            allowed_entity_aliases: None,
            orphan: false,
            period: Duration::ZERO,
            path_suffix: String::new(),
            explicit_max_ttl: Duration::ZERO,
            renewable: true,
            no_default_policy: false,
            bound_cidrs: Vec::new(),
            num_uses: 0,
            token_type: "default-service".into(),
            old_period: false,
            old_explicit_max_ttl: false,
            old_bound_cidrs: false,
        }
    }
}

/// Whether a role is there: makes its write `create` or `update`.
pub(super) fn exists(state: &State, call: &Call<'_>) -> bool {
    state.tokens.roles.contains(call.fields.text("role_name"))
}

/// `roles/`
pub(super) fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.tokens.roles.names().cloned().collect::<Vec<_>>()).ok()
}

/// `roles/<name>` GET
pub(super) fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("role_name");
    let Some(role) = state.tokens.roles.get(name) else { return Ok(Reply::Nothing) };
    let old = |shown: bool, value: Duration| if shown { value.as_secs() } else { 0 };
    let mut data = json!({
        "allowed_entity_aliases": role.allowed_entity_aliases, "allowed_policies": role.allowed_policies,
        "allowed_policies_glob": role.allowed_policies_glob, "disallowed_policies": role.disallowed_policies,
        "disallowed_policies_glob": role.disallowed_policies_glob,
        "explicit_max_ttl": old(role.old_explicit_max_ttl, role.explicit_max_ttl), "name": name, "orphan": role.orphan,
        "path_suffix": role.path_suffix, "period": old(role.old_period, role.period), "renewable": role.renewable,
        "token_explicit_max_ttl": role.explicit_max_ttl.as_secs(), "token_no_default_policy": role.no_default_policy,
        "token_period": role.period.as_secs(), "token_type": role.token_type,
    });
    if !role.bound_cidrs.is_empty() {
        if role.old_bound_cidrs {
            data["bound_cidrs"] = json!(role.bound_cidrs);
        }
        data["token_bound_cidrs"] = json!(role.bound_cidrs);
    }
    if role.num_uses > 0 {
        data["token_num_uses"] = Value::from(role.num_uses);
    }
    respond(data)
}

/// `roles/<name>` DELETE
pub(super) fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    state.tokens.roles.remove(call.fields.text("role_name"));
    Ok(Reply::Nothing)
}

/// `roles/<name>` POST: what is not sent stays.
pub(super) fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("role_name");
    let mut role = state.tokens.roles.get(name).cloned().unwrap_or_default();
    role.take_own(fields)?;
    if fields.raw().get("token_type").is_some_and(Value::is_null) {
        return Err(Refusal::invalid("Invalid 'token_type' value: null"));
    }
    role.take_token_fields(fields)
        .map_err(|told| Refusal::Invalid(format!("error parsing role fields: {told}")))?;
    if fields.has("token_type") {
        let kind = fields.text("token_type");
        if !["service", "batch", "default-service", "default-batch"].contains(&kind) {
            return Err(Refusal::Invalid(format!("invalid 'token_type' value {kind:?}")));
        }
        role.token_type = kind.to_owned();
    }
    let warnings = role.take_old_names(call)?;
    role.check_batch()?;
    state.tokens.roles.insert(name, role);
    if warnings.is_empty() {
        return Ok(Reply::Nothing);
    }
    Response { warnings, ..Response::default() }.ok()
}

impl TokenRole {
    /// Takes the parameters that only these roles have.
    fn take_own(&mut self, fields: &Fields) -> Result<(), Refusal> {
        for (field, flag) in [("orphan", &mut self.orphan), ("renewable", &mut self.renewable)] {
            if fields.has(field) {
                *flag = fields.flag(field);
            }
        }
        if fields.has("path_suffix") {
            self.path_suffix = fields.text("path_suffix").to_owned();
            check_suffix(&self.path_suffix)?;
        }
        let allowed: fn(&[String]) -> Vec<String> = |names| sanitize(names, false);
        for (field, list, tidied) in [
            ("allowed_policies", &mut self.allowed_policies, allowed),
            ("disallowed_policies", &mut self.disallowed_policies, listed),
            ("allowed_policies_glob", &mut self.allowed_policies_glob, allowed),
            ("disallowed_policies_glob", &mut self.disallowed_policies_glob, listed),
        ] {
            if fields.has(field) {
                *list = tidied(&fields.list(field));
            }
        }
        if fields.has("allowed_entity_aliases") {
            self.allowed_entity_aliases = Some(listed(&fields.list("allowed_entity_aliases")));
        }
        Ok(())
    }

    /// Takes the parameters that roles of auth methods have too. Errors: without `error parsing role fields`.
    fn take_token_fields(&mut self, fields: &Fields) -> Result<(), String> {
        if fields.has("token_bound_cidrs") {
            self.bound_cidrs = blocks(&fields.list("token_bound_cidrs"))?;
            self.old_bound_cidrs = false;
        }
        if fields.has("token_explicit_max_ttl") {
            self.explicit_max_ttl = fields.duration("token_explicit_max_ttl");
            self.old_explicit_max_ttl = false;
        }
        if fields.has("token_no_default_policy") {
            self.no_default_policy = fields.flag("token_no_default_policy");
        }
        if fields.has("token_period") {
            self.period = fields.duration("token_period");
            self.old_period = false;
        }
        if fields.has("token_num_uses") {
            self.num_uses = fields.number("token_num_uses");
        }
        if self.num_uses < 0 {
            return Err("'token_num_uses' cannot be negative".to_owned());
        }
        // A kind that comes with the request is looked at later.
        let stays_batch = !fields.has("token_type") && self.token_type.ends_with("batch");
        let limited = if !self.period.is_zero() {
            "periodic tokens"
        } else if self.num_uses != 0 {
            "tokens with limited use count"
        } else {
            return Ok(());
        };
        if stays_batch {
            return Err(format!(
                "'token_type' cannot be 'batch' or 'default_batch' when set to generate {limited}"
            ));
        }
        Ok(())
    }

    /// Takes what was sent under old names, beneath the present ones; gives the warnings.
    fn take_old_names(&mut self, call: &Call<'_>) -> Result<Vec<String>, Refusal> {
        let fields = &call.fields;
        let is_old = |old: &str| fields.has(old) && !fields.has(&format!("token_{old}"));
        if is_old("period") {
            self.period = fields.duration("period");
            self.old_period = true;
        }
        if is_old("bound_cidrs") {
            self.bound_cidrs = blocks(&fields.list("bound_cidrs"))
                .map_err(|told| Refusal::Invalid(format!("error parsing bound_cidrs: {told}")))?;
            self.old_bound_cidrs = true;
        }
        if is_old("explicit_max_ttl") {
            self.explicit_max_ttl = fields.duration("explicit_max_ttl");
            self.old_explicit_max_ttl = true;
        }
        let both = ["period", "bound_cidrs", "explicit_max_ttl"]
            .into_iter()
            .filter(|old| fields.has(old) && !is_old(old))
            .map(|old| {
                format!(
                    "Both 'token_{old}' and deprecated '{old}' value supplied, ignoring the deprecated value"
                )
            });
        // What was set earlier under the present name is not looked at again.
        let is_looked_at = fields.has("token_explicit_max_ttl") || self.old_explicit_max_ttl;
        let cut = (is_looked_at && self.explicit_max_ttl > call.mount.max_ttl).then(|| {
            format!(
                "Given explicit max TTL of {} is greater than system/mount allowed value of {} seconds; until this is fixed \
                 attempting to create tokens against this role will result in an error",
                self.explicit_max_ttl.as_secs(),
                call.mount.max_ttl.as_secs()
            )
        });
        Ok(both.chain(cut).collect())
    }

    fn check_batch(&self) -> Result<(), Refusal> {
        if self.token_type != "batch" {
            return Ok(());
        }
        let hindrance = if !self.orphan {
            "non-orphan tokens"
        } else if !self.period.is_zero() {
            "periodic tokens"
        } else if self.renewable {
            "renewable tokens"
        } else if !self.explicit_max_ttl.is_zero() {
            "tokens with an explicit max TTL"
        } else {
            return Ok(());
        };
        Err(Refusal::Invalid(format!(
            "'token_type' cannot be 'batch' when role is set to generate {hindrance}"
        )))
    }
}

/// Blocks of addresses as they are shown. Errors: the first that is none.
fn blocks(given: &[String]) -> Result<Vec<String>, String> {
    let blocks: Vec<String> = given.iter().cloned().map(single).collect();
    crate::auth::check_addresses(&blocks)?;
    Ok(blocks)
}

fn check_suffix(suffix: &str) -> Result<(), Refusal> {
    if !suffix_fits(suffix) {
        return Err(Refusal::invalid(
            "given role path suffix contains invalid characters; must match \\w[\\w-.]+\\w",
        ));
    }
    if suffix.contains("..") {
        return Err(Refusal::invalid("error registering path suffix: path cannot contain parent references"));
    }
    Ok(())
}

/// A block of one address is shown as the address.
fn single(block: String) -> String {
    let address = block.split_once('/').and_then(|(address, length)| {
        let whole = if address.contains(':') { "128" } else { "32" };
        (length == whole).then(|| address.to_owned())
    });
    address.unwrap_or(block)
}

/// Whether there is somewhere in it what the pattern wants.
fn suffix_fits(suffix: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = |run: &str| {
        let ends = run.find(word).zip(run.rfind(word));
        ends.is_some_and(|(first, last)| last >= first + 2)
    };
    suffix.is_empty() || suffix.split(|c| !word(c) && c != '-' && c != '.').any(fits)
}
