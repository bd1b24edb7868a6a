//! The requests of a command, and what becomes of them.

use std::time::Duration;

use bytes::Bytes;
use lab_pki::Url;
use lab_wire::go_json;
use lab_wire::http::{Request, Response, percent_escape};
use serde_json::Value;
use time::OffsetDateTime;

use super::failure::Failure;
use super::options;
use super::secret::Secret;
use super::session::Session;
use super::settings::Settings;
use super::shown;
use super::token_helper;
use super::tree::compact;
use crate::stand_in::{Client, SetupError, TlsSettings};

/// How long the first of those waits; the second waits twice as long.
const RETRY_WAIT: Duration = Duration::from_millis(1_000);

/// The way to a server.
pub(super) struct Api {
    client: Client,
    address: String,
    token: String,
    headers: Vec<(String, String)>,
    wrap_ttl: String,
    retries: u32,
    limit: Option<Duration>,
    follows: bool,
    pub(super) tls: TlsSettings,
    show: Option<Show>,
}

/// What a request is shown as, instead of being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Curl,
    Policy,
    /// As neither: the flag has a value, so that it is not found where such flags are looked for.
    Neither(&'static str),
}

impl Show {
    fn of(session: &Session<'_>) -> Option<Self> {
        let (anywhere, is_set) = (&session.anywhere, |flag| session.is_set(flag));
        match () {
            () if anywhere.curl => Some(Self::Curl),
            () if anywhere.policy => Some(Self::Policy),
            () if is_set("output-curl-string") => Some(Self::Neither("output a string, please")),
            () if is_set("output-policy") => Some(Self::Neither("output a policy, please")),
            () => None,
        }
    }
}

/// An answer that is no failure of the connection.
pub(super) struct Answer {
    status: u16,
    body: Bytes,
    namespace: String,
    method: &'static str,
    url: String,
}

impl Api {
    /// The way that the flags and the environment name.
    pub(super) fn new(session: &Session<'_>) -> Result<Self, Failure> {
        let or = |flag: &str, variable: &str| {
            let given = session.flags.text(flag).filter(|text| !text.is_empty());
            given.or_else(|| session.environment.get(variable)).unwrap_or_default().to_owned()
        };
        let tls = TlsSettings {
            ca_cert: or("ca-cert", "VAULT_CACERT"),
            ca_path: or("ca-path", "VAULT_CAPATH"),
            client_cert: or("client-cert", "VAULT_CLIENT_CERT"),
            client_key: or("client-key", "VAULT_CLIENT_KEY"),
            server_name: or("tls-server-name", "VAULT_TLS_SERVER_NAME"),
            skip_verify: matches!(
                or("tls-skip-verify", "VAULT_SKIP_VERIFY").as_str(),
                "1" | "t" | "T" | "true" | "TRUE" | "True"
            ),
        };
        let agent = or("agent-address", "VAULT_AGENT_ADDR");
        let address = if agent.is_empty() { or("address", "VAULT_ADDR") } else { agent };
        let address = if address.is_empty() { "https://127.0.0.1:8200".to_owned() } else { address };
        let address = address.trim_end_matches('/').to_owned();
        let settings = Settings::read(session.environment)
            .map_err(|told| Failure::Refused(format!("failed to read environment: {told}")))?;
        let client = Client::new(&tls, &host(&address), settings.timeout).map_err(|error| {
            let failed =
                if from_environment(session, &tls) { "read environment" } else { "setup TLS config" };
            Failure::Refused(format!("failed to {failed}: {}", tls_words(&error)))
        })?;
        Url::parse(&address).map_err(|told| Failure::Refused(format!("failed to create client: {told}")))?;
        let wrap_ttl = or("wrap-ttl", "VAULT_WRAP_TTL");
        Ok(Self {
            client,
            address,
            token: token_helper::token(session.environment),
            headers: headers(session)?,
            wrap_ttl: options::go_duration(&wrap_ttl).unwrap_or(wrap_ttl),
            retries: settings.retries,
            limit: settings.timeout,
            follows: !matches!(
                or("disable-redirects", "VAULT_DISABLE_REDIRECTS").as_str(),
                "1" | "t" | "T" | "true" | "TRUE" | "True"
            ),
            tls,
            show: Show::of(session),
        })
    }

