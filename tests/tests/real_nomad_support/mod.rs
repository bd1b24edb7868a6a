//! A real agent as a child process, and what is asked of it and of the mock.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lab_pki::{
    BasicConstraints, CertificateBuilder, ExtendedKeyUsage, Issuer, KeyKind, KeyPair, KeySource, KeyUsage,
    Name,
};
use lab_wire::http::Client as HttpClient;
use lab_wire::rpc::{Codec, RPC_NOMAD, RPC_RAFT, RPC_TLS};
use lab_wire::tls::{ClientTls, Identity, ServerVerify};
use lab_wire::{BoxIo, Io};
use lab_world::{Clock, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A directory of one agent, removed at the end.
pub(crate) struct Workspace {
    pub(crate) host: Host,
    directory: PathBuf,
}

impl Workspace {
    pub(crate) fn new(name: &str) -> Self {
        let directory =
            std::env::temp_dir().join(format!("lab-{name}-{}", lab_world::Entropy::system().uuid()));
        Self { host: Host::loopback(name, &directory), directory }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        self.host.disk.write(self.path(file), text).expect("a write");
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // What is left behind is in the system's directory for such things.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// An agent's three ports.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) rpc: u16,
    pub(crate) serf: u16,
}

impl Ports {
    pub(crate) async fn free(host: &Host) -> Self {
        let ports = host.net.free_ports(3).await.expect("free ports");
        Self { http: ports[0], rpc: ports[1], serf: ports[2] }
    }
}

/// A server's configuration, with TLS where there is some.
pub(crate) fn config(place: &Workspace, ports: Ports, tls: Option<&str>) -> String {
    let Ports { http, rpc, serf } = ports;
    let directory = place.directory.display();
    let tls = tls.map(|extra| {
        format!(
            "tls {{\n http = true\n rpc = true\n ca_file = \"{directory}/ca.pem\"\n cert_file = \"{directory}/cert.pem\"\n \
             key_file = \"{directory}/key.pem\"\n{extra}\n}}\n"
        )
    });
    format!(
        "name = \"s\"\ndata_dir = \"{directory}/data\"\nbind_addr = \"127.0.0.1\"\ndisable_update_check = true\n\
         consul {{\n client_auto_join = false\n server_auto_join = false\n auto_advertise = false\n}}\n\
         ports {{\n http = {http}\n rpc = {rpc}\n serf = {serf}\n}}\n\
         advertise {{\n http = \"127.0.0.1\"\n rpc = \"127.0.0.1\"\n serf = \"127.0.0.1\"\n}}\n\
         server {{\n enabled = true\n bootstrap_expect = 1\n}}\n{}",
        tls.unwrap_or_default()
    )
}

/// The part of [`config`] that makes a server.
#[allow(dead_code, reason = "not every test has a client")]
const SERVER: &str = "server {\n enabled = true\n bootstrap_expect = 1\n}\n";

/// A server's and a client's directory, with mutual TLS between them and plain HTTP.
#[allow(dead_code, reason = "not every test has a client")]
pub(crate) async fn pair() -> (Workspace, Workspace, Ports) {
    let (certificates, server, client) =
        (Certificates::new(), Workspace::new("server"), Workspace::new("client"));
    let ports = Ports::free(&server.host).await;
    let text = |place: &Workspace, ports| {
        certificates.install(place);
        config(place, ports, Some("verify_server_hostname = true"))
            .replace("http = true\n rpc", "http = false\n rpc")
    };
    server.write("s.hcl", &text(&server, ports));
    let own = format!(
        "client {{\n enabled = true\n servers = [\"127.0.0.1:{}\"]\n options = {{\n \"fingerprint.denylist\" = \
         \"env_aws,env_gce,env_azure,env_digitalocean\"\n }}\n}}\nplugin \"raw_exec\" {{\n config {{\n enabled = true\n \
         }}\n}}\n",
        ports.rpc
    );
    let plain = text(&client, Ports::free(&client.host).await);
    client.write("s.hcl", &plain.replace(SERVER, &own));
    (server, client, ports)
}

/// An authority, and what the one who asks shows.
pub(crate) struct Certificates {
    issuer: Issuer,
    client: Identity,
    server: Identity,
    cli: Identity,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let key = new_key();
        let mut builder = builder("Nomad Agent CA");
        builder.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
        builder.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN;
        let issuer = Issuer { certificate: builder.self_sign(&key).expect("a root"), key };
        let identity = |name: &str| {
            let (certificate, key) = issue(&issuer, name);
            Identity::from_pem(&certificate, &key).expect("a pair")
        };
        Self {
            client: identity("client.global.nomad"),
            server: identity("server.global.nomad"),
            cli: identity("cli.global.nomad"),
            issuer,
        }
    }

    /// The client's certificate and key, for a program that reads files.
    #[allow(dead_code, reason = "not every test has such a program")]
    pub(crate) fn write_client(&self, place: &Workspace) {
        place.write("client.pem", &(self.client.chain[0].to_pem() + "\n"));
        place.write("client-key.pem", &self.client.key.to_pem());
    }

    /// A new certificate of a server, with its key and authority.
    pub(crate) fn install(&self, place: &Workspace) {
        let (certificate, key) = issue(&self.issuer, "server.global.nomad");
        place.write("ca.pem", &(self.issuer.certificate.to_pem() + "\n"));
        place.write("cert.pem", &certificate);
        place.write("key.pem", &key);
    }
}

fn issue(issuer: &Issuer, name: &str) -> (String, String) {
    let key = new_key();
    let mut builder = builder(name);
    builder.dns_names = vec![name.to_owned(), "localhost".to_owned()];
    builder.ip_addresses = vec![Ipv4Addr::LOCALHOST.into()];
    builder.key_usage = KeyUsage::DIGITAL_SIGNATURE;
    builder.extended_key_usage = vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];
    let certificate = builder.sign(key.public_key_der(), issuer).expect("a certificate");
    (certificate.to_pem() + "\n", key.to_pem())
}

