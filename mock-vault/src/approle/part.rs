//! `role/<name>/<part>`: one setting of a role at a time.

use serde_json::{Value, json};

use crate::approle::AppRole;
use crate::approle::role::{FIELDS, Role, check_blocks, set_id};
use crate::auth;
use crate::logical::{
    Call, Endpoint, Field, Fields, Operation::*, Outcome, Refusal, Reply, Response, respond,
};

const ALL: &[&[Field]] = &[FIELDS, auth::FIELDS, auth::OLD_FIELDS];

const DEPRECATED: &str = "The \"bound_cidr_list\" field is deprecated and will be removed. Please use \
    \"secret_id_bound_cidrs\" instead.";

/// One setting: how it is shown, taken and put back.
struct Part {
    /// The parameter.
    name: &'static str,
    read: fn(&Role) -> Value,
    write: fn(&mut Role, &Fields) -> Result<(), Refusal>,
    reset: fn(&mut Role),
    /// Whether a write without it is refused.
    required: bool,
}

macro_rules! endpoint {
    ($segment:literal, $part:ident) => {
        Endpoint::new(
            concat!("role/{role_name}/", $segment),
            ALL,
            &[
                (Read, |approle, call| read(approle, call, &$part)),
                (Update, |approle, call| write(approle, call, &$part)),
                (Delete, |approle, call| reset(approle, call, &$part)),
            ],
        )
    };
}

/// The endpoints of a role's settings.
pub(super) static ENDPOINTS: &[Endpoint<AppRole>] = &[
    Endpoint::new("role/{role_name}/role-id", ALL, &[(Read, read_id), (Update, write_id)]),
    Endpoint::new("role/{role_name}/local-secret-ids", ALL, &[(Read, read_local)]),
    Endpoint::new(
        "role/{role_name}/policies",
        ALL,
        &[
            (Read, read_policies),
            (Update, write_policies),
            (Delete, |approle, call| reset(approle, call, &POLICIES)),
        ],
    ),
    Endpoint::new(
        "role/{role_name}/period",
        ALL,
        &[
            (Read, read_period),
            (Update, write_period),
            (Delete, |approle, call| reset(approle, call, &PERIOD)),
        ],
    ),
    Endpoint::new(
        "role/{role_name}/bound-cidr-list",
        ALL,
        &[
            (Read, read_bound_cidr_list),
            (Update, |approle, call| write(approle, call, &BOUND_CIDR_LIST)),
            (Delete, |approle, call| reset(approle, call, &BOUND_CIDR_LIST)),
        ],
    ),
    endpoint!("secret-id-bound-cidrs", SECRET_ID_BOUND_CIDRS),
    endpoint!("token-bound-cidrs", TOKEN_BOUND_CIDRS),
    endpoint!("bind-secret-id", BIND_SECRET_ID),
    endpoint!("secret-id-num-uses", SECRET_ID_NUM_USES),
    endpoint!("secret-id-ttl", SECRET_ID_TTL),
    endpoint!("token-num-uses", TOKEN_NUM_USES),
    endpoint!("token-ttl", TOKEN_TTL),
    endpoint!("token-max-ttl", TOKEN_MAX_TTL),
];

const POLICIES: Part = Part {
    name: "token_policies",
    read: |role| json!(role.token.policies),
    write: |role, fields| role.token.update(fields),
    reset: |role| {
        role.token.policies.clear();
        role.token.forget("policies");
    },
    required: true,
};

const PERIOD: Part = Part {
    name: "token_period",
    read: |role| json!(role.token.period.as_secs()),
    write: |role, fields| role.token.update(fields),
    reset: |role| {
        role.token.period = std::time::Duration::ZERO;
        role.token.forget("period");
    },
    required: true,
};

const BOUND_CIDR_LIST: Part = Part {
    name: "bound_cidr_list",
    read: |_| Value::Null,
    write: |role, fields| set_blocks(role, fields.list("bound_cidr_list")),
    reset: |role| role.secret_id_bound_cidrs = None,
    required: false,
};

const SECRET_ID_BOUND_CIDRS: Part = Part {
    name: "secret_id_bound_cidrs",
    read: |role| json!(role.secret_id_bound_cidrs),
    write: |role, fields| set_blocks(role, fields.list("secret_id_bound_cidrs")),
    reset: |role| role.secret_id_bound_cidrs = None,
    required: false,
};

const TOKEN_BOUND_CIDRS: Part = Part {
    name: "token_bound_cidrs",
    read: |role| json!(Some(&role.token.bound_cidrs).filter(|blocks| !blocks.is_empty())),
    write: |role, fields| {
        let failed =
            |refusal: Refusal| Refusal::Invalid(format!("failed to parse token_bound_cidrs: {refusal}"));
        role.token.update(fields).map_err(failed)
    },
    reset: |role| role.token.bound_cidrs.clear(),
    required: false,
};

const BIND_SECRET_ID: Part = Part {
    name: "bind_secret_id",
    read: |role| json!(role.bind_secret_id),
    write: |role, fields| {
        role.bind_secret_id = fields.flag("bind_secret_id");
        Ok(())
    },
    reset: |role| role.bind_secret_id = true,
    required: true,
};

const SECRET_ID_NUM_USES: Part = Part {
    name: "secret_id_num_uses",
    read: |role| json!(role.secret_id_num_uses),
    write: |role, fields| {
        role.secret_id_num_uses = fields.number("secret_id_num_uses");
        if role.secret_id_num_uses < 0 {
            return Err(Refusal::invalid("secret_id_num_uses cannot be negative"));
        }
        Ok(())
    },
    reset: |role| role.secret_id_num_uses = 0,
    required: true,
};

