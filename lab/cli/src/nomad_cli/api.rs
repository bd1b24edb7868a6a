//! What an agent is asked over HTTP, as Nomad's own client asks it.

use base64::Engine;
use bytes::Bytes;
use http::Method;
use lab_pki::Url;
use lab_wire::http::{Body, Request, Response, percent_escape, query_escape};
use serde_json::Value as Json;

use crate::stand_in::{Client, Environment, Flags, TlsSettings};

/// Where an agent is and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) address: String,
    pub(super) region: String,
    pub(super) namespace: String,
    pub(super) token: String,
    pub(super) user: String,
    pub(super) tls: TlsSettings,
}

impl Target {
    /// What the flags say, and the environment where they say nothing.
    pub(super) fn of(flags: &Flags, environment: &Environment) -> Self {
        let setting = |flag: &str, variable: &str| {
            let given = flags.text(flag).filter(|text| !text.is_empty());
            given.or_else(|| environment.get(variable)).unwrap_or_default().to_owned()
        };
        let skips = |text: &str| matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True");
        let address = setting("address", "NOMAD_ADDR");
        Self {
            address: if address.is_empty() { "http://127.0.0.1:4646".to_owned() } else { address },
            region: setting("region", "NOMAD_REGION"),
            namespace: setting("namespace", "NOMAD_NAMESPACE"),
            token: setting("token", "NOMAD_TOKEN"),
            user: environment.get("NOMAD_HTTP_AUTH").unwrap_or_default().to_owned(),
            tls: TlsSettings {
                ca_cert: setting("ca-cert", "NOMAD_CACERT"),
                ca_path: setting("ca-path", "NOMAD_CAPATH"),
                client_cert: setting("client-cert", "NOMAD_CLIENT_CERT"),
                client_key: setting("client-key", "NOMAD_CLIENT_KEY"),
                server_name: setting("tls-server-name", "NOMAD_TLS_SERVER_NAME"),
                skip_verify: flags.is_set("tls-skip-verify")
                    || environment.get("NOMAD_SKIP_VERIFY").is_some_and(skips),
            },
        }
    }
}

/// A query's parameters, in the order of their names.
pub(super) type Query<'a> = &'a [(&'a str, &'a str)];

/// What came with an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Meta {
    /// The index that a blocking query waits past.
    pub(super) index: u64,
    /// Where the next page starts.
    pub(super) next_token: String,
}

/// An agent.
#[derive(Debug)]
pub(super) struct Api {
    target: Target,
    url: Url,
    client: Client,
}

impl Api {
    /// A client for an agent. Nothing is sent yet.
    pub(super) fn new(target: Target) -> Result<Self, String> {
        let url = Url::parse(&target.address)
            .map_err(|error| format!("invalid address '{}': {error}", target.address))?;
        if url.scheme == "unix" {
            return Err(
                "the lab's nomad does not speak to unix sockets; set NOMAD_ADDR to http:// or https://"
                    .into(),
            );
        }
        let client = Client::new(&target.tls, url.host(), None).map_err(|error| error.to_string())?;
        Ok(Self { target, url, client })
    }

    /// The same agent with other settings.
    pub(super) fn with(&self, change: impl FnOnce(&mut Target)) -> Result<Self, String> {
        let mut target = self.target.clone();
        change(&mut target);
        Self::new(target)
    }

    /// The client agent that a node is, spoken to directly; none where it cannot be found. Whoever uses it goes back to
    /// this agent when it does not answer, which passes requests on.
    pub(super) fn near(&self, node: &str) -> Option<Self> {
        let node = self.get(&format!("/v1/node/{node}"), &[]).ok()?;
        let address = node.get("HTTPAddr")?.as_str().filter(|address| !address.is_empty())?;
        let is_tls = node.get("TLSEnabled").and_then(Json::as_bool).unwrap_or_default();
        self.with(|target| {
            target.address = format!("{}://{address}", if is_tls { "https" } else { "http" });
            if is_tls && target.tls.server_name.is_empty() {
                let region = if target.region.is_empty() { "global" } else { &target.region };
                target.tls.server_name = format!("client.{region}.nomad");
            }
        })
        .ok()
    }

    /// Where the agent is.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// What sends the requests.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The address without a path.
    pub(super) fn address(&self) -> String {
        format!("{}://{}", self.url.scheme, self.url.authority)
    }

    /// The namespace that is meant where none is said.
    pub(super) fn namespace(&self) -> &str {
        if self.target.namespace.is_empty() { "default" } else { &self.target.namespace }
    }

    /// What is at a path.
    pub(super) fn get(&self, path: &str, query: Query<'_>) -> Result<Json, String> {
        Ok(self.get_with_meta(path, query)?.0)
    }

    /// What is at a path, and what came with it.
    pub(super) fn get_with_meta(&self, path: &str, query: Query<'_>) -> Result<(Json, Meta), String> {
        let response = self.exchange(Method::GET, path, query, None)?;
        let meta = meta(&response);
        Ok((decode(&response)?, meta))
    }