fn new_key() -> KeyPair {
    KeySource::generated().key(KeyKind::EcP256).expect("a key")
}

fn builder(name: &str) -> CertificateBuilder {
    let now = Clock::system().now();
    let hours = |count: i64| now + time::Duration::hours(count);
    let mut builder = CertificateBuilder::new(Name::common(name), hours(-1), hours(24));
    builder.serial = lab_world::random_bytes::<8>().to_vec();
    builder
}

/// The real program.
pub(crate) struct RealNomad(Child);

impl RealNomad {
    pub(crate) fn start(binary: &OsStr, place: &Workspace) -> Self {
        let log = std::fs::File::create(place.path("log")).expect("a log");
        let child = Command::new(binary)
            .args(["agent".as_ref(), "-config".as_ref(), place.path("s.hcl").as_os_str()])
            .env_clear()
            .env("HOME", &place.directory)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a log"))
            .stdout(log)
            .spawn();
        Self(child.expect("the real program starts"))
    }

    pub(crate) fn hangup(&self) {
        let status = Command::new("kill").args(["-HUP", &self.0.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "a signal");
    }
}

impl Drop for RealNomad {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks one agent.
pub(crate) struct Probe<'a> {
    pub(crate) place: &'a Workspace,
    pub(crate) certificates: &'a Certificates,
    pub(crate) ports: Ports,
}

impl Probe<'_> {
    /// Waits until the RPC port answers somebody.
    pub(crate) async fn settle(&self) {
        for _ in 0..150 {
            let ways = [self.ping(None, false).await, self.ping(Some(&self.certificates.client), true).await];
            if ways.contains(&"ok".to_owned()) {
                return;
            }
            self.place.host.clock.sleep(Duration::from_millis(200)).await;
        }
        panic!("the agent does not answer at its RPC port");
    }

