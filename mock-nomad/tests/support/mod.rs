//! Authorities, machines with agents on them, and somebody who knocks at their ports.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use lab_pki::{
    BasicConstraints, Certificate, CertificateBuilder, ExtendedKeyUsage, Issuer, KeyKind, KeyPair, KeySource,
    KeyUsage, Name,
};
use lab_wire::http::Client as HttpClient;
use lab_wire::rpc::{Codec, RPC_MULTIPLEX_V2, RPC_NOMAD, RPC_RAFT, RPC_TLS, yamux};
use lab_wire::tls::{ClientTls, Identity, ServerVerify};
use lab_wire::{BoxIo, Io};
use lab_world::{DEFAULT_EPOCH, Host, Simulation, Stream, Tasks};
use mock_nomad::{Agent, Options, StartError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const RPC: u16 = 4647;
pub(crate) const HTTP: u16 = 4646;
/// Where every node's files are.
pub(crate) const CERTS: &str = "/opt/nomad/agent-certs";
pub(crate) const CONFIG: &str = "/etc/nomad.d/nomad.hcl";

pub(crate) fn simulate<T>(work: impl AsyncFnOnce(&Simulation) -> T) -> T {
    Simulation::run(7, DEFAULT_EPOCH, work)
}

/// Who signs certificates.
pub(crate) struct Authority {
    issuer: Issuer,
}

/// What a certificate says.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) usages: Vec<ExtendedKeyUsage>,
    /// Days from the simulated epoch.
    pub(crate) valid: (i64, i64),
    pub(crate) kind: KeyKind,
}

impl Wish {
    pub(crate) fn of(name: &str) -> Self {
        let usages = vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];
        Self { name: name.into(), usages, valid: (-1, 30), kind: KeyKind::EcP256 }
    }
}

/// A certificate and its key as files.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Pair {
    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.certificate, &self.key).expect("a pair")
    }
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = key(KeyKind::EcP256);
        let mut builder = builder(name, (-10, 3650));
        builder.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
        builder.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN;
        let certificate = builder.self_sign(&key).expect("a root");
        Self { issuer: Issuer { certificate, key } }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.certificate.to_pem() + "\n"
    }

    pub(crate) fn issue(&self, name: &str) -> Pair {
        self.grant(&Wish::of(name))
    }

    pub(crate) fn grant(&self, wish: &Wish) -> Pair {
        let key = key(wish.kind);
        let mut builder = builder(&wish.name, wish.valid);
        builder.dns_names = vec![wish.name.clone(), "localhost".into()];
        builder.key_usage = KeyUsage::DIGITAL_SIGNATURE;
        builder.extended_key_usage.clone_from(&wish.usages);
        let certificate = builder.sign(key.public_key_der(), &self.issuer).expect("a certificate");
        Pair { certificate: certificate.to_pem() + "\n", key: key.to_pem() }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        self.issuer.certificate.clone()
    }
}

fn key(kind: KeyKind) -> KeyPair {
    KeySource::generated().key(kind).expect("a key")
}

fn builder(name: &str, (from, to): (i64, i64)) -> CertificateBuilder {
    let day = |number: i64| DEFAULT_EPOCH + time::Duration::days(number);
    let mut builder = CertificateBuilder::new(Name::common(name), day(from), day(to));
    builder.serial = lab_world::random_bytes::<8>().to_vec();
    builder
}

/// A `tls` block with the files of [`install`]; `extra` goes into it.
pub(crate) fn tls_block(extra: &str) -> String {
    format!(
        "tls {{\n  http = true\n  rpc = true\n  ca_file = \"{CERTS}/ca.pem\"\n  cert_file = \"{CERTS}/cert.pem\"\n  \
         key_file = \"{CERTS}/key.pem\"\n{extra}\n}}\n"
    )
}

pub(crate) fn install(host: &Host, authority: &str, pair: &Pair) {
    for (file, text) in [("ca.pem", authority), ("cert.pem", &pair.certificate), ("key.pem", &pair.key)] {
        host.disk.write(format!("{CERTS}/{file}"), text).expect("a write");
    }
}

/// A server that others join, of `expect` servers.
pub(crate) fn server_config(host: &Host, join: &[&str], expect: usize, extra: &str) -> String {
    let join: Vec<String> = join.iter().map(|name| format!("{name:?}")).collect();
    format!(
        "name = \"{}\"\ndata_dir = \"/opt/nomad/data\"\nlog_level = \"TRACE\"\nserver {{\n  enabled = true\n  \
         bootstrap_expect = {expect}\n  server_join {{\n    retry_join = [{}]\n    retry_interval = \"2s\"\n  }}\n}}\n{extra}",
        host.name,
        join.join(", "),
    )
}

pub(crate) fn client_config(host: &Host, servers: &[&str], extra: &str) -> String {
    let servers: Vec<String> = servers.iter().map(|name| format!("{name:?}")).collect();
    format!(
        "name = \"{}\"\ndata_dir = \"/opt/nomad/data\"\nlog_level = \"TRACE\"\nclient {{\n  enabled = true\n  \
         servers = [{}]\n}}\n{extra}",
        host.name,
        servers.join(", "),
    )
}

pub(crate) fn configure(host: &Host, text: &str) {
    host.disk.write(CONFIG, text).expect("a write");
}

