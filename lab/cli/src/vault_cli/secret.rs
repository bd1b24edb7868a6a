//! What a server answers: data, an authentication or a wrapping, with warnings.

use serde_json::{Map, Value};

use super::tree::Tree;

/// An answer of the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Secret {
    pub(super) request_id: String,
    pub(super) lease_id: String,
    pub(super) lease_duration: u64,
    pub(super) renewable: bool,
    pub(super) data: Option<Map<String, Value>>,
    pub(super) warnings: Option<Vec<String>>,
    pub(super) auth: Option<Map<String, Value>>,
    pub(super) wrap_info: Option<Map<String, Value>>,
    pub(super) mount_type: String,
}

impl Secret {
    /// Reads a response body. One that has nothing of a secret is its own data; one that has only errors is none.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut body: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let secret = Self {
            request_id: text(&body, "request_id"),
            lease_id: text(&body, "lease_id"),
            lease_duration: body.get("lease_duration").and_then(Value::as_u64).unwrap_or_default(),
            renewable: body.get("renewable").and_then(Value::as_bool).unwrap_or_default(),
            data: map(&body, "data"),
            warnings: body.get("warnings").and_then(texts),
            auth: map(&body, "auth"),
            wrap_info: map(&body, "wrap_info"),
            mount_type: text(&body, "mount_type"),
        };
        if secret != Self::default() {
            return Some(secret);
        }
        let has_errors = body.remove("errors").is_some();
        (!has_errors).then(|| Self { data: Some(body), ..Self::default() })
    }

    /// Its warnings; none where it has none.
    pub(super) fn warnings(&self) -> &[String] {
        self.warnings.as_deref().unwrap_or_default()
    }

    /// Whether there is something in it although it came as an error.
    pub(super) fn says_something(&self) -> bool {
        !self.warnings().is_empty() || self.data.as_ref().is_some_and(|data| !data.is_empty())
    }

    /// A value of its data.
    pub(super) fn datum(&self, name: &str) -> Option<&Value> {
        self.data.as_ref()?.get(name)
    }

    /// The keys of a list.
    pub(super) fn keys(&self) -> Option<&Vec<Value>> {
        self.datum("keys")?.as_array()
    }

    /// A field as `-field` names it.
    pub(super) fn field(&self, name: &str) -> Option<Value> {
        let of =
            |map: &Option<Map<String, Value>>, key: &str| map.as_ref().and_then(|map| map.get(key)).cloned();
        let special = match (&self.auth, &self.wrap_info, name) {
            (Some(_), _, "token") => of(&self.auth, "client_token"),
            (Some(_), _, "token_accessor") => of(&self.auth, "accessor"),
            (Some(_), _, "token_duration") => of(&self.auth, "lease_duration"),
            (Some(_), _, "token_renewable") => of(&self.auth, "renewable"),
            (Some(_), _, "token_policies" | "identity_policies" | "policies") => {
                Some(of(&self.auth, name).unwrap_or_else(|| Value::Array(Vec::new())))
            }
            (None, Some(_), "wrapping_token") => of(&self.wrap_info, "token"),
            (None, Some(_), "wrapping_accessor") => of(&self.wrap_info, "accessor"),
            (None, Some(_), "wrapping_token_ttl") => of(&self.wrap_info, "ttl"),
            (None, Some(_), "wrapping_token_creation_time") => of(&self.wrap_info, "creation_time"),
            (None, Some(_), "wrapping_token_creation_path") => of(&self.wrap_info, "creation_path"),
            (None, Some(_), "wrapped_accessor") => of(&self.wrap_info, "wrapped_accessor"),
            (None, None, "lease_id") => Some(self.lease_id.clone().into()),
            (None, None, "lease_duration") => Some(self.lease_duration.into()),
            (None, None, "lease_renewable") => Some(self.renewable.into()),
            (None, None, "refresh_interval") => Some(self.lease_duration.into()),
            (None, None, "request_id") => Some(self.request_id.clone().into()),
            (None, None, "data") => Some(self.data.clone().map_or(Value::Null, Value::Object)),
            _ => None,
        };
        let is_there = |value: &Value| !value.is_null() || name == "data";
        special.or_else(|| self.datum(name).cloned()).filter(is_there)
    }

    /// Its fields in the order in which they are printed.
    pub(super) fn tree(&self) -> Tree {
        let optional = |map: &Option<Map<String, Value>>| map.clone().map_or(Value::Null, Value::Object);
        let warnings = self.warnings.clone().map_or(Value::Null, Value::from);
        let mut fields: Vec<(String, Tree)> = vec![
            ("request_id".into(), self.request_id.as_str().into()),
            ("lease_id".into(), self.lease_id.as_str().into()),
            ("lease_duration".into(), self.lease_duration.into()),
            ("renewable".into(), self.renewable.into()),
            ("data".into(), optional(&self.data).into()),
            ("warnings".into(), warnings.into()),
        ];
        if let Some(auth) = &self.auth {
            fields.push(("auth".into(), ordered(auth, &AUTH)));
        }
        if let Some(wrap_info) = &self.wrap_info {
            fields.push(("wrap_info".into(), ordered(wrap_info, &WRAP_INFO)));
        }
        if !self.mount_type.is_empty() {
            fields.push(("mount_type".into(), self.mount_type.as_str().into()));
        }
        Tree::Fields(fields)
    }
}

