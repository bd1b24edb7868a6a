//! `auth/token/roles`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::logical::{Call, Field, Outcome, Refusal, Reply, Response, respond};
use crate::policy::sanitize;
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
    for (field, list) in [
        ("allowed_policies", &mut role.allowed_policies),
        ("disallowed_policies", &mut role.disallowed_policies),
        ("allowed_policies_glob", &mut role.allowed_policies_glob),
        ("disallowed_policies_glob", &mut role.disallowed_policies_glob),
    ] {
        if fields.has(field) {
            *list = sanitize(&fields.list(field), false);
        }
    }
    for (field, flag) in [
        ("orphan", &mut role.orphan),
        ("renewable", &mut role.renewable),
        ("token_no_default_policy", &mut role.no_default_policy),
    ] {
        if fields.has(field) {
            *flag = fields.flag(field);
        }
    }
    if fields.has("allowed_entity_aliases") {
        role.allowed_entity_aliases =
            Some(fields.list("allowed_entity_aliases").iter().map(|name| name.to_lowercase()).collect());
    }
    if fields.has("path_suffix") {
        role.path_suffix = fields.text("path_suffix").to_owned();
    }
    for (field, old, what) in
        [("bound_cidrs", true, "bound_cidrs"), ("token_bound_cidrs", false, "role fields")]
    {
        if fields.has(field) {
            role.bound_cidrs = fields.list(field).into_iter().map(single).collect();
            crate::auth::check_addresses(&role.bound_cidrs)
                .map_err(|told| Refusal::Invalid(format!("error parsing {what}: {told}")))?;
            role.old_bound_cidrs = old;
        }
    }
    limits(&mut role, call);
    check(&role)?;
    state.tokens.roles.insert(name, role);
    let both = ["bound_cidrs", "explicit_max_ttl", "period"]
        .into_iter()
        .filter(|old| fields.has(old) && fields.has(&format!("token_{old}")));
    let warnings: Vec<String> = both
        .map(|old| {
            format!("Both 'token_{old}' and deprecated '{old}' value supplied, ignoring the deprecated value")
        })
        .collect();
    if warnings.is_empty() {
        return Ok(Reply::Nothing);
    }
    Response { warnings, ..Response::default() }.ok()
}

/// A block of one address is shown as the address.
fn single(block: String) -> String {
    let address = block.split_once('/').and_then(|(address, length)| {
        let whole = if address.contains(':') { "128" } else { "32" };
        (length == whole).then(|| address.to_owned())
    });
    address.unwrap_or(block)
}

fn limits(role: &mut TokenRole, call: &Call<'_>) {
    let fields = &call.fields;
    if fields.has("token_num_uses") {
        role.num_uses = fields.number("token_num_uses");
    }
    if fields.has("token_type") {
        role.token_type = fields.text("token_type").to_owned();
    }
    for (field, old) in [("period", true), ("token_period", false)] {
        if fields.has(field) {
            role.period = fields.duration(field);
            role.old_period = old;
        }
    }
    for (field, old) in [("explicit_max_ttl", true), ("token_explicit_max_ttl", false)] {
        if fields.has(field) {
            role.explicit_max_ttl = fields.duration(field);
            role.old_explicit_max_ttl = old;
        }
    }
}

fn check(role: &TokenRole) -> Result<(), Refusal> {
    let refuse = |text: &str| Err(Refusal::invalid(text));
    if role.num_uses < 0 {
        return refuse("error parsing role fields: 'token_num_uses' cannot be negative");
    }
    match role.token_type.as_str() {
        "service" | "default-service" | "default-batch" => {}
        "batch" if !role.orphan => {
            return refuse("'token_type' cannot be 'batch' when role is set to generate non-orphan tokens");
        }
        "batch" if !role.period.is_zero() => {
            return refuse("'token_type' cannot be 'batch' when role is set to generate periodic tokens");
        }
        "batch" if role.renewable => {
            return refuse("'token_type' cannot be 'batch' when role is set to generate renewable tokens");
        }
        "batch" if !role.explicit_max_ttl.is_zero() => {
            return refuse(
                "'token_type' cannot be 'batch' when role is set to generate tokens with an explicit max TTL",
            );
        }
        "batch" => {}
        other => return Err(Refusal::Invalid(format!("invalid 'token_type' value {other:?}"))),
    }
    if !suffix_fits(&role.path_suffix) {
        return refuse("given role path suffix contains invalid characters; must match \\w[\\w-.]+\\w");
    }
    Ok(())
}

fn suffix_fits(suffix: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    suffix.is_empty()
        || (suffix.len() > 2
            && suffix.starts_with(word)
            && suffix.ends_with(word)
            && suffix.chars().all(|c| word(c) || c == '-' || c == '.'))
}
