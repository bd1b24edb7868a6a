//! Documents of identity providers: key sets, and where to find them.

use serde_json::Value;

use super::fetch::{Document, Fetched};
use super::key::Key;
use crate::go_json;

/// Where an issuer's discovery document is.
pub fn discovery_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// What a discovery document says; what it leaves out is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The URL of the key set.
    pub keys: String,
    /// The URL that people log in at.
    pub authorization: String,
    /// The URL that gives tokens for codes.
    pub token: String,
    /// The URL that tells more of who logged in.
    pub user_info: String,
    /// The algorithms that the provider signs with.
    pub algorithms: Vec<String>,
}

/// Reads a discovery document.
///
/// Errors: what is wrong with it, or that it is another issuer's.
pub fn read_discovery(fetched: &Fetched, issuer: &str) -> Result<Discovery, Fault> {
    let document = json(fetched)?;
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("issuer") != issuer {
        return Err(Fault::Issuer { expected: issuer.to_owned(), got: text("issuer") });
    }
    let algorithms = document.get("id_token_signing_alg_values_supported").and_then(Value::as_array);
    let algorithms = algorithms.into_iter().flatten().filter_map(Value::as_str);
    Ok(Discovery {
        keys: text("jwks_uri"),
        authorization: text("authorization_endpoint"),
        token: text("token_endpoint"),
        user_info: text("userinfo_endpoint"),
        algorithms: algorithms.map(str::to_owned).collect(),
    })
}

/// Reads a key set; keys that are of no use here are left out.
///
/// Errors: what is wrong with it.
pub fn read_keys(fetched: &Fetched) -> Result<Vec<Key>, Fault> {
    let document = json(fetched)?;
    let unreadable = |why: String| Err(Fault::Unreadable { why, body: body(fetched) });
    if let Some(kind) = kind_of_no_object(&document) {
        return unreadable(told(
            fetched,
            &format!("json: cannot unmarshal {kind} into Go value of type jose.JSONWebKeySet"),
        ));
    }
    let keys = document.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let known = |key: &Value| matches!(key["kty"].as_str(), Some("RSA" | "EC" | "OKP" | "oct"));
    if !keys.iter().all(known) {
        return unreadable(told(fetched, "go-jose/go-jose: unsupported key type/format"));
    }
    Ok(keys.iter().filter_map(Key::from_jwk).collect())
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is none; as Go's client says it, with `Get` and the URL.
    Unreachable(String),
    /// Another status than 200.
    Status {
        /// Number and name, `404 Not Found`.
        status: String,
        /// What came with it.
        body: String,
    },
    /// It is no JSON, or of another kind.
    Unreadable {
        /// Why.
        why: String,
        /// What it is.
        body: String,
    },
    /// It is another issuer's.
    Issuer {
        /// Whose it should be.
        expected: String,
        /// Whose it is.
        got: String,
    },
}

impl Fault {
    /// What is said of a key set, behind `fetching keys oidc: `.
    pub fn of_keys(&self) -> String {
        match self {
            Self::Unreachable(error) => format!("get keys failed {error}"),
            Self::Status { status, body } => format!("get keys failed: {status} {body}"),
            Self::Unreadable { why, body } => format!("failed to decode keys: {why} {body}"),
            Self::Issuer { .. } => self.of_discovery(),
        }
    }

    /// What is said of a discovery document by who only wants its keys.
    pub fn of_discovery(&self) -> String {
        match self {
            Self::Unreachable(error) => error.clone(),
            Self::Status { status, body } => format!("{status}: {body}"),
            Self::Unreadable { why, .. } => format!("failed to decode OIDC discovery document: {why}"),
            Self::Issuer { expected, got } => {
                format!("issuer did not match the returned issuer, expected {expected:?} got {got:?}")
            }
        }
    }

    /// What is said of a discovery document by who sends people there.
    pub fn of_provider(&self) -> String {
        match self {
            Self::Unreadable { why, .. } => {
                format!("oidc: failed to decode provider discovery object: {why}")
            }
            Self::Issuer { expected, got } => format!(
                "oidc: issuer did not match the issuer returned by provider, expected {expected:?} got {got:?}"
            ),
            _ => self.of_discovery(),
        }
    }
}

fn json(fetched: &Fetched) -> Result<Value, Fault> {
    match &fetched.answer {
        Err(error) => Err(Fault::Unreachable(format!("Get {:?}: {error}", fetched.url))),
        Ok(Document { status: 200, body: bytes, .. }) => go_json::unmarshal(&String::from_utf8_lossy(bytes))
            .map_err(|error| Fault::Unreadable { why: told(fetched, &error), body: body(fetched) }),
        Ok(document) => Err(Fault::Status { status: document.status_text(), body: body(fetched) }),
    }
}

/// What is wrong with the content, after what the content was said to be.
fn told(fetched: &Fetched, error: &str) -> String {
    let kind = fetched.answer.as_ref().map_or("", |document| &document.content_type);
    if kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json") {
        format!("got Content-Type = application/json, but could not unmarshal as JSON: {error}")
    } else {
        format!("expected Content-Type = application/json, got {kind:?}: {error}")
    }
}

fn body(fetched: &Fetched) -> String {
    fetched
        .answer
        .as_ref()
        .map(|document| String::from_utf8_lossy(&document.body).into_owned())
        .unwrap_or_default()
}

fn kind_of_no_object(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Bool(_) => Some("bool"),
        Value::Number(_) => Some("number"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn fetched(status: u16, body: &'static str) -> Fetched {
        let document = Document {
            status,
            content_type: "application/json; charset=utf-8".to_owned(),
            body: Bytes::from_static(body.as_bytes()),
        };
        Fetched { url: "http://idp/keys".to_owned(), answer: Ok(document) }
    }

    #[test]
    fn a_key_set_may_be_empty_and_not_odd() {
        const UNREAD: &str =
            "failed to decode keys: got Content-Type = application/json, but could not unmarshal as JSON: ";
        for (status, body, told) in [
            (200, "{}", None),
            (200, "null", None),
            (200, r#"{"keys":[]}"#, None),
            (
                200,
                "[]",
                Some(format!(
                    "{UNREAD}json: cannot unmarshal array into Go value of type jose.JSONWebKeySet []"
                )),
            ),
            (
                200,
                r#"{"keys":[{"kty":"odd"}]}"#,
                Some(format!(
                    "{UNREAD}go-jose/go-jose: unsupported key type/format {{\"keys\":[{{\"kty\":\"odd\"}}]}}"
                )),
            ),
            (404, "gone", Some("get keys failed: 404 Not Found gone".to_owned())),
        ] {
            let keys = read_keys(&fetched(status, body)).map_err(|fault| fault.of_keys());
            assert_eq!(keys.err(), told, "{body}");
        }
    }

    #[test]
    fn who_reads_a_discovery_document_says_what_is_wrong_in_its_own_words() {
        let document = fetched(200, r#"{"issuer":"http://other","jwks_uri":"http://other/keys"}"#);
        assert_eq!(
            read_discovery(&document, "http://other").map(|found| found.keys),
            Ok("http://other/keys".to_owned())
        );
        let fault = read_discovery(&document, "http://idp").expect_err("another issuer");
        assert_eq!(
            fault.of_discovery(),
            r#"issuer did not match the returned issuer, expected "http://idp" got "http://other""#
        );
        assert_eq!(
            fault.of_provider(),
            r#"oidc: issuer did not match the issuer returned by provider, expected "http://idp" got "http://other""#
        );
    }
}