    /// Where the server is.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The token that goes with requests; empty where there is none.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The same way with another token.
    pub(super) fn with_token(self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self }
    }

    /// The same way without wrapping.
    pub(super) fn without_wrapping(self) -> Self {
        Self { wrap_ttl: String::new(), ..self }
    }

    /// Asks, sends and hears the answer, whatever its status. With `-output-curl-string` and `-output-policy` the
    /// request is shown and nothing is sent.
    pub(super) fn request(
        &self,
        method: &'static str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        match self.show {
            None => self.send(method, path, body, &self.wrap_ttl),
            Some(Show::Curl) => Err(Failure::Shown(shown::curl(self, method, path, body))),
            Some(Show::Policy) => Err(Failure::Shown(shown::policy(method, path))),
            Some(Show::Neither(told)) => Err(Failure::Refused(told.to_owned())),
        }
    }

    /// The same, sent in any case and never wrapped: for what a command must know before it can ask.
    pub(super) fn preflight(&self, path: &str) -> Result<Answer, Failure> {
        self.send("GET", path, None, "")
    }

    /// The headers of requests, with their values; the token's aside.
    pub(super) fn extra_headers(&self) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        if !self.wrap_ttl.is_empty() {
            headers.push(("X-Vault-Wrap-Ttl".to_owned(), self.wrap_ttl.clone()));
        }
        headers
    }

    fn send(
        &self,
        method: &'static str,
        path: &str,
        body: Option<&Value>,
        wrap_ttl: &str,
    ) -> Result<Answer, Failure> {
        let mut url = format!("{}/v1/{}", self.address, encode(path));
        self.check_sendable(method, &url).map_err(Failure::Refused)?;
        let (mut attempt, mut follows) = (0, self.follows);
        loop {
            let result = self.send_once(method, &url, body, wrap_ttl);
            if follows && let Some(elsewhere) = result.as_ref().ok().and_then(redirection) {
                follows = false;
                url = if elsewhere.starts_with('/') { self.address.clone() + &elsewhere } else { elsewhere };
                continue;
            }
            let fails = match &result {
                Ok(response) => matches!(response.status().as_u16(), 412 | 500 | 502..=599),
                Err(_) => true,
            };
            if !fails || attempt == self.retries {
                let response = result.map_err(Failure::Refused)?;
                return Ok(Answer::new(response, method, url));
            }
            attempt += 1;
            self.client.sleep(RETRY_WAIT * attempt);
        }
    }

    /// Refuses what Go's client does not send.
    fn check_sendable(&self, method: &str, url: &str) -> Result<(), String> {
        if self.token.chars().any(char::is_control) {
            return Err(
                "configured Vault token contains non-printable characters and cannot be used".to_owned()
            );
        }
        let verb = format!("{}{}", &method[..1], method[1..].to_ascii_lowercase());
        let address = Url::parse(&self.address)?;
        match address.scheme.as_str() {
            "http" | "https" if address.authority.is_empty() => {
                let url = url.replacen(":/", ":///", 1);
                Err(format!("{verb} {url:?}: http: no Host in request URL"))
            }
            "http" | "https" => Ok(()),
            "unix" => Err(format!("{verb} {url:?}: the lab's vault reaches no unix sockets")),
            other => Err(format!("{verb} {url:?}: unsupported protocol scheme {other:?}")),
        }
    }

    fn send_once(
        &self,
        method: &'static str,
        url: &str,
        body: Option<&Value>,
        wrap_ttl: &str,
    ) -> Result<Response, String> {
        let mut request = http::Request::builder().method(method).uri(url).header("X-Vault-Request", "true");
        if !self.token.is_empty() {
            request = request.header("X-Vault-Token", &self.token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !wrap_ttl.is_empty() {
            request = request.header("X-Vault-Wrap-TTL", wrap_ttl);
        }
        if method == "PATCH" {
            request = request.header("Content-Type", "application/merge-patch+json");
        }
        let body = body.map_or_else(Bytes::new, |body| compact(body).into());
        let request: Request = request.body(body).map_err(|error| format!("parse {url:?}: {error}"))?;
        self.client.send(request)
    }

    /// Asks any server for what is at a URL, whatever its certificate, without a token.
    ///
    /// Errors: the words of Go's client, `Get "https://...": dial tcp ...`.
    pub(super) fn fetch_anywhere(&self, url: &str) -> Result<Response, String> {
        let tls = TlsSettings { skip_verify: true, ..TlsSettings::default() };
        let client = Client::new(&tls, &host(url), self.limit).map_err(|error| tls_words(&error))?;
        let request = http::Request::builder().uri(url).body(Bytes::new());
        client.send(request.map_err(|error| format!("parse {url:?}: {error}"))?)
    }

    /// The time on this machine.
    pub(super) fn machine_time(&self) -> OffsetDateTime {
        self.client.machine().clock.now()
    }

    /// Waits between two looks at something.
    pub(super) fn wait(&self, time: Duration) {
        self.client.sleep(time);
    }
}

impl Answer {
    fn new(response: Response, method: &'static str, url: String) -> Self {
        let namespace = response.headers().get("x-vault-namespace").and_then(|value| value.to_str().ok());
        let (status, namespace) = (response.status().as_u16(), namespace.unwrap_or_default().to_owned());
        Self { status, namespace, body: response.into_body(), method, url }
    }

    /// The body, whatever the status.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// Nothing, or the failure that a bad status is.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if (200..400).contains(&self.status) {
            return Ok(());
        }
        let errors = serde_json::from_slice::<Value>(&self.body).ok();
        let errors = errors.as_ref().map(|body| body.get("errors").and_then(Value::as_array).cloned());
        Err(self.failure(match errors {
            Some(errors) => {
                let lines = errors.unwrap_or_default();
                let lines = lines.iter().filter_map(Value::as_str).map(|error| format!("* {error}"));
                format!("Errors:\n\n{}", lines.collect::<Vec<_>>().join("\n"))
            }
            None => format!("Raw Message:\n\n{}", String::from_utf8_lossy(&self.body)),
        }))
    }

    fn failure(&self, said: String) -> Failure {
        let namespace = match self.namespace.as_str() {
            "" => String::new(),
            namespace => format!("Namespace: {namespace}\n"),
        };
        Failure::Refused(format!(
            "Error making API request.\n\n{namespace}URL: {} {}\nCode: {}. {said}",
            self.method, self.url, self.status
        ))
    }

    /// The secret in a good answer; `None` where it is empty.
    pub(super) fn secret(&self) -> Result<Option<Secret>, Failure> {
        self.check()?;
        if !self.body.trim_ascii().is_empty() {
            self.check_json()?;
        }
        Ok(Secret::parse(&self.body))
    }

    /// Refuses an answer that is no JSON: another server's.
    fn check_json(&self) -> Result<(), Failure> {
        go_json::complaint(&self.body).map_or(Ok(()), |told| Err(Failure::Refused(told)))
    }

    /// The same, where an answer that nothing is there is none: what it says all the same is an answer too.
    pub(super) fn secret_if_any(&self) -> Result<Option<Secret>, Failure> {
        if self.status == 404 {
            return Ok(Secret::parse(&self.body).filter(Secret::says_something));
        }
        self.secret()
    }

    /// The whole body of a good answer as JSON.
    pub(super) fn json(&self) -> Result<Value, Failure> {
        self.check()?;
        self.check_json()?;
        Ok(serde_json::from_slice(&self.body).unwrap_or_default())
    }
}

