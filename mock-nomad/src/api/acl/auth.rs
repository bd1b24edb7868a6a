//! Ways to log in, and what those are given who do.

use http::Method;
use rmpv::Value;
use serde_json::Value as Json;

use super::super::json::json;
use super::{Api, ApiError, ApiRequest, Reply, WRITE, empty, first, text};
use crate::api::decode::{duration, fields};
use crate::structs::Body;

pub(super) async fn methods(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    super::list(api, request, "ACL.ListAuthMethods", "AuthMethods").await
}

pub(super) async fn create_method(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    write_method(api, request, &request.fitting("structs.ACLAuthMethod")?).await
}

async fn write_method(api: &Api, request: &ApiRequest, method: &Json) -> Result<Reply, ApiError> {
    let mut method = method.clone();
    if let Some(nanos) = method.get("MaxTokenTTL").and_then(Json::as_u64) {
        method["MaxTokenTTL"] = lab_world::format_duration(std::time::Duration::from_nanos(nanos)).into();
    }
    for leeway in ["ExpirationLeeway", "NotBeforeLeeway", "ClockSkewLeeway"] {
        if let Some(text) = method["Config"][leeway].as_str().filter(|text| !text.is_empty()) {
            duration(text).map_err(|error| ApiError::new(400, error.to_string()))?;
        }
    }
    let methods = Value::Array(vec![fields(&method)]);
    Ok(first(&api.write(request, "ACL.UpsertAuthMethods", [("AuthMethods", methods)]).await?, "AuthMethods"))
}

pub(super) async fn method(api: &Api, request: &ApiRequest, name: &str) -> Result<Reply, ApiError> {
    if name.is_empty() {
        return Err(ApiError::new(400, "missing ACL auth-method name"));
    }
    match request.method {
        Method::GET => {
            let subject = [("MethodName", name.into())];
            let (found, meta) = api.read(request, "ACL.GetAuthMethod", subject, "AuthMethod").await?;
            match found {
                Some(method) => Ok(Reply::found(json(&method), meta)),
                None => Err(ApiError::missing("ACL auth-method not found", meta)),
            }
        }
        Method::PUT | Method::POST => {
            let method = request.fitting("structs.ACLAuthMethod")?;
            if text(&method, "Name") != name {
                return Err(ApiError::new(400, "ACL auth-method name does not match request path"));
            }
            write_method(api, request, &method).await
        }
        Method::DELETE => {
            let names = Value::Array(vec![name.into()]);
            Ok(empty(&api.write(request, "ACL.DeleteAuthMethods", [("Names", names)]).await?))
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

pub(super) async fn rules(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    super::list(api, request, "ACL.ListBindingRules", "ACLBindingRules").await
}

pub(super) async fn create_rule(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    write_rule(api, request, fields(&request.fitting("structs.ACLBindingRule")?)).await
}

async fn write_rule(api: &Api, request: &ApiRequest, rule: Value) -> Result<Reply, ApiError> {
    let rules = Value::Array(vec![rule]);
    let answer = api.write(request, "ACL.UpsertBindingRules", [("ACLBindingRules", rules)]).await?;
    Ok(first(&answer, "ACLBindingRules"))
}

pub(super) async fn rule(api: &Api, request: &ApiRequest, id: &str) -> Result<Reply, ApiError> {
    if id.is_empty() {
        return Err(ApiError::new(400, "missing ACL binding rule ID"));
    }
    match request.method {
        Method::GET => {
            let subject = [("ACLBindingRuleID", id.into())];
            let (found, meta) = api.read(request, "ACL.GetBindingRule", subject, "ACLBindingRule").await?;
            match found {
                Some(rule) => Ok(Reply::found(json(&rule), meta)),
                None => Err(ApiError::missing("ACL binding rule not found", meta)),
            }
        }
        Method::PUT | Method::POST => {
            let mut rule = request.fitting("structs.ACLBindingRule")?;
            let own = text(&rule, "ID").to_owned();
            if !own.is_empty() && own != id {
                return Err(ApiError::new(400, "ACL binding rule ID does not match request path"));
            }
            rule["ID"] = id.into();
            write_rule(api, request, fields(&rule)).await
        }
        Method::DELETE => {
            let ids = Value::Array(vec![id.into()]);
            Ok(empty(&api.write(request, "ACL.DeleteBindingRules", [("ACLBindingRuleIDs", ids)]).await?))
        }
        _ => Err(ApiError::new(405, "Invalid method")),
    }
}

pub(super) async fn login(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    let body = request.object("structs.ACLLoginRequest")?;
    let subject = ["AuthMethodName", "LoginToken"].map(|name| (name, text(&body, name).into()));
    Ok(logged_in(&api.write(request, "ACL.Login", subject).await?))
}

/// The token that somebody who logs in is given.
fn logged_in(answer: &Value) -> Reply {
    let token = Body(answer).get("ACLToken").map(json);
    Reply { body: token, index: Some(Body(answer).index("Index")), ..Reply::default() }
}

pub(super) async fn oidc_auth_url(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    let body = request.object("structs.ACLOIDCAuthURLRequest")?;
    let names = ["AuthMethodName", "RedirectURI", "ClientNonce"];
    let subject = names.map(|name| (name, text(&body, name).into()));
    Ok(Reply::written(&api.write(request, "ACL.OIDCAuthURL", subject).await?))
}

pub(super) async fn oidc_complete(api: &Api, request: &ApiRequest) -> Result<Reply, ApiError> {
    request.allow(&WRITE)?;
    let body = request.object("structs.ACLOIDCCompleteAuthRequest")?;
    let names = ["AuthMethodName", "ClientNonce", "State", "Code", "RedirectURI"];
    let subject = names.map(|name| (name, text(&body, name).into()));
    Ok(logged_in(&api.write(request, "ACL.OIDCCompleteAuth", subject).await?))
}