pub(crate) async fn start(host: &Host) -> Agent {
    try_start(host).await.expect("the agent starts")
}

pub(crate) async fn try_start(host: &Host) -> Result<Agent, StartError> {
    Agent::start(host, &[PathBuf::from(CONFIG)], Options::default()).await
}

/// The log's lines from `mark` on whose name is `name`, as `[LEVEL] message`.
pub(crate) fn lines(host: &Host, mark: usize, name: &str) -> Vec<String> {
    let lines = host.log.lines_after(mark).into_iter().filter(|line| line.name == name);
    lines.map(|line| format!("[{}] {}", line.level, line.message)).collect()
}

/// Somebody who knocks.
pub(crate) struct Prober<'world> {
    pub(crate) host: &'world Host,
    pub(crate) authority: &'world Authority,
}

/// How to knock at an RPC port.
#[derive(Clone, Copy)]
pub(crate) enum Way<'a> {
    Plain,
    /// TLS without a certificate.
    Bare,
    With(&'a Pair),
}

impl Prober<'_> {
    pub(crate) fn tls(&self) -> ClientTls {
        ClientTls::new(&self.host.clock).roots(vec![self.authority.certificate()]).verify(ServerVerify::None)
    }

    pub(crate) async fn connect(&self, server: &Host, port: u16) -> Result<Stream, String> {
        let address = SocketAddr::new(server.net.address(), port);
        self.host.net.connect(address).await.map_err(|error| lab_wire::tls::go_text(&error))
    }

    /// A connection on which `first` was sent, inside TLS where `way` says so.
    pub(crate) async fn open(&self, server: &Host, way: Way<'_>, first: u8) -> Result<BoxIo, String> {
        let mut stream = self.connect(server, RPC).await?;
        let tls = match way {
            Way::Plain => {
                stream.write_u8(first).await.map_err(|error| lab_wire::tls::go_text(&error))?;
                return Ok(Box::new(stream));
            }
            Way::Bare => self.tls(),
            Way::With(pair) => self.tls().identity(pair.identity()),
        };
        stream.write_u8(RPC_TLS).await.map_err(|error| lab_wire::tls::go_text(&error))?;
        let mut stream = tls.connect(stream).await.map_err(|error| error.to_string())?;
        stream.write_u8(first).await.map_err(|error| lab_wire::tls::go_text(&error))?;
        Ok(Box::new(stream))
    }

    /// `ok`, or why `Status.Ping` was not answered.
    pub(crate) async fn ping(&self, server: &Host, way: Way<'_>) -> String {
        self.call(server, way, "Status.Ping").await
    }

    pub(crate) async fn call(&self, server: &Host, way: Way<'_>, method: &str) -> String {
        let io = match self.open(server, way, RPC_NOMAD).await {
            Ok(io) => io,
            Err(error) => return error,
        };
        call_on(&mut Codec::new(io), method).await
    }

    /// `accepted`, or how a connection for consensus ended within a second.
    pub(crate) async fn raft(&self, server: &Host, way: Way<'_>) -> String {
        let mut io = match self.open(server, way, RPC_RAFT).await {
            Ok(io) => io,
            Err(error) => return error,
        };
        match self.host.clock.timeout(Duration::from_secs(1), io.read_u8()).await {
            None => "accepted".into(),
            Some(Ok(byte)) => format!("said {byte}"),
            Some(Err(error)) => lab_wire::tls::go_text(&error),
        }
    }

    /// A yamux session; keep the tasks as long as it is wanted.
    pub(crate) async fn session(&self, server: &Host, way: Way<'_>) -> (yamux::Session, Tasks) {
        let io = self.open(server, way, RPC_MULTIPLEX_V2).await.expect("a connection");
        let tasks = Tasks::new();
        (
            yamux::Session::new(
                io,
                yamux::Role::Client,
                yamux::Keepalive::default(),
                &self.host.clock,
                &tasks,
            ),
            tasks,
        )
    }

    /// The status and body of a request, or why there is none.
    pub(crate) async fn get(&self, client: &HttpClient, url: &str) -> String {
        let request = http::Request::builder().uri(url).body(Bytes::new()).expect("a request");
        match client.send(request).await {
            Ok(response) => {
                format!("{} {}", response.status().as_u16(), String::from_utf8_lossy(response.body()))
            }
            Err(error) => error.to_string(),
        }
    }

    /// What comes back for `bytes` until the connection ends, or `nothing` after 20 seconds.
    pub(crate) async fn raw(&self, server: &Host, port: u16, bytes: &[u8]) -> String {
        let mut stream = match self.connect(server, port).await {
            Ok(stream) => stream,
            Err(error) => return error,
        };
        stream.write_all(bytes).await.expect("room");
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        match self.host.clock.timeout(Duration::from_secs(20), reading).await {
            None => "nothing".into(),
            Some(_) => String::from_utf8_lossy(&answer).into_owned(),
        }
    }
}

/// `ok`, or why there was no answer.
pub(crate) async fn call_on<T: Io>(codec: &mut Codec<T>, method: &str) -> String {
    let body = rmpv::Value::Map(vec![("Region".into(), "global".into())]);
    match codec.call(method, &body).await {
        Ok(_) => "ok".into(),
        Err(error) => error.to_string(),
    }
}
