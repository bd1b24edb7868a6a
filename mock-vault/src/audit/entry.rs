//! The lines of the audit log.

use lab_world::{format_rfc3339, format_rfc3339_nano};
use serde_json::{Value, json};

use crate::audit::Audited;
use crate::audit::hide::Hider;
use crate::logical::{Auth, Caller, Data, Refusal, Response, WrapInfo, one_error};
use crate::mounts::running_version;

/// The line of a request; `refusal`: why it goes no further.
pub(super) fn request(audited: &Audited<'_>, refusal: Option<&Refusal>, hider: &Hider<'_>) -> Value {
    let mut line = line(audited, "request", hider);
    if audited.open {
        line["auth"] = json!({"policy_results": {"allowed": true}, "token_type": "default"});
    }
    if let Some(caller) = audited.caller {
        line["auth"] = auth_of(caller, refusal.is_none(), hider);
    }
    if let Some(text) = refusal.and_then(|refusal| refusal.answer(true).1) {
        line["error"] = text.into();
    }
    if audited.request.operation.is_write() && (refusal.is_none() || audited.caller.is_some()) {
        line["request"]["mount_accessor"] = audited.mount.accessor.as_str().into();
    }
    line
}

/// The line of an answer.
pub(super) fn response(
    audited: &Audited<'_>,
    outcome: &Result<Option<Box<Response>>, Refusal>,
    hider: &Hider<'_>,
) -> Value {
    let mut line = line(audited, "response", hider);
    let denied = matches!(outcome, Err(Refusal::Denied | Refusal::InvalidToken));
    if !denied {
        line["request"]["mount_accessor"] = audited.mount.accessor.as_str().into();
    }
    if let Some(caller) = audited.caller {
        line["auth"] = auth_of(caller, !denied, hider);
    }
    let mut answer = match outcome {
        Ok(None) => return line,
        Ok(Some(response)) => {
            if let Some(auth) = response.auth.as_ref().filter(|_| audited.open) {
                line["auth"] = granted(auth, hider);
            }
            answered(audited, response, hider)
        }
        Err(refusal) => {
            let text = refusal.to_string();
            line["error"] = match refusal {
                Refusal::Invalid(_) if audited.open => text.as_str().into(),
                Refusal::Invalid(_) => one_error("invalid request").into(),
                _ => refusal.answer(true).1.into(),
            };
            Data::from_iter([("data".to_owned(), json!({"error": hider.secret(&text)}))])
        }
    };
    if !denied {
        answer.insert("mount_accessor".into(), audited.mount.accessor.as_str().into());
    }
    answer.extend(mount_of(audited, "mount_running_plugin_version"));
    line["response"] = Value::Object(answer);
    line
}

fn line(audited: &Audited<'_>, kind: &str, hider: &Hider<'_>) -> Value {
    json!({
        "request": described(audited, hider), "time": format_rfc3339_nano(audited.environment.now), "type": kind,
    })
}

fn auth_of(caller: &Caller, allowed: bool, hider: &Hider<'_>) -> Value {
    let token = &caller.token;
    let mut auth = json!({
        "accessor": hider.accessor(&token.accessor), "client_token": hider.secret(&token.id),
        "display_name": token.display_name, "policies": token.policies, "token_policies": token.policies,
        "policy_results": {"allowed": allowed}, "token_issue_time": format_rfc3339(token.created),
        "token_type": token.kind(),
    });
    if allowed {
        let by = |name: &String| json!({"name": name, "namespace_id": "root", "type": "acl"});
        // The real server's list begins with an empty one.
        let granting = std::iter::once(json!({"type": ""})).chain(token.policies.iter().map(by));
        auth["policy_results"]["granting_policies"] = granting.collect();
    }
    if !token.entity_id.is_empty() {
        auth["entity_id"] = token.entity_id.as_str().into();
    }
    if let Some(meta) = token.meta.as_ref().filter(|meta| !meta.is_empty()) {
        auth["metadata"] = json!(meta);
    }
    if !token.ttl.is_zero() {
        auth["token_ttl"] = token.ttl.as_secs().into();
    }
    auth
}

