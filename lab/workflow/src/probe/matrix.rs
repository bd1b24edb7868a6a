//! Who can connect to whom, each exactly as its own configuration says.

use lab_hcl::{Reader, hcl1};
use lab_pki::Certificate;
use lab_wire::tls::{Identity, ServerVerify};

use super::connect::Caller;
use super::kind::{Ask, Port, Transport, Verdict};
use super::prober::Prober;
use super::rpc;
use crate::fleet::{Node, Role};
use crate::run::agents;
use crate::timeline::{Event, Phase};

/// With more clients than this, each connects to one server instead of to all of them.
const FEW_CLIENTS: usize = 10;

/// What a node's files say of its connections to others.
#[derive(Default)]
struct Settings {
    rpc: bool,
    verify_server_hostname: bool,
    ca_file: String,
    cert_file: String,
    key_file: String,
}

impl Prober<'_> {
    /// Connects every server and every client to the servers, and the operator to every agent's HTTP port.
    pub(crate) async fn matrix(&self, phase: Phase) {
        let servers: Vec<&Node> = self.fleet.with_role(Role::Server).collect();
        let are_many = self.fleet.with_role(Role::Client).count() > FEW_CLIENTS;
        for (number, from) in self.fleet.nodes().iter().filter(|node| node.runs_nomad()).enumerate() {
            let one = number % servers.len().max(1);
            for (position, to) in servers.iter().enumerate() {
                let is_left_out = from.role == Role::Client && are_many && position != one;
                if from.name != to.name && !is_left_out {
                    self.connect(phase, from, to).await;
                }
            }
        }
    }

    async fn connect(&self, phase: Phase, from: &Node, to: &Node) {
        let settings = self.settings(from).await;
        let verdict = match self.call(from, to, &settings).await {
            Ok(verdict) => verdict,
            Err(error) => Verdict::refused(error),
        };
        self.recorder.record(Event::Handshake {
            phase,
            from: from.name.clone(),
            to: to.name.clone(),
            port: Port::Rpc,
            transport: if settings.rpc { "mtls" } else { "plaintext" }.to_owned(),
            verdict,
        });
    }

    async fn call(&self, from: &Node, to: &Node, settings: &Settings) -> Result<Verdict, String> {
        let Some(address) = to.rpc else { return Err("it has no RPC port".to_owned()) };
        let net = self.fleet.net(&from.name).map_err(|error| error.to_string())?;
        let clock = &self.fleet.operator().clock;
        let mut caller =
            Caller { net: &net, clock, identity: None, verify: ServerVerify::None, roots: Vec::new() };
        let mut transport = Transport::Plaintext;
        if settings.rpc {
            transport = Transport::Tls;
            let certificate = self.text(from, &settings.cert_file).await?;
            let key = self.text(from, &settings.key_file).await?;
            let authorities = self.text(from, &settings.ca_file).await?;
            caller.identity =
                Some(Identity::from_pem(&certificate, &key).map_err(|error| error.to_string())?);
            caller.roots = Certificate::authorities_from_pem(&authorities);
            caller.verify = match settings.verify_server_hostname {
                true => ServerVerify::Name(format!("server.{}.nomad", to.region)),
                false => ServerVerify::ChainOnly,
            };
        }
        Ok(rpc::ask(&caller, address, transport, Ask::Ping, &to.region).await.verdict)
    }

    async fn settings(&self, node: &Node) -> Settings {
        let Ok(text) = self.text(node, agents::TLS).await else { return Settings::default() };
        let Ok(body) = hcl1::parse(&text) else { return Settings::default() };
        let Some(tls) = body.blocks_of("tls").next() else { return Settings::default() };
        let mut reader = Reader::new(&tls.body);
        let mut flag = |name: &str| matches!(reader.bool(name), Ok(Some(true)));
        let (rpc, verify_server_hostname) = (flag("rpc"), flag("verify_server_hostname"));
        let mut path = |name: &str| reader.string(name).ok().flatten().unwrap_or_default();
        let (ca_file, cert_file, key_file) = (path("ca_file"), path("cert_file"), path("key_file"));
        Settings { rpc, verify_server_hostname, ca_file, cert_file, key_file }
    }

    async fn text(&self, node: &Node, path: &str) -> Result<String, String> {
        let bytes = self.fleet.read(&node.name, path).await.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