fn headers(session: &Session<'_>) -> Result<Vec<(String, String)>, Failure> {
    let mut headers = Vec::new();
    let given = |flag: &str| session.flags.text(flag);
    let namespace = given("namespace").or(given("ns")).or(session.environment.get("VAULT_NAMESPACE"));
    if let Some(namespace) = namespace.map(|name| name.trim_matches('/')).filter(|name| !name.is_empty()) {
        headers.push(("X-Vault-Namespace".to_owned(), format!("{namespace}/")));
    }
    for header in session.flags.texts("header") {
        let (name, value) = header.split_once('=').unwrap_or((header, ""));
        if name.starts_with("X-Vault-") {
            return Err(Failure::Refused(format!(
                "failed to setup Headers[{name}]: Header starting by 'X-Vault-' are for internal usage only"
            )));
        }
        headers.push((canonical(name), value.to_owned()));
    }
    Ok(headers)
}

/// The name of a header as Go writes it: `X-Request-Id`.
fn canonical(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        format!("{}{}", first.to_ascii_uppercase(), rest.to_ascii_lowercase())
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Whether all that is said of TLS was said by the environment.
fn from_environment(session: &Session<'_>, tls: &TlsSettings) -> bool {
    let flags = ["ca-cert", "ca-path", "client-cert", "client-key", "tls-server-name"];
    *tls != TlsSettings::default() && flags.iter().all(|flag| session.text(flag).is_empty())
}

/// What is wrong with what was said of TLS.
fn tls_words(error: &SetupError) -> String {
    match error {
        SetupError::HalfPair => "both client cert and client key must be provided".to_owned(),
        other => other.to_string(),
    }
}

/// The host of an address, without its port.
fn host(address: &str) -> String {
    Url::parse(address).map(|url| url.host().to_owned()).unwrap_or_default()
}

/// Where a server sends the request on to.
fn redirection(response: &Response) -> Option<String> {
    let is_elsewhere = matches!(response.status().as_u16(), 301 | 302 | 307 | 308);
    let place = response.headers().get("location").filter(|_| is_elsewhere)?;
    place.to_str().ok().map(str::to_owned)
}

/// A path as it stands in a URL: what has a meaning of its own there is escaped, but not slashes and a query; without a
/// slash at its end.
fn encode(path: &str) -> String {
    percent_escape(path.trim_end_matches('/'), |byte| b"-_.~/?=&$+,:;@!*'()".contains(&byte))
}
