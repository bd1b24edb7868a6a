//! Vault's HTTP API as an operator uses it.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use lab_pki::Certificate;
use lab_wire::http::Client;
use lab_wire::tls::{ClientTls, ServerVerify};
use lab_world::Host;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::fleet::Existing;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(60);

/// One Vault, spoken to with one token.
#[derive(Clone, Debug)]
pub(crate) struct VaultApi {
    client: Client,
    address: String,
    token: Option<String>,
}

impl VaultApi {
    /// The Vault at `address` (`http://10.0.0.1:8200`), without a token.
    pub(crate) fn new(operator: &Host, address: String) -> Self {
        Self { client: Client::new(&operator.net, &operator.clock).timeout(LIMIT), address, token: None }
    }

    /// The Vault of a cluster that runs already, where there is a token for it.
    pub(crate) fn existing(operator: &Host, existing: &Existing) -> Option<Self> {
        let (address, token) = (existing.vault.as_ref()?, existing.vault_token.as_ref()?);
        let mut vault = Self::new(operator, address.trim_end_matches('/').to_owned());
        if let Some(authorities) = &existing.vault_authorities {
            let name = http::Uri::try_from(address).ok().and_then(|uri| uri.host().map(str::to_owned));
            let roots = Certificate::authorities_from_pem(authorities);
            let verify = ServerVerify::Name(name.unwrap_or_default());
            vault.client = vault.client.tls(ClientTls::new(&operator.clock).roots(roots).verify(verify));
        }
        Some(vault.with_token(token))
    }

    /// `vault read`.
    pub(crate) async fn read(&self, path: &str) -> Result<Value, Error> {
        self.send(Method::GET, path, None).await
    }

    /// `vault delete`.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), Error> {
        self.send(Method::DELETE, path, None).await.map(drop)
    }

    /// The same Vault with a token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// `vault write`: the answer's body, or nothing where it has none.
    pub(crate) async fn write(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// `vault write`, and of the answer's data one field.
    pub(crate) async fn write_for(&self, path: &str, body: &Value, field: &str) -> Result<String, Error> {
        let answer = self.write(path, body).await?;
        text(&answer, path, &["data", field])
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let url = format!("{}/v1/{path}", self.address);
        let unreachable = |cause: String| Error::Unreachable { url: url.clone(), cause };
        let mut request = http::Request::builder()
            .method(method.clone())
            .uri(&url)
            .header("X-Vault-Request", "true")
            .header("Content-Type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("X-Vault-Token", token);
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Bytes::from(body)).map_err(|error| unreachable(error.to_string()))?;
        let response =
            Box::pin(self.client.send(request)).await.map_err(|error| unreachable(error.to_string()))?;
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        if response.status().is_success() {
            return Ok(answer);
        }
        let errors: Vec<&str> =
            answer["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        Err(Error::Vault {
            method: method.to_string(),
            path: path.to_owned(),
            status: response.status().as_u16(),
            errors: errors.join("; "),
        })
    }
}

/// A text somewhere in an answer.
pub(crate) fn text(answer: &Value, path: &str, fields: &[&str]) -> Result<String, Error> {
    let found = fields.iter().try_fold(answer, |value, field| value.get(field)).and_then(Value::as_str);
    let incomplete = || Error::Incomplete { path: path.to_owned(), field: fields.join(".") };
    found.map(str::to_owned).ok_or_else(incomplete)
}

/// Parameters as `vault write` sends them: all of them texts.
pub(crate) fn parameters<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}
