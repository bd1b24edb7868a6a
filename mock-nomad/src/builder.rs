//! A Nomad for a test, in one expression.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use lab_wire::http::Client;
use lab_wire::tls::{ClientTls, Identity, ServerVerify};
use lab_world::Host;
use serde_json::{Value, json};

use crate::agent::{Agent, Options, StartError};

/// How long a cluster may take to have a leader and its nodes.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// A cluster on free ports of 127.0.0.1. Dropping it stops it and removes its files.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use mock_nomad::MockNomad;
///
/// let nomad = MockNomad::builder().clients(1).start().await?;
/// // Point any client at it: this is its NOMAD_ADDR
/// assert!(nomad.url().starts_with("http://127.0.0.1:"));
/// # Ok::<(), mock_nomad::MockNomadError>(())
/// # })?;
/// # Ok(()) }
/// ```
pub struct MockNomad {
    /// In the order servers, clients.
    agents: Vec<Agent>,
    addresses: Vec<SocketAddr>,
    token: String,
    is_tls: bool,
    host: Host,
    directory: PathBuf,
}

/// Why a [`MockNomad`] is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MockNomadError {
    /// An agent did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A free port, or a file of the TLS settings, could not be had.
    #[error("{0}")]
    Setup(String),
    /// The cluster did not answer as it should.
    #[error("{asked}: {told}")]
    NotReady {
        /// What was asked.
        asked: String,
        /// What came back last.
        told: String,
    },
}

/// Files of PEM for every agent of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TlsFiles {
    ca: String,
    certificate: String,
    key: String,
}

/// How a [`MockNomad`] is set up.
#[derive(Clone, Debug)]
pub struct Builder {
    servers: usize,
    clients: usize,
    acl: bool,
    tls: Option<TlsFiles>,
    vault: Option<String>,
    configuration: String,
}

impl MockNomad {
    /// One server, no client, no access control and no TLS, unless it is said otherwise.
    pub fn builder() -> Builder {
        Builder { servers: 1, clients: 0, acl: false, tls: None, vault: None, configuration: String::new() }
    }

    /// Where the HTTP port of the first server is.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// What clients take as `NOMAD_ADDR`.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.address())
    }

    /// What clients take as `NOMAD_TOKEN`: a management token; empty without access control.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The agents, servers first.
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// Where the HTTP port of each agent is, in their order.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Drop for MockNomad {
    fn drop(&mut self) {
        self.agents.clear();
        // What is left of it is a temporary directory.
        let _ = self.host.disk.remove_tree(&self.directory);
    }
}

impl std::fmt::Debug for MockNomad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MockNomad({}, {} agents)", self.url(), self.agents.len())
    }
}

impl Builder {
    /// How many servers; at least one.
    #[must_use]
    pub fn servers(mut self, count: usize) -> Self {
        self.servers = count.max(1);
        self
    }

    /// How many clients, with `raw_exec` enabled.
    #[must_use]
    pub fn clients(mut self, count: usize) -> Self {
        self.clients = count;
        self
    }

    /// Access control, with a management token from the start.
    #[must_use]
    pub fn acl(mut self) -> Self {
        self.acl = true;
        self
    }

    /// Mutual TLS on every port, with the same certificate for every agent: it must have the names of servers and
    /// clients, `server.global.nomad` and `client.global.nomad`, and the address 127.0.0.1. All three are paths of files.
    #[must_use]
    pub fn tls(
        mut self,
        ca: impl Into<String>,
        certificate: impl Into<String>,
        key: impl Into<String>,
    ) -> Self {
        self.tls = Some(TlsFiles { ca: ca.into(), certificate: certificate.into(), key: key.into() });
        self
    }

    /// Where Vault is, for jobs that ask for it; their identities have the audience `vault.io`.
    #[must_use]
    pub fn vault(mut self, address: impl Into<String>) -> Self {
        self.vault = Some(address.into());
        self
    }

    /// More configuration for every agent, as in its file.
    #[must_use]
    pub fn configuration(mut self, text: impl Into<String>) -> Self {
        self.configuration = text.into();
        self
    }

    /// Starts it, and waits until it has a leader and every client is ready.
    ///
    /// Errors: an agent that does not start, a cluster that does not become ready within 30 s.
    pub async fn start(self) -> Result<MockNomad, MockNomadError> {
        let host = Host::loopback("nomad", std::env::temp_dir());
        let directory = std::env::temp_dir().join(format!("mock-nomad-{}", host.entropy.alphanumeric(12)));
        let mut nomad = MockNomad {
            agents: Vec::new(),
            addresses: Vec::new(),
            token: String::new(),
            is_tls: self.tls.is_some(),
            host,
            directory,
        };
        let ports = nomad.host.net.free_ports(3 * (self.servers + self.clients)).await;
        let ports = ports.map_err(|error| MockNomadError::Setup(error.to_string()))?;
        let (ports, _) = ports.as_chunks::<3>();
        for (number, own) in ports.iter().enumerate() {
            let name = match number.checked_sub(self.servers) {
                None => format!("server-{}", number + 1),
                Some(number) => format!("client-{}", number + 1),
            };
            let text = self.agent_configuration(&nomad, &name, own, ports);
            let path = nomad.directory.join(format!("{name}.hcl"));
            let written = nomad.host.disk.write(&path, text);
            written.map_err(|error| MockNomadError::Setup(error.to_string()))?;
            let machine = Host { name, ..nomad.host.program("nomad") };
            // Nobody finds the tasks of its clients again.
            let options = Options { ends_tasks: true, ..Options::default() };
            nomad.agents.push(Agent::start(&machine, &[path], options).await?);
            nomad.addresses.push((Ipv4Addr::LOCALHOST, own[0]).into());
        }
        self.wait_until_ready(&mut nomad).await?;
        Ok(nomad)
    }

