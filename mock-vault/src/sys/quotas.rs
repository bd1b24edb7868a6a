//! `sys/quotas`.

use serde_json::{Value, json};

use crate::logical::{Call, Endpoint, Field, Operation::*, Outcome, Refusal, Reply, Response, respond};
use crate::settings::{Quota, QuotaSettings};
use crate::state::State;

const FIELDS: &[Field] = &[
    Field::text("name"),
    Field::text("type"),
    Field::text("path"),
    Field::text("role"),
    Field::any("rate"),
    Field::seconds("interval"),
    Field::seconds("block_interval"),
    Field::text("group_by"),
    Field::any("secondary_rate"),
    Field::flag("inheritable"),
];
const SETTINGS: &[Field] = &[
    Field::comma_list("rate_limit_exempt_paths"),
    Field::comma_list("absolute_rate_limit_exempt_paths"),
    Field::flag("enable_rate_limit_audit_logging"),
    Field::flag("enable_rate_limit_response_headers"),
];

/// The endpoints of rate limits.
pub(super) static ENDPOINTS: &[Endpoint<State>] = &[
    Endpoint::new("quotas/config", &[SETTINGS], &[(Read, read_settings), (Update, write_settings)]),
    Endpoint::new("quotas/rate-limit/?", &[], &[(List, list)]),
    Endpoint::new("quotas/rate-limit/{name}", &[FIELDS], &[(Read, read), (Update, write), (Delete, delete)]),
];

fn read_settings(state: &mut State, _: &Call<'_>) -> Outcome {
    let settings = state.settings.quotas.settings.get();
    respond(json!({
        "absolute_rate_limit_exempt_paths": settings.absolute_exempt_paths,
        "enable_rate_limit_audit_logging": settings.audit_logging,
        "enable_rate_limit_response_headers": settings.response_headers,
        "rate_limit_exempt_paths": settings.exempt_paths,
    }))
}

/// What is not sent goes back to nothing.
fn write_settings(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    state.settings.quotas.settings.set(QuotaSettings {
        audit_logging: fields.flag("enable_rate_limit_audit_logging"),
        response_headers: fields.flag("enable_rate_limit_response_headers"),
        exempt_paths: fields.list("rate_limit_exempt_paths"),
        absolute_exempt_paths: Some(fields.list("absolute_rate_limit_exempt_paths")),
    });
    Ok(Reply::Nothing)
}

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    Response::keys(state.settings.quotas.rules.names().cloned().collect::<Vec<_>>()).ok()
}

fn read(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    let Some(quota) = state.settings.quotas.rules.get(name) else { return Ok(Reply::Nothing) };
    let rate = if quota.rate.fract() == 0.0 { json!(quota.rate as i64) } else { json!(quota.rate) };
    respond(json!({
        "block_interval": quota.block_interval, "group_by": "ip", "inheritable": quota.inheritable,
        "interval": quota.interval, "name": name, "path": quota.path, "rate": rate, "role": "", "secondary_rate": 0,
        "type": "rate-limit",
    }))
}

fn write(state: &mut State, call: &Call<'_>) -> Outcome {
    let fields = &call.fields;
    let name = fields.text("name");
    let rate = rate(fields.raw().get("rate"))?;
    match fields.text("group_by") {
        "" | "ip" => {}
        mode @ ("none" | "entity_then_ip" | "entity_then_none") => {
            return Err(Refusal::Invalid(format!(
                "grouping mode {mode:?} is only available in Vault Enterprise"
            )));
        }
        mode => return Err(Refusal::Invalid(format!("invalid grouping mode {mode:?}"))),
    }
    let (path, mount) = target(state, fields.text("path"))?;
    if !fields.text("role").is_empty() {
        return Err(Refusal::Invalid(without_roles(&path, fields.text("path"), state)));
    }
    let inheritable = if fields.has("inheritable") { fields.flag("inheritable") } else { path.is_empty() };
    if !inheritable && path.is_empty() {
        return Err(Refusal::invalid("all global quotas must be inheritable"));
    }
    if inheritable && !path.is_empty() {
        return Err(Refusal::invalid("only namespace quotas can be configured as inheritable"));
    }
    if let Some(twin) = state.settings.quotas.twin(name, &path) {
        return Err(Refusal::Invalid(format!(
            "quota rule with similar properties exists under the name {twin:?}"
        )));
    }
    let seconds = |name: &str| fields.duration(name).as_secs();
    let quota = Quota {
        path,
        mount,
        rate,
        interval: seconds("interval").max(1),
        block_interval: seconds("block_interval"),
        inheritable,
    };
    state.settings.quotas.rules.insert(name, quota);
    state.settings.quotas.forget(name);
    Ok(Reply::Nothing)
}

fn rate(sent: Option<&Value>) -> Result<f64, Refusal> {
    let rate = match sent {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    rate.filter(|rate| *rate > 0.0).ok_or_else(|| Refusal::invalid("'rate' is invalid"))
}

/// The path as it is kept, and whether it is a whole mount. Errors: it is at no mount.
fn target(state: &State, path: &str) -> Result<(String, bool), Refusal> {
    let path = path.trim_start_matches('/');
    if path.is_empty() {
        return Ok((String::new(), false));
    }
    let mount = state.mounts.route(path).map(|mount| mount.entry.path.as_str());
    let Some(mount) = mount else {
        return Err(Refusal::Invalid(format!(
            "invalid mount path {:?}",
            format!("{}/", path.trim_end_matches('/'))
        )));
    };
    let whole = path.trim_end_matches('/') == mount.trim_end_matches('/');
    Ok(if whole { (mount.to_owned(), true) } else { (path.to_owned(), false) })
}

/// No method of the lab's can tell roles apart before a login.
fn without_roles(path: &str, sent: &str, state: &State) -> String {
    if !path.starts_with("auth/") {
        return format!(
            "Mount path {sent:?} is not a valid auth method and therefore unsuitable for use with role-based quotas"
        );
    }
    let mount = state.mounts.route(path).map_or(path, |mount| mount.entry.path.as_str());
    format!("Mount path {mount:?} does not support use with role-based quotas")
}

fn delete(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.fields.text("name");
    state.settings.quotas.rules.remove(name);
    state.settings.quotas.forget(name);
    Ok(Reply::Nothing)
}
