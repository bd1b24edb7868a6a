//! The envelope around every answer of the logical layer.

use serde::Serialize;
use serde_json::{Value, json};

use crate::logical::go_json::to_go_json_of;
use crate::logical::response::{Auth, Response, WrapInfo};

/// What a key takes in a list: a serial number, or an id, with its quotes.
const KEY: usize = 64;

/// The bytes of an answer's envelope, without the final newline; the order of its fields is fixed.
pub(crate) fn envelope(request_id: &str, mount_type: &str, response: &Response) -> Vec<u8> {
    let lease = response.secret.as_ref();
    let keys = response.data.as_ref().and_then(|data| data.get("keys")?.as_array());
    let size = 512 + keys.map_or(0, |keys| keys.len() * KEY);
    to_go_json_of(
        size,
        &Envelope {
            request_id,
            lease_id: lease.map_or("", |secret| &secret.lease_id),
            renewable: lease.is_some_and(|secret| secret.renewable),
            lease_duration: lease.map_or(0, |secret| secret.ttl.as_secs()),
            data: response.data.as_ref(),
            wrap_info: response.wrap_info.as_ref().map(WrapBody::of),
            warnings: (!response.warnings.is_empty() || response.lists_warnings)
                .then_some(&response.warnings),
            auth: response.auth.as_ref().map(AuthBody::of),
            mount_type,
        },
    )
}

#[derive(Serialize)]
struct Envelope<'a> {
    request_id: &'a str,
    lease_id: &'a str,
    renewable: bool,
    lease_duration: u64,
    data: Option<&'a serde_json::Map<String, Value>>,
    wrap_info: Option<WrapBody<'a>>,
    warnings: Option<&'a Vec<String>>,
    auth: Option<AuthBody<'a>>,
    mount_type: &'a str,
}

#[derive(Serialize)]
struct WrapBody<'a> {
    token: &'a str,
    accessor: &'a str,
    ttl: u64,
    creation_time: &'a str,
    creation_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    wrapped_accessor: &'a str,
}

impl<'a> WrapBody<'a> {
    fn of(info: &'a WrapInfo) -> Self {
        Self {
            token: &info.token,
            accessor: &info.accessor,
            ttl: info.ttl.as_secs(),
            creation_time: &info.creation_time,
            creation_path: &info.creation_path,
            wrapped_accessor: &info.wrapped_accessor,
        }
    }
}

#[derive(Serialize)]
struct AuthBody<'a> {
    client_token: &'a str,
    accessor: &'a str,
    policies: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    token_policies: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    identity_policies: &'a [String],
    metadata: Value,
    lease_duration: u64,
    renewable: bool,
    entity_id: &'a str,
    token_type: &'static str,
    orphan: bool,
    mfa_requirement: Value,
    num_uses: i64,
}

impl<'a> AuthBody<'a> {
    fn of(auth: &'a Auth) -> Self {
        Self {
            client_token: &auth.client_token,
            accessor: &auth.accessor,
            policies: &auth.policies,
            token_policies: &auth.token_policies,
            identity_policies: &auth.identity_policies,
            metadata: json!(auth.metadata),
            lease_duration: auth.ttl.as_secs(),
            renewable: auth.renewable,
            entity_id: &auth.entity_id,
            token_type: if auth.batch { "batch" } else { "service" },
            orphan: auth.orphan,
            mfa_requirement: Value::Null,
            num_uses: auth.num_uses,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_fields_is_fixed() {
        let response = Response::of(json!({"z": 1, "a": "x"}));
        assert_eq!(
            String::from_utf8(envelope("id", "kv", &response)).expect("text"),
            "{\"request_id\":\"id\",\"lease_id\":\"\",\"renewable\":false,\"lease_duration\":0,\"data\":{\"a\":\"x\",\"z\":1},\
             \"wrap_info\":null,\"warnings\":null,\"auth\":null,\"mount_type\":\"kv\"}"
        );
    }
}
