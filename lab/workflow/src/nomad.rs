//! Nomad's HTTP API as an operator uses it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use lab_wire::http::{Client, Response};
use lab_wire::tls::{ClientTls, Identity, ServerVerify};
use lab_world::Host;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::action::Job;
use crate::error::Error;
use crate::fleet::Node;

/// How long an answer may take: a server that hangs is as good as one that does not answer.
const LIMIT: Duration = Duration::from_secs(3);

/// The agents' HTTP API, over whichever of HTTP and HTTPS an agent speaks at the moment.
pub(crate) struct NomadApi {
    plain: Client,
    /// HTTPS with the operator's own certificate.
    secure: Mutex<Option<(Identity, Client)>>,
    /// HTTPS for as long as the operator has none.
    borrowed: Mutex<Client>,
    speaks_tls: Mutex<BTreeMap<SocketAddr, bool>>,
    operator: Host,
    token: Option<String>,
}

/// An answer with what its headers say.
pub(crate) struct Answer<T> {
    /// The index of the table that was read.
    pub(crate) index: u64,
    /// Whether the server that answered knows of a leader.
    pub(crate) knows_leader: bool,
    pub(crate) value: T,
}

/// One client in `/v1/nodes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NodeStub {
    pub(crate) name: String,
    pub(crate) status: String,
}

/// The part of `/v1/agent/self` that speaks of TLS.
#[derive(Debug, Deserialize)]
pub(crate) struct AgentSelf {
    pub(crate) config: AgentConfig,
}

/// Its configuration.
#[derive(Debug, Deserialize)]
pub(crate) struct AgentConfig {
    #[serde(rename = "TLSConfig")]
    pub(crate) tls: AgentTls,
}

/// Its `tls` block.
#[derive(Debug, Deserialize)]
pub(crate) struct AgentTls {
    #[serde(rename = "EnableHTTP")]
    pub(crate) http: bool,
    #[serde(rename = "EnableRPC")]
    pub(crate) rpc: bool,
    #[serde(rename = "VerifyServerHostname")]
    pub(crate) verify_server_hostname: bool,
    #[serde(rename = "RPCUpgradeMode")]
    pub(crate) rpc_upgrade_mode: bool,
    #[serde(rename = "VerifyHTTPSClient")]
    pub(crate) verify_https_client: bool,
}

/// One allocation in `/v1/allocations`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AllocationStub {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    #[serde(rename = "JobID")]
    pub(crate) job: String,
    pub(crate) name: String,
    pub(crate) node_name: String,
    pub(crate) desired_status: String,
    pub(crate) client_status: String,
}

impl NomadApi {
    /// The API from the operator's machine, without a certificate.
    pub(crate) fn new(operator: &Host) -> Self {
        Self {
            plain: Client::new(&operator.net, &operator.clock),
            secure: Mutex::default(),
            borrowed: Mutex::new(secure_client(operator, None)),
            speaks_tls: Mutex::default(),
            operator: operator.clone(),
            token: None,
        }
    }

    /// The same with the token that the agents want.
    pub(crate) fn with_token(self, token: Option<String>) -> Self {
        Self { token, ..self }
    }

    /// Uses this certificate for HTTPS from now on.
    ///
    /// The agents' own certificates are not verified here: an observer must see a cluster whose certificates are
    /// wrong, too. What they serve is looked at by probes.
    pub(crate) fn set_identity(&self, identity: Identity) {
        let mut secure = self.secure.lock().expect("no panic while choosing a certificate");
        if secure.as_ref().is_some_and(|(known, _)| known.chain == identity.chain) {
            return;
        }
        let client = secure_client(&self.operator, Some(identity.clone()));
        *secure = Some((identity, client));
    }

    /// Uses this certificate, which is an agent's, for as long as there is none of the operator's own: a cluster is
    /// watched where nobody makes certificates for the command line, too.
    pub(crate) fn borrow_identity(&self, identity: Identity) {
        let client = secure_client(&self.operator, Some(identity));
        *self.borrowed.lock().expect("no panic while choosing a certificate") = client;
    }

    /// Reads `path` from an agent: the table's index and the answer.
    pub(crate) async fn get<T: DeserializeOwned>(&self, node: &Node, path: &str) -> Result<(u64, T), Error> {
        self.ask(node, path, None).await.map(|answer| (answer.index, answer.value))
    }

