//! Requests to Vault, with the retries and the words of Go's `api` client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use lab_wire::http::{Client as HttpClient, Response, percent_escape};
use lab_world::{Clock, Entropy, Host};
use serde_json::Value as Json;

use super::Secret;
use crate::Error;
use crate::config::VaultConfig;
use crate::tls::client_tls;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a request is sent again when the connection or the server failed.
const RETRIES: u32 = 2;

/// A client with a token, which all its clones share.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: HttpClient,
    address: String,
    namespace: String,
    token: Arc<Mutex<String>>,
    clock: Clock,
    entropy: Entropy,
}

impl Client {
    pub(crate) fn new(host: &Host, config: &VaultConfig) -> Result<Self, Error> {
        let usual = "https://127.0.0.1:8200";
        let address = if config.address.is_empty() { usual } else { config.address.trim_end_matches('/') };
        let tls = client_tls(host, &config.tls, address, "vault")?;
        let http = HttpClient::new(&host.net, &host.clock).timeout(TIMEOUT).tls(tls);
        Ok(Self {
            http,
            address: base_of(address),
            namespace: config.namespace.clone(),
            token: Arc::new(Mutex::new(config.token.clone())),
            clock: host.clock.clone(),
            entropy: host.entropy.branch("vault client"),
        })
    }

    pub(crate) fn token(&self) -> String {
        self.token.lock().expect("no panic while holding a token").clone()
    }

