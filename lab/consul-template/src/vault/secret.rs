//! What Vault answers.

use lab_template::Value;
use lab_wire::go_json;
use serde_json::{Map, Value as Json};

/// An answer of Vault, as templates see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Secret {
    pub(crate) request_id: String,
    pub(crate) lease_id: String,
    /// Seconds.
    pub(crate) lease_duration: i64,
    pub(crate) renewable: bool,
    pub(crate) data: Map<String, Json>,
    pub(crate) warnings: Vec<String>,
    pub(crate) auth: Option<Auth>,
    pub(crate) wrapped_token: Option<String>,
}

/// What a login or a renewal of a token gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Auth {
    pub(crate) client_token: String,
    pub(crate) accessor: String,
    pub(crate) policies: Vec<String>,
    /// Seconds.
    pub(crate) lease_duration: i64,
    pub(crate) renewable: bool,
}

impl Secret {
    /// Reads the envelope of an answer; `None` where it is empty. The error is what Go says of what is no envelope.
    pub(crate) fn parse(body: &[u8]) -> Result<Option<Self>, String> {
        if body.is_empty() {
            return Ok(None);
        }
        let mut envelope = match go_json::unmarshal(&String::from_utf8_lossy(body))? {
            Json::Object(envelope) => envelope,
            Json::Null => return Ok(Some(Self::default())),
            other => {
                let kind = match other {
                    Json::String(_) => "string",
                    Json::Number(_) => "number",
                    Json::Bool(_) => "bool",
                    _ => "array",
                };
                return Err(format!("json: cannot unmarshal {kind} into Go value of type api.Secret"));
            }
        };
        let data = match envelope.remove("data") {
            Some(Json::Object(data)) => data,
            _ => Map::new(),
        };
        let auth = envelope.get("auth").filter(|auth| auth.is_object()).map(|auth| Auth {
            client_token: text(auth, "client_token"),
            accessor: text(auth, "accessor"),
            policies: texts(auth, "policies"),
            lease_duration: auth["lease_duration"].as_i64().unwrap_or(0),
            renewable: auth["renewable"].as_bool().unwrap_or(false),
        });
        let wrapped_token =
            envelope.get("wrap_info").filter(|wrap| wrap.is_object()).map(|wrap| text(wrap, "token"));
        let envelope = Json::Object(envelope);
        Ok(Some(Self {
            request_id: text(&envelope, "request_id"),
            lease_id: text(&envelope, "lease_id"),
            lease_duration: envelope["lease_duration"].as_i64().unwrap_or(0),
            renewable: envelope["renewable"].as_bool().unwrap_or(false),
            warnings: texts(&envelope, "warnings"),
            data,
            auth,
            wrapped_token,
        }))
    }

    /// Whether Vault may be asked to renew it.
    pub(crate) fn is_renewable(&self) -> bool {
        self.auth.as_ref().map_or(self.renewable, |auth| auth.renewable)
    }

    /// As a template sees it.
    pub(crate) fn to_value(&self) -> Value {
        let auth = match &self.auth {
            None => Value::NilPointer("*dependency.SecretAuth"),
            Some(auth) => Value::object(
                "*dependency.SecretAuth",
                vec![
                    ("ClientToken", Value::from(auth.client_token.as_str())),
                    ("Accessor", Value::from(auth.accessor.as_str())),
                    ("Policies", Value::texts(auth.policies.iter().map(String::as_str))),
                    ("LeaseDuration", Value::Integer(auth.lease_duration)),
                    ("Renewable", Value::Bool(auth.renewable)),
                ],
            ),
        };
        let wrap = match &self.wrapped_token {
            None => Value::NilPointer("*dependency.SecretWrapInfo"),
            Some(token) => {
                Value::object("*dependency.SecretWrapInfo", vec![("Token", Value::from(token.as_str()))])
            }
        };
        Value::object(
            "*dependency.Secret",
            vec![
                ("RequestID", Value::from(self.request_id.as_str())),
                ("LeaseID", Value::from(self.lease_id.as_str())),
                ("LeaseDuration", Value::Integer(self.lease_duration)),
                ("Renewable", Value::Bool(self.renewable)),
                ("Data", Value::from_json_exact(&Json::Object(self.data.clone()))),
                ("Warnings", Value::texts(self.warnings.iter().map(String::as_str))),
                ("Auth", auth),
                ("WrapInfo", wrap),
            ],
        )
    }
}

fn text(json: &Json, name: &str) -> String {
    json[name].as_str().unwrap_or_default().to_owned()
}

fn texts(json: &Json, name: &str) -> Vec<String> {
    json[name].as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