    /// Reads `path` from an agent, which may take `wait` longer than usual to answer.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        node: &Node,
        path: &str,
        wait: Option<Duration>,
    ) -> Result<Answer<T>, Error> {
        let response = self.send(node, &Method::GET, path, &Value::Null, wait).await?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let value = serde_json::from_slice(response.body())
            .map_err(|error| Error::Incomplete { path: path.to_owned(), field: error.to_string() })?;
        Ok(Answer {
            index: header("X-Nomad-Index").and_then(|value| value.parse().ok()).unwrap_or(0),
            knows_leader: header("X-Nomad-KnownLeader") != Some("false"),
            value,
        })
    }

    /// Registers a job.
    pub(crate) async fn register(
        &self,
        node: &Node,
        job: &Job,
        region: &str,
        clients: usize,
    ) -> Result<(), Error> {
        let body = json!({ "Job": job_body(job, region, clients) });
        self.send(node, &Method::PUT, "/v1/jobs", &body, None).await.map(drop)
    }

    /// Stops a job.
    pub(crate) async fn deregister(&self, node: &Node, job: &str) -> Result<(), Error> {
        self.send(node, &Method::DELETE, &format!("/v1/job/{job}"), &Value::Null, None).await.map(drop)
    }

    async fn send(
        &self,
        node: &Node,
        method: &Method,
        path: &str,
        body: &Value,
        wait: Option<Duration>,
    ) -> Result<Response, Error> {
        let Some(address) = node.http else {
            return Err(Error::OutOfOrder(format!("{} has no HTTP port", node.name)));
        };
        let own = self.secure.lock().expect("no panic while choosing a certificate").clone();
        let secure = match own {
            Some((_, client)) => client,
            None => self.borrowed.lock().expect("no panic while choosing a certificate").clone(),
        };
        let first = self.speaks_tls().get(&address).copied().unwrap_or(false);
        let timed_out = || Error::Unreachable { url: path.to_owned(), cause: "i/o timeout".to_owned() };
        let mut last = None;
        for is_tls in [first, !first] {
            let client = if is_tls { &secure } else { &self.plain };
            let limit = LIMIT + wait.map_or(Duration::ZERO, |wait| wait + wait / 16);
            // A request's future is large, and it is at the bottom of everything that a run does.
            let exchange = Box::pin(self.exchange(client, is_tls, address, method, path, body));
            match self.operator.clock.timeout(limit, exchange).await.unwrap_or_else(|| Err(timed_out())) {
                Ok(response) => {
                    self.speaks_tls().insert(address, is_tls);
                    return Ok(response);
                }
                // An answer from Nomad is an answer; what is no answer may be for want of the other protocol.
                Err(error @ Error::Nomad { .. }) if !is_protocol_error(&error) => {
                    self.speaks_tls().insert(address, is_tls);
                    return Err(error);
                }
                Err(error) => last = last.or(Some(error)),
            }
        }
        Err(last.unwrap_or_else(timed_out))
    }

    async fn exchange(
        &self,
        client: &Client,
        is_tls: bool,
        address: SocketAddr,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<Response, Error> {
        let scheme = if is_tls { "https" } else { "http" };
        let url = format!("{scheme}://{address}{path}");
        let unreachable = |cause: String| Error::Unreachable { url: url.clone(), cause };
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let mut request = http::Request::builder().method(method).uri(&url);
        if let Some(token) = &self.token {
            request = request.header("X-Nomad-Token", token);
        }
        let request = request.body(body).map_err(|error| unreachable(error.to_string()))?;
        let response = client.send(request).await.map_err(|error| unreachable(error.to_string()))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(Error::Nomad {
            method: method.to_string(),
            path: path.to_owned(),
            status: response.status().as_u16(),
            text: String::from_utf8_lossy(response.body()).trim_end().to_owned(),
        })
    }

    fn speaks_tls(&self) -> std::sync::MutexGuard<'_, BTreeMap<SocketAddr, bool>> {
        self.speaks_tls.lock().expect("no panic while choosing a protocol")
    }
}

fn secure_client(operator: &Host, identity: Option<Identity>) -> Client {
    let tls = ClientTls::new(&operator.clock).verify(ServerVerify::None);
    let tls = match identity {
        Some(identity) => tls.identity(identity),
        None => tls,
    };
    Client::new(&operator.net, &operator.clock).tls(tls)
}

/// Whether an answer only says that HTTPS should have been spoken.
fn is_protocol_error(error: &Error) -> bool {
    matches!(error, Error::Nomad { status: 400, text, .. } if text.contains("HTTP request to an HTTPS server"))
}

/// A job whose tasks run until they are stopped.
fn job_body(job: &Job, region: &str, clients: usize) -> Value {
    let spread = !job.system && job.count > 1 && job.count <= clients;
    let constraints =
        if spread { json!([{ "Operand": "distinct_hosts", "RTarget": "true" }]) } else { json!([]) };
    json!({
        "ID": job.name,
        "Name": job.name,
        "Region": region,
        "Type": if job.system { "system" } else { "service" },
        "Datacenters": ["*"],
        "TaskGroups": [{
            "Name": job.name,
            "Count": if job.system { 1 } else { job.count },
            "Constraints": constraints,
            "Tasks": [{
                "Name": job.name,
                "Driver": "raw_exec",
                "Config": { "command": "sleep", "args": ["3600"] },
                "Resources": { "CPU": 20, "MemoryMB": 16 },
            }],
        }],
    })
}