    /// Every question with its answer.
    pub(crate) async fn all(&self) -> BTreeMap<&'static str, String> {
        let Certificates { client, server, cli, .. } = self.certificates;
        BTreeMap::from([
            ("plaintext ping", self.ping(None, false).await),
            ("TLS ping without a certificate", self.ping(None, true).await),
            ("TLS ping as client", self.ping(Some(client), true).await),
            ("TLS ping as cli", self.ping(Some(cli), true).await),
            ("plaintext raft", self.raft(None, false).await),
            ("raft as client", self.raft(Some(client), true).await),
            ("raft as server", self.raft(Some(server), true).await),
            ("plaintext server-only call", self.server_only(None, false).await),
            ("server-only call as client", self.server_only(Some(client), true).await),
            ("HTTP", self.http("http", None).await),
            ("HTTPS without a certificate", self.http("https", None).await),
            ("HTTPS as cli", self.http("https", Some(cli)).await),
        ])
    }

    async fn ping(&self, identity: Option<&Identity>, tls: bool) -> String {
        self.call(identity, tls, "Status.Ping").await
    }

    async fn call(&self, identity: Option<&Identity>, tls: bool, method: &str) -> String {
        let io = match self.open(identity, tls, RPC_NOMAD).await {
            Ok(io) => io,
            Err(error) => return verdict(&error),
        };
        let fields =
            [("Region", "global".into()), ("Schedulers", rmpv::Value::Array(vec!["service".into()]))];
        let body = rmpv::Value::Map(fields.into_iter().map(|(name, value)| (name.into(), value)).collect());
        let mut codec = Codec::new(io);
        match self.place.host.clock.timeout(Duration::from_secs(2), codec.call(method, &body)).await {
            None => "no answer".into(),
            Some(Ok(_)) => "ok".into(),
            Some(Err(error)) => verdict(&error.to_string()),
        }
    }

    /// Whether a server-only call is let through; what it is answered then is not what is asked here.
    async fn server_only(&self, identity: Option<&Identity>, tls: bool) -> String {
        match self.call(identity, tls, "Eval.Dequeue").await.as_str() {
            refused @ ("Permission denied" | "closed") => refused.to_owned(),
            _ => "let through".to_owned(),
        }
    }

    async fn raft(&self, identity: Option<&Identity>, tls: bool) -> String {
        let mut io = match self.open(identity, tls, RPC_RAFT).await {
            Ok(io) => io,
            Err(error) => return verdict(&error),
        };
        match self.place.host.clock.timeout(Duration::from_secs(1), io.read_u8()).await {
            None => "accepted".into(),
            Some(Ok(_)) => "spoken to".into(),
            Some(Err(error)) => verdict(&lab_wire::tls::go_text(&error)),
        }
    }

    async fn open(&self, identity: Option<&Identity>, tls: bool, first: u8) -> Result<BoxIo, String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports.rpc));
        let text = |error: std::io::Error| lab_wire::tls::go_text(&error);
        let mut stream = self.place.host.net.connect(address).await.map_err(text)?;
        if !tls {
            return begin(stream, first).await.map_err(text);
        }
        stream.write_u8(RPC_TLS).await.map_err(text)?;
        let mut stream = self.tls(identity).connect(stream).await.map_err(|error| error.to_string())?;
        // A server that refuses the certificate says so now. What is written to it would be answered by a reset, which
        // may overtake what it said.
        let early = self.place.host.clock.timeout(Duration::from_millis(100), stream.read_u8()).await;
        if let Some(Err(error)) = early {
            return Err(text(error));
        }
        begin(stream, first).await.map_err(text)
    }

    fn tls(&self, identity: Option<&Identity>) -> ClientTls {
        let roots = vec![self.certificates.issuer.certificate.clone()];
        let tls = ClientTls::new(&self.place.host.clock)
            .roots(roots)
            .verify(ServerVerify::Name("localhost".into()));
        match identity {
            Some(identity) => tls.identity(identity.clone()),
            None => tls,
        }
    }

    async fn http(&self, scheme: &str, identity: Option<&Identity>) -> String {
        let host = &self.place.host;
        let client =
            HttpClient::new(&host.net, &host.clock).tls(self.tls(identity)).timeout(Duration::from_secs(2));
        let url = format!("{scheme}://127.0.0.1:{}/v1/regions", self.ports.http);
        let request = http::Request::builder().uri(url).body(bytes::Bytes::new()).expect("a request");
        match client.send(request).await {
            Ok(response) if response.status().is_success() => "ok".into(),
            Ok(response) => {
                let body = String::from_utf8_lossy(response.body()).into_owned();
                format!("{} {}", response.status().as_u16(), body.trim())
            }
            Err(error) => verdict(&error.to_string()),
        }
    }
}

async fn begin(mut io: impl Io + 'static, first: u8) -> std::io::Result<BoxIo> {
    io.write_u8(first).await?;
    Ok(Box::new(io))
}

/// A closed connection is noticed by a read or by a write, as it happens.
fn verdict(error: &str) -> String {
    let is_closed = ["EOF", "connection reset by peer", "broken pipe"].iter().any(|end| error.ends_with(end));
    if is_closed { "closed".into() } else { error.to_owned() }
}
