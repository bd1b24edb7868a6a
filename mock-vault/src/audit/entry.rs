//! The lines of the audit log.

use lab_world::{format_rfc3339, format_rfc3339_nano};
use ring::hmac;
use serde_json::{Value, json};

use crate::audit::{AuditDevice, hash};
use crate::logical::{Auth, Caller, Data, Environment, Refusal, Request, Response, one_error};

/// What is known of the mount beside the request is left to the reader: lines carry the path.
pub(super) fn request(
    request: &Request,
    caller: Option<&Caller>,
    key: &hmac::Key,
    device: &AuditDevice,
    environment: &Environment,
) -> Value {
    json!({
        "auth": caller.map(|caller| auth_of(caller, key, device)), "request": described(request, caller, key, device),
        "time": format_rfc3339_nano(environment.now), "type": "request",
    })
}

pub(super) fn response(
    request: &Request,
    caller: Option<&Caller>,
    outcome: &Result<Option<Response>, Refusal>,
    key: &hmac::Key,
    device: &AuditDevice,
    environment: &Environment,
) -> Value {
    let mut line = json!({
        "auth": caller.map(|caller| auth_of(caller, key, device)), "request": described(request, caller, key, device),
        "time": format_rfc3339_nano(environment.now), "type": "response",
    });
    match outcome {
        Ok(None) => {}
        Ok(Some(response)) => line["response"] = answered(response, key, device),
        Err(Refusal::Invalid(text)) => {
            line["error"] = one_error("invalid request").into();
            line["response"] = json!({"data": {"error": secret(text, key, device)}});
        }
        Err(refusal) => line["error"] = one_error(&refusal.to_string()).into(),
    }
    line
}

fn auth_of(caller: &Caller, key: &hmac::Key, device: &AuditDevice) -> Value {
    let token = &caller.token;
    let mut auth = json!({
        "accessor": accessor(&token.accessor, key, device), "client_token": secret(&token.id, key, device),
        "display_name": token.display_name, "policies": token.policies, "token_policies": token.policies,
        "policy_results": {
            "allowed": true,
            "granting_policies": token.policies.iter().map(|name| json!({"name": name, "namespace_id": "root", "type": "acl"})).collect::<Vec<_>>(),
        },
        "token_issue_time": format_rfc3339(token.created), "token_type": token.kind(),
    });
    if !token.entity_id.is_empty() {
        auth["entity_id"] = token.entity_id.as_str().into();
    }
    if let Some(meta) = &token.meta {
        auth["metadata"] = json!(meta);
    }
    if !token.ttl.is_zero() {
        auth["token_ttl"] = token.ttl.as_secs().into();
    }
    auth
}

fn described(request: &Request, caller: Option<&Caller>, key: &hmac::Key, device: &AuditDevice) -> Value {
    let mut described = json!({
        "id": request.id, "namespace": {"id": "root"}, "operation": request.operation.name(), "path": request.path,
        "remote_address": request.remote.ip().to_string(), "remote_port": request.remote.port(),
    });
    if let Some(agent) = request.headers.get("user-agent") {
        described["headers"] = json!({"user-agent": [agent]});
    }
    if let Some(caller) = caller {
        described["client_token"] = secret(&caller.token.id, key, device);
        described["client_token_accessor"] = accessor(&caller.token.accessor, key, device);
    }
    if !request.data.is_empty() {
        described["data"] = hidden(&Value::Object(request.data.clone()), true, key, device);
    }
    if let Some(ttl) = request.wrap_ttl {
        described["wrap_ttl"] = ttl.as_secs().into();
    }
    described
}

fn answered(response: &Response, key: &hmac::Key, device: &AuditDevice) -> Value {
    let mut answered = Data::new();
    if let Some(data) = &response.data {
        answered.insert("data".into(), hidden(&Value::Object(data.clone()), false, key, device));
    }
    if !response.warnings.is_empty() {
        answered.insert("warnings".into(), json!(response.warnings));
    }
    if let Some(secret) = &response.secret {
        answered.insert("secret".into(), json!({"lease_id": secret.lease_id}));
    }
    if let Some(auth) = &response.auth {
        answered.insert("auth".into(), granted(auth, key, device));
    }
    Value::Object(answered)
}

fn granted(auth: &Auth, key: &hmac::Key, device: &AuditDevice) -> Value {
    json!({
        "accessor": accessor(&auth.accessor, key, device), "client_token": secret(&auth.client_token, key, device),
        "display_name": auth.display_name, "policies": auth.policies, "token_policies": auth.token_policies,
        "token_ttl": auth.ttl.as_secs(), "token_type": if auth.batch { "batch" } else { "service" },
    })
}

fn accessor(text: &str, key: &hmac::Key, device: &AuditDevice) -> Value {
    if device.hash_accessors() { secret(text, key, device) } else { text.into() }
}

fn secret(text: &str, key: &hmac::Key, device: &AuditDevice) -> Value {
    if device.raw() { text.into() } else { hash(key, text).into() }
}

/// Every text as its HMAC; the numbers of a request too, which are texts to the real server.
fn hidden(value: &Value, numbers: bool, key: &hmac::Key, device: &AuditDevice) -> Value {
    if device.raw() {
        return value.clone();
    }
    match value {
        Value::String(text) => hash(key, text).into(),
        Value::Number(number) if numbers => hash(key, &number.to_string()).into(),
        Value::Array(items) => items.iter().map(|item| hidden(item, numbers, key, device)).collect(),
        Value::Object(object) => Value::Object(
            object.iter().map(|(name, value)| (name.clone(), hidden(value, numbers, key, device))).collect(),
        ),
        other => other.clone(),
    }
}