const SECRET_ID_TTL: Part = Part {
    name: "secret_id_ttl",
    read: |role| json!(role.secret_id_ttl.as_secs()),
    write: |role, fields| {
        role.secret_id_ttl = fields.duration("secret_id_ttl");
        Ok(())
    },
    reset: |role| role.secret_id_ttl = std::time::Duration::ZERO,
    required: true,
};

const TOKEN_NUM_USES: Part = Part {
    name: "token_num_uses",
    read: |role| json!(role.token.num_uses),
    write: |role, fields| {
        role.token.num_uses = fields.number("token_num_uses");
        Ok(())
    },
    reset: |role| role.token.num_uses = 0,
    required: true,
};

const TOKEN_TTL: Part = Part {
    name: "token_ttl",
    read: |role| json!(role.token.ttl.as_secs()),
    write: |role, fields| {
        role.token.ttl = fields.duration("token_ttl");
        if !role.token.max_ttl.is_zero() && role.token.ttl > role.token.max_ttl {
            return Err(Refusal::invalid("token_ttl should not be greater than token_max_ttl"));
        }
        Ok(())
    },
    reset: |role| role.token.ttl = std::time::Duration::ZERO,
    required: true,
};

const TOKEN_MAX_TTL: Part = Part {
    name: "token_max_ttl",
    read: |role| json!(role.token.max_ttl.as_secs()),
    write: |role, fields| {
        role.token.max_ttl = fields.duration("token_max_ttl");
        if role.token.ttl > role.token.max_ttl {
            return Err(Refusal::invalid("token_max_ttl should be greater than or equal to token_ttl"));
        }
        Ok(())
    },
    reset: |role| role.token.max_ttl = std::time::Duration::ZERO,
    required: true,
};

fn set_blocks(role: &mut Role, blocks: Vec<String>) -> Result<(), Refusal> {
    check_blocks(&blocks, "CIDR").map_err(Refusal::Invalid)?;
    role.secret_id_bound_cidrs = Some(blocks).filter(|blocks| !blocks.is_empty());
    Ok(())
}

fn known<'a>(approle: &'a AppRole, call: &Call<'_>) -> Option<&'a Role> {
    approle.roles.get(call.fields.text("role_name"))
}

fn read(approle: &AppRole, call: &Call<'_>, part: &Part) -> Outcome {
    let Some(role) = known(approle, call) else { return Ok(Reply::Nothing) };
    respond(json!({part.name: (part.read)(role)}))
}

fn write(approle: &mut AppRole, call: &Call<'_>, part: &Part) -> Outcome {
    let Some(mut role) = known(approle, call).cloned() else { return Err(Refusal::UnsupportedPath) };
    if part.required && !call.fields.has(part.name) {
        return Err(Refusal::Invalid(format!("missing {}", part.name)));
    }
    (part.write)(&mut role, &call.fields)?;
    store(approle, call, role)
}

fn reset(approle: &mut AppRole, call: &Call<'_>, part: &Part) -> Outcome {
    let Some(mut role) = known(approle, call).cloned() else { return Ok(Reply::Nothing) };
    (part.reset)(&mut role);
    store(approle, call, role)
}

fn store(approle: &mut AppRole, call: &Call<'_>, role: Role) -> Outcome {
    role.check()?;
    approle.roles.insert(call.fields.text("role_name"), role);
    Ok(Reply::Nothing)
}

fn read_id(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let Some(role) = known(approle, call) else { return Ok(Reply::Nothing) };
    respond(json!({"role_id": role.role_id}))
}

fn write_id(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let Some(mut role) = known(approle, call).cloned() else { return Err(Refusal::UnsupportedPath) };
    let id = call.fields.text("role_id");
    if id.is_empty() {
        return Err(Refusal::invalid("missing role_id"));
    }
    set_id(approle, call.fields.text("role_name"), &mut role, id)?;
    store(approle, call, role)
}

fn read_local(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let Some(role) = known(approle, call) else { return Ok(Reply::Nothing) };
    respond(json!({"local_secret_ids": role.local_secret_ids}))
}

fn read_bound_cidr_list(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    if known(approle, call).is_none() {
        return Ok(Reply::Nothing);
    }
    let response = Response::of(json!({"bound_cidr_list": null}));
    Response { warnings: vec![DEPRECATED.to_owned()], ..response }.ok()
}

/// Policies under both names, where the old one was used.
fn read_policies(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let Some(role) = known(approle, call) else { return Ok(Reply::Nothing) };
    let mut data = json!({"token_policies": role.token.policies});
    if role.token.used("policies") {
        data["policies"] = json!(role.token.policies);
    }
    respond(data)
}

fn write_policies(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    write_renamed(approle, call, &POLICIES, "policies", "missing token_policies")
}

fn read_period(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    let Some(role) = known(approle, call) else { return Ok(Reply::Nothing) };
    let mut data = json!({"token_period": role.token.period.as_secs()});
    if role.token.used("period") {
        data["period"] = json!(role.token.period.as_secs());
    }
    respond(data)
}

fn write_period(approle: &mut AppRole, call: &Call<'_>) -> Outcome {
    write_renamed(approle, call, &PERIOD, "period", "missing period")
}

/// A setting that has an old name, which can be used too.
fn write_renamed(approle: &mut AppRole, call: &Call<'_>, part: &Part, old: &str, missing: &str) -> Outcome {
    let Some(mut role) = known(approle, call).cloned() else { return Err(Refusal::UnsupportedPath) };
    if !call.fields.has(part.name) && !call.fields.has(old) {
        return Err(Refusal::invalid(missing));
    }
    (part.write)(&mut role, &call.fields)?;
    store(approle, call, role)
}
