//! The Vault that is set up.

use bytes::Bytes;
use http::Method;
use lab_pki::Url;
use serde_json::Value as Json;

use crate::nomad_cli::command::Fault;
use crate::stand_in::{Client, Environment, TlsSettings};

/// A Vault, as the environment of its own command line says.
pub(super) struct Vault {
    client: Client,
    address: String,
    token: String,
    namespace: String,
}

/// An answer of Vault's.
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) body: Json,
}

impl Vault {
    pub(super) fn of(environment: &Environment) -> Result<Self, Fault> {
        let get = |name: &str| environment.get(name).unwrap_or_default().to_owned();
        let address = environment
            .get("VAULT_ADDR")
            .unwrap_or("https://127.0.0.1:8200")
            .trim_end_matches('/')
            .to_owned();
        let doing = Fault::of("Error initializing Vault client");
        let url = Url::parse(&address).map_err(&doing)?;
        let settings = TlsSettings {
            ca_cert: get("VAULT_CACERT"),
            ca_path: get("VAULT_CAPATH"),
            client_cert: get("VAULT_CLIENT_CERT"),
            client_key: get("VAULT_CLIENT_KEY"),
            server_name: get("VAULT_TLS_SERVER_NAME"),
            skip_verify: matches!(
                environment.get("VAULT_SKIP_VERIFY"),
                Some("1" | "t" | "T" | "true" | "TRUE" | "True")
            ),
        };
        let limit = std::time::Duration::from_secs(60);
        let client =
            Client::new(&settings, url.host(), Some(limit)).map_err(|error| doing(error.to_string()))?;
        let kept =
            environment.home().and_then(|home| std::fs::read_to_string(home.join(".vault-token")).ok());
        let token = environment.get("VAULT_TOKEN").map(str::to_owned).or(kept).unwrap_or_default();
        Ok(Self { client, address, token: token.trim().to_owned(), namespace: get("VAULT_NAMESPACE") })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Sends a request. An answer that is an error comes in Vault's client's words.
    pub(super) fn send(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Answer, String> {
        let url = format!("{}/v1/{path}", self.address);
        let mut request = http::Request::builder()
            .method(method.clone())
            .uri(&url)
            .header("X-Vault-Token", &self.token)
            .header("X-Vault-Request", "true");
        if !self.namespace.is_empty() {
            request = request.header("X-Vault-Namespace", &self.namespace);
        }
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let request = request.body(body).map_err(|error| error.to_string())?;
        let answer = self.client.send(request)?;
        let code = answer.status().as_u16();
        let read: Json = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
        if answer.status().is_success()
            || code == 404 && read.get("errors").and_then(Json::as_array).is_none_or(Vec::is_empty)
        {
            return Ok(Answer { code, body: read });
        }
        let errors: Vec<String> = read
            .get("errors")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .map(|error| format!("* {error}"))
            .collect();
        Err(format!(
            "Error making API request.\n\nURL: {method} {url}\nCode: {code}. Errors:\n\n{}",
            errors.join("\n")
        ))
    }
}