fn described(audited: &Audited<'_>, hider: &Hider<'_>) -> Value {
    let request = audited.request;
    let mut described = json!({
        "id": request.id, "namespace": {"id": "root"}, "operation": request.operation.name(), "path": request.path,
        "remote_address": request.remote.ip().to_string(), "remote_port": request.remote.port(),
    });
    if let Value::Object(described) = &mut described {
        described.extend(mount_of(audited, "mount_running_version"));
    }
    let headers: Data = (audited.headers.iter())
        .filter_map(|(name, header)| {
            let value = request.headers.get(name)?;
            let shown = if header.hmac { hider.secret(value) } else { Value::from(value.as_str()) };
            Some((name.clone(), json!([shown])))
        })
        .collect();
    if !headers.is_empty() {
        described["headers"] = Value::Object(headers);
    }
    if let Some(caller) = audited.caller {
        described["client_id"] = caller.token.client_id().into();
        described["client_token"] = hider.secret(&caller.token.id);
        described["client_token_accessor"] = hider.accessor(&caller.token.accessor);
    } else if let Some(token) = request.token.as_deref().filter(|token| !token.is_empty()) {
        described["client_token"] = hider.secret(token);
    }
    if !request.data.is_empty() {
        described["data"] = hider.data(&request.data, &audited.mount.plain_request_keys, true);
    }
    if let Some(ttl) = request.wrap_ttl {
        described["wrap_ttl"] = ttl.as_secs().into();
    }
    described
}

/// What is told of the mount beside a request or an answer, which differ in what they call its version.
fn mount_of(audited: &Audited<'_>, version: &str) -> Data {
    let mount = audited.mount;
    if mount.path.is_empty() {
        return Data::new();
    }
    let class = if mount.path.starts_with("auth/") { "auth" } else { "secret" };
    Data::from_iter([
        ("mount_class".to_owned(), class.into()),
        ("mount_point".to_owned(), mount.path.as_str().into()),
        (version.to_owned(), running_version(&mount.kind).into()),
        ("mount_type".to_owned(), mount.kind.as_str().into()),
    ])
}

fn answered(audited: &Audited<'_>, response: &Response, hider: &Hider<'_>) -> Data {
    let mut answered = Data::new();
    if audited.request.wrap_ttl.is_some() && response.wrap_info.is_none() {
        return answered;
    }
    if let Some(data) = &response.data {
        answered.insert("data".into(), hider.data(data, &audited.mount.plain_response_keys, false));
    }
    if !response.warnings.is_empty() {
        answered.insert("warnings".into(), json!(response.warnings));
    }
    if let Some(secret) = &response.secret {
        answered.insert("secret".into(), json!({"lease_id": secret.lease_id}));
    }
    if let Some(auth) = &response.auth {
        answered.insert("auth".into(), granted(auth, hider));
    }
    if let Some(wrapped) = &response.wrap_info {
        answered.insert("wrap_info".into(), wrapping(wrapped, hider));
    }
    answered
}

fn granted(auth: &Auth, hider: &Hider<'_>) -> Value {
    let mut granted = json!({
        "accessor": hider.accessor(&auth.accessor), "client_token": hider.secret(&auth.client_token),
        "display_name": auth.display_name, "policies": auth.policies, "token_policies": auth.token_policies,
        "token_ttl": auth.ttl.as_secs(), "token_type": if auth.batch { "batch" } else { "service" },
    });
    if !auth.entity_id.is_empty() {
        granted["entity_id"] = auth.entity_id.as_str().into();
    }
    if let Some(metadata) = auth.metadata.as_ref().filter(|metadata| !metadata.is_empty()) {
        granted["metadata"] = json!(metadata);
    }
    granted
}

fn wrapping(wrapped: &WrapInfo, hider: &Hider<'_>) -> Value {
    json!({
        "accessor": hider.accessor(&wrapped.accessor), "creation_path": wrapped.creation_path,
        "creation_time": wrapped.creation_time, "token": hider.secret(&wrapped.token), "ttl": wrapped.ttl.as_secs(),
    })
}