    fn agent_configuration(&self, nomad: &MockNomad, name: &str, own: &[u16; 3], all: &[[u16; 3]]) -> String {
        let [http, rpc, serf] = own;
        let servers = &all[..self.servers];
        let listed = |port: usize| -> String {
            let quoted: Vec<String> =
                servers.iter().map(|ports| format!("\"127.0.0.1:{}\"", ports[port])).collect();
            quoted.join(", ")
        };
        let data = nomad.directory.join(name).display().to_string();
        let mut text = format!(
            "name = \"{name}\"\ndata_dir = \"{data}\"\nbind_addr = \"127.0.0.1\"\nlog_level = \"INFO\"\n\
             ports {{\n  http = {http}\n  rpc = {rpc}\n  serf = {serf}\n}}\n\
             advertise {{\n  http = \"127.0.0.1\"\n  rpc = \"127.0.0.1\"\n  serf = \"127.0.0.1\"\n}}\n"
        );
        text += &match name.starts_with("server") {
            true => format!(
                "server {{\n  enabled = true\n  bootstrap_expect = {}\n  server_join {{\n    retry_join = [{}]\n    \
                 retry_interval = \"1s\"\n  }}\n}}\n",
                self.servers,
                listed(2)
            ),
            false => format!(
                "client {{\n  enabled = true\n  servers = [{}]\n  options {{\n    \"driver.raw_exec.enable\" = \"true\"\n  }}\n}}\n",
                listed(1)
            ),
        };
        if self.acl {
            text += "acl {\n  enabled = true\n}\n";
        }
        if let Some(TlsFiles { ca, certificate, key }) = &self.tls {
            text += &format!(
                "tls {{\n  http = true\n  rpc = true\n  verify_server_hostname = true\n  ca_file = \"{ca}\"\n  \
                 cert_file = \"{certificate}\"\n  key_file = \"{key}\"\n}}\n"
            );
        }
        if let Some(address) = &self.vault {
            text += &format!(
                "vault {{\n  enabled = true\n  address = \"{address}\"\n  default_identity {{\n    aud = [\"vault.io\"]\n    \
                 ttl = \"1h\"\n  }}\n}}\n"
            );
        }
        text + &self.configuration
    }

    async fn wait_until_ready(&self, nomad: &mut MockNomad) -> Result<(), MockNomadError> {
        let client = self.http_client(&nomad.host)?;
        let is_leader = |answer: &Value| answer.as_str().is_some_and(|leader| !leader.is_empty());
        until(nomad, &client, "/v1/status/leader", is_leader).await?;
        if self.acl {
            let secret = nomad.host.entropy.uuid();
            let body = json!({"BootstrapSecret": secret}).to_string();
            let path = "/v1/acl/bootstrap";
            ask(nomad, &client, Method::PUT, path, body)
                .await
                .map_err(|told| MockNomadError::NotReady { asked: path.to_owned(), told })?;
            nomad.token = secret;
        }
        let ready = |answer: &Value| {
            let nodes = answer.as_array().into_iter().flatten();
            nodes.filter(|node| node["Status"] == "ready").count() >= self.clients
        };
        until(nomad, &client, "/v1/nodes", ready).await
    }

    fn http_client(&self, host: &Host) -> Result<Client, MockNomadError> {
        let client = Client::new(&host.net, &host.clock);
        let Some(TlsFiles { ca, certificate, key }) = &self.tls else { return Ok(client) };
        let read = |path: &str| {
            host.disk.read_to_string(path).map_err(|error| MockNomadError::Setup(error.to_string()))
        };
        let identity = Identity::from_pem(&read(certificate)?, &read(key)?)
            .map_err(|error| MockNomadError::Setup(error.to_string()))?;
        let roots = lab_pki::Certificate::authorities_from_pem(&read(ca)?);
        let verify = ServerVerify::Name("server.global.nomad".to_owned());
        Ok(client.tls(ClientTls::new(&host.clock).roots(roots).verify(verify).identity(identity)))
    }
}

/// Asks until the answer is as it should be.
async fn until(
    nomad: &MockNomad,
    client: &Client,
    path: &str,
    is_good: impl Fn(&Value) -> bool,
) -> Result<(), MockNomadError> {
    let deadline = nomad.host.clock.now() + PATIENCE;
    loop {
        let told = match ask(nomad, client, Method::GET, path, String::new()).await {
            Ok(answer) if is_good(&answer) => return Ok(()),
            Ok(answer) => answer.to_string(),
            Err(told) => told,
        };
        if nomad.host.clock.now() >= deadline {
            return Err(MockNomadError::NotReady { asked: path.to_owned(), told });
        }
        nomad.host.clock.sleep(LOOK).await;
    }
}

async fn ask(
    nomad: &MockNomad,
    client: &Client,
    method: Method,
    path: &str,
    body: String,
) -> Result<Value, String> {
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", nomad.url()))
        .header("X-Nomad-Token", &nomad.token)
        .body(Bytes::from(body))
        .map_err(|error| error.to_string())?;
    let response = client.send(request).await.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(response.body()).into_owned();
    match response.status().is_success() {
        true => serde_json::from_str(&text).map_err(|error| error.to_string()),
        false => Err(text),
    }
}