/// The fields of an authentication, with what stands where one is missing.
const AUTH: [(&str, Missing); 11] = [
    ("client_token", Missing::Text),
    ("accessor", Missing::Text),
    ("policies", Missing::Null),
    ("token_policies", Missing::Null),
    ("identity_policies", Missing::Null),
    ("metadata", Missing::Null),
    ("orphan", Missing::False),
    ("entity_id", Missing::Text),
    ("lease_duration", Missing::Zero),
    ("renewable", Missing::False),
    ("mfa_requirement", Missing::Null),
];

/// The fields of a wrapping.
const WRAP_INFO: [(&str, Missing); 6] = [
    ("token", Missing::Text),
    ("accessor", Missing::Text),
    ("ttl", Missing::Zero),
    ("creation_time", Missing::Text),
    ("creation_path", Missing::Text),
    ("wrapped_accessor", Missing::Text),
];

/// What stands where a field is missing.
#[derive(Clone, Copy)]
enum Missing {
    Null,
    Text,
    Zero,
    False,
}

fn ordered(map: &Map<String, Value>, names: &[(&str, Missing)]) -> Tree {
    let field = |(name, missing): &(&str, Missing)| {
        let value = map.get(*name).cloned().unwrap_or(match missing {
            Missing::Null => Value::Null,
            Missing::Text => "".into(),
            Missing::Zero => 0.into(),
            Missing::False => false.into(),
        });
        ((*name).to_owned(), Tree::Value(value))
    };
    Tree::Fields(names.iter().map(field).collect())
}

fn text(body: &Map<String, Value>, name: &str) -> String {
    body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn map(body: &Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
    body.get(name).and_then(Value::as_object).cloned()
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?;
    Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_secret_is_its_own_data() {
        let status = Secret::parse(br#"{"sealed":false,"t":1}"#).expect("data");
        assert_eq!(status.datum("t"), Some(&Value::from(1)));
        assert_eq!(Secret::parse(br#"{"errors":[]}"#), None);
        assert_eq!(Secret::parse(b"no"), None);
        let list = Secret::parse(br#"{"request_id":"r","data":{"keys":["a"]}}"#).expect("a list");
        assert_eq!(list.keys(), Some(&vec![Value::from("a")]));
    }

    #[test]
    fn fields_have_names_of_their_own() {
        let login = Secret::parse(br#"{"auth":{"client_token":"t","policies":["a"],"lease_duration":60}}"#);
        let login = login.expect("an authentication");
        assert_eq!(login.field("token"), Some("t".into()));
        assert_eq!(login.field("token_duration"), Some(60.into()));
        assert_eq!(login.field("nope"), None);
    }
}