    /// Puts something at a path.
    pub(super) fn put(&self, path: &str, query: Query<'_>, body: &Json) -> Result<Json, String> {
        decode(&self.exchange(Method::PUT, path, query, Some(body))?)
    }

    /// Posts something to a path.
    pub(super) fn post(&self, path: &str, query: Query<'_>, body: &Json) -> Result<Json, String> {
        decode(&self.exchange(Method::POST, path, query, Some(body))?)
    }

    /// Deletes what is at a path.
    pub(super) fn delete(&self, path: &str, query: Query<'_>) -> Result<Json, String> {
        decode(&self.exchange(Method::DELETE, path, query, None)?)
    }

    /// What is at a path, byte for byte.
    pub(super) fn bytes(&self, path: &str, query: Query<'_>) -> Result<Bytes, String> {
        Ok(self.exchange(Method::GET, path, query, None)?.into_body())
    }

    /// The answer to a request that need not be a good one.
    pub(super) fn answer(
        &self,
        method: Method,
        path: &str,
        query: Query<'_>,
        body: Option<&Json>,
    ) -> Result<Response, String> {
        self.client.send(self.request(method, path, query, body)?)
    }

    /// What is at a path, as it comes.
    pub(super) fn stream(&self, path: &str, query: Query<'_>) -> Result<Body, String> {
        let (head, mut body) = self.client.open(self.request(Method::GET, path, query, None)?)?;
        if head.status == http::StatusCode::OK {
            return Ok(body);
        }
        let mut text = Vec::new();
        while let Ok(Some(piece)) = self.client.block_on(body.next()) {
            text.extend_from_slice(&piece);
        }
        Err(unexpected(head.status.as_u16(), &text))
    }

    fn exchange(
        &self,
        method: Method,
        path: &str,
        query: Query<'_>,
        body: Option<&Json>,
    ) -> Result<Response, String> {
        let response = self.answer(method, path, query, body)?;
        match response.status().as_u16() {
            200 => Ok(response),
            code => Err(unexpected(code, response.body())),
        }
    }

    /// A request with everything that goes along with each of them.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        query: Query<'_>,
        body: Option<&Json>,
    ) -> Result<Request, String> {
        let mut parameters: Vec<(&str, &str)> = query.to_vec();
        for (name, value) in [("namespace", &self.target.namespace), ("region", &self.target.region)] {
            if !value.is_empty() && !parameters.iter().any(|(given, _)| *given == name) {
                parameters.push((name, value));
            }
        }
        parameters.sort_by_key(|(name, _)| *name);
        let pairs: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={}", query_escape(value))).collect();
        let mut url = format!("{}{path}", self.address());
        if !pairs.is_empty() {
            let joint = if path.contains('?') { '&' } else { '?' };
            url = format!("{url}{joint}{}", pairs.join("&"));
        }
        let mut request = http::Request::builder().method(method.clone()).uri(url.as_str());
        if !self.target.token.is_empty() {
            request = request.header("X-Nomad-Token", &self.target.token);
        }
        let user = if self.url.user.is_empty() { &self.target.user } else { &self.url.user };
        if !user.is_empty() {
            let encoded = base64::engine::general_purpose::STANDARD.encode(user);
            request = request.header("Authorization", format!("Basic {encoded}"));
        }
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        request.body(body).map_err(|error| {
            let verb = method.as_str();
            let rest = verb.get(1..).unwrap_or_default().to_ascii_lowercase();
            let first = verb.get(..1).unwrap_or_default();
            let (url, problem) = match () {
                () if self.url.scheme.is_empty() => {
                    (url.trim_start_matches("://"), "unsupported protocol scheme \"\"".to_owned())
                }
                () if self.url.authority.is_empty() => {
                    (url.as_str(), "http: no Host in request URL".to_owned())
                }
                () if self.target.token.chars().any(char::is_control) => {
                    (url.as_str(), "net/http: invalid header field value for \"X-Nomad-Token\"".to_owned())
                }
                () => (url.as_str(), error.to_string()),
            };
            format!("{first}{rest} \"{url}\": {problem}")
        })
    }
}

/// A part of a path, with what is special in it escaped.
pub(super) fn path_escape(text: &str) -> String {
    percent_escape(text, |byte| b"$&+:=@-_.~".contains(&byte))
}

fn meta(response: &Response) -> Meta {
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Meta {
        index: header("X-Nomad-Index").parse().unwrap_or_default(),
        next_token: header("X-Nomad-NextToken").to_owned(),
    }
}

/// An answer's JSON; null where it is empty.
pub(super) fn decode(response: &Response) -> Result<Json, String> {
    if response.body().is_empty() {
        return Ok(Json::Null);
    }
    serde_json::from_slice(response.body()).map_err(|error| error.to_string())
}

/// What Nomad's client says of an answer that is not 200.
pub(super) fn unexpected(code: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.trim() {
        "" => format!("Unexpected response code: {code}"),
        text => format!("Unexpected response code: {code} ({text})"),
    }
}