    pub(crate) fn set_token(&self, token: &str) {
        token.clone_into(&mut self.token.lock().expect("no panic while holding a token"));
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Reads a path; `None` where there is nothing.
    pub(crate) async fn read(&self, path: &str, query: &str) -> Result<Option<Secret>, String> {
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        self.request(&Method::GET, &path, None).await.map_err(|failure| failure.message)
    }

    /// Lists a path; `None` where there is nothing.
    pub(crate) async fn list(&self, path: &str) -> Result<Option<Secret>, String> {
        let path = format!("{path}?list=true");
        self.request(&Method::GET, &path, None).await.map_err(|failure| failure.message)
    }

    /// Writes to a path; `None` where Vault has nothing to say.
    pub(crate) async fn write(&self, path: &str, data: &Json) -> Result<Option<Secret>, String> {
        self.request(&Method::PUT, path, Some(data)).await.map_err(|failure| failure.message)
    }

    /// Where a path is mounted and whether that is version 2 of the KV engine.
    pub(crate) async fn mount_of(&self, path: &str) -> Result<(String, bool), String> {
        let answer = self.request(&Method::GET, &format!("sys/internal/ui/mounts/{path}"), None).await;
        let secret = match answer {
            Ok(Some(secret)) => secret,
            // An old Vault does not have the path, and whoever is nobody may not read it.
            Ok(None) => return Ok((String::new(), false)),
            Err(failure) if failure.status == Some(StatusCode::NOT_FOUND) || self.token().is_empty() => {
                return Ok((String::new(), false));
            }
            Err(failure) => return Err(failure.message),
        };
        let mount = secret.data.get("path").and_then(Json::as_str).unwrap_or_default().to_owned();
        let is_kv = secret.data.get("type").and_then(Json::as_str) == Some("kv");
        let version = secret.data.get("options").and_then(|options| options["version"].as_str());
        Ok((mount, is_kv && version == Some("2")))
    }

    async fn request(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Option<Secret>, Failure> {
        let mut url = format!("{}/v1/{}", self.address, escape(path));
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let mut attempt = 0;
        let mut redirected = false;
        loop {
            let result = self.send(method, &url, &body).await;
            if attempt < RETRIES && is_worth_retrying(&result) {
                attempt += 1;
                let pause = Duration::from_secs(1)..Duration::from_millis(1500);
                self.clock.sleep(self.entropy.duration(pause) * attempt).await;
                continue;
            }
            let response = result.map_err(|message| Failure { message, status: None })?;
            if response.status().is_redirection()
                && !redirected
                && let Some(target) = response.headers().get("location").and_then(|value| value.to_str().ok())
            {
                target.clone_into(&mut url);
                redirected = true;
                continue;
            }
            return judge(method, &url, &self.namespace, &response);
        }
    }

    /// What Vault says of its seal, once and without a token.
    pub(crate) async fn seal_status(&self) -> Result<Json, String> {
        let url = format!("{}/v1/sys/seal-status", self.address);
        let response = self.send(&Method::GET, &url, &Bytes::new()).await?;
        lab_wire::go_json::unmarshal(&String::from_utf8_lossy(response.body()))
    }

    async fn send(&self, method: &Method, url: &str, body: &Bytes) -> Result<Response, String> {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        if !matches!(scheme, "http" | "https") {
            let verb = if method == Method::GET { "Get" } else { "Put" };
            return Err(format!("{verb} \"{url}\": unsupported protocol scheme \"{scheme}\""));
        }
        let uri: Uri =
            url.parse().map_err(|error: http::uri::InvalidUri| format!("parse {url:?}: {error}"))?;
        let mut request =
            http::Request::builder().method(method).uri(uri.clone()).header("X-Vault-Request", "true");
        let token = self.token();
        if !token.is_empty() {
            request = request.header("X-Vault-Token", token);
        }
        if !self.namespace.is_empty() {
            request = request.header("X-Vault-Namespace", &self.namespace);
        }
        let request = request.body(body.clone()).map_err(|error| error.to_string())?;
        self.http.send(request).await.map_err(|error| error.in_url(method, &uri))
    }
}

struct Failure {
    message: String,
    status: Option<StatusCode>,
}

/// Connections that failed, and servers that are in trouble.
fn is_worth_retrying(result: &Result<Response, String>) -> bool {
    match result {
        Err(_) => true,
        Ok(response) => {
            let status = response.status();
            status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
                || status == StatusCode::PRECONDITION_FAILED
                || status == StatusCode::TOO_MANY_REQUESTS
        }
    }
}

fn judge(
    method: &Method,
    url: &str,
    namespace: &str,
    response: &Response,
) -> Result<Option<Secret>, Failure> {
    let status = response.status();
    if status.is_success() {
        return Secret::parse(response.body()).map_err(|message| Failure { message, status: None });
    }
    if status == StatusCode::NOT_FOUND
        && let Ok(Some(secret)) = Secret::parse(response.body())
        && (!secret.data.is_empty() || !secret.warnings.is_empty())
    {
        return Ok(Some(secret));
    }
    let answer: Option<Json> = serde_json::from_slice(response.body()).ok();
    let errors = answer.as_ref().and_then(|answer| answer["errors"].as_array());
    if status == StatusCode::NOT_FOUND
        && errors.is_some_and(Vec::is_empty)
        && !url.contains("/sys/internal/ui/")
    {
        return Ok(None);
    }
    let (heading, text) = match errors {
        Some(errors) => {
            ("Errors", errors.iter().filter_map(Json::as_str).map(|error| format!("* {error}")).collect())
        }
        None => ("Raw Message", String::from_utf8_lossy(response.body()).into_owned()),
    };
    let namespace = if namespace.is_empty() { String::new() } else { format!("Namespace: {namespace}\n") };
    let code = status.as_u16();
    let message = format!(
        "Error making API request.\n\n{namespace}URL: {method} {url}\nCode: {code}. {heading}:\n\n{text}"
    );
    Err(Failure { message, status: Some(status) })
}

/// Percent-escapes what may not stand in the path of a URL.
fn escape(path: &str) -> String {
    percent_escape(path, |byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#%".contains(&byte))
}

/// What comes before `/v1/`. An address without a scheme is taken for one with an odd scheme, as Go takes it.
fn base_of(address: &str) -> String {
    match address.split_once(':') {
        Some((scheme, _)) if !address.contains("://") => format!("{scheme}://"),
        _ => address.to_owned(),
    }
}
