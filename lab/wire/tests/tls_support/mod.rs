//! Authorities, certificates and two machines for the tests of TLS.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lab_pki::{
    BasicConstraints, Certificate, CertificateBuilder, ExtendedKeyUsage, Issuer, KeyKind, KeyPair, KeySource,
    KeyUsage, Name,
};
use lab_wire::tls::{ClientAuth, ClientTls, Identity, ServerTls, ServerVerify, TlsError, TlsStream};
use lab_world::{DEFAULT_EPOCH, Entropy, Listener, Simulation, Stream};
use time::OffsetDateTime;

pub(crate) static ROOT: LazyLock<Authority> = LazyLock::new(|| Authority::new("nomad root", KeyKind::EcP256));
pub(crate) static OTHER_ROOT: LazyLock<Authority> =
    LazyLock::new(|| Authority::new("other root", KeyKind::EcP256));

/// Both ends of a handshake, and what each says.
pub(crate) type Ends = (Result<TlsStream, TlsError>, Result<TlsStream, TlsError>);

pub(crate) fn simulate<T>(work: impl AsyncFnOnce(&Simulation) -> T) -> T {
    Simulation::run(1, DEFAULT_EPOCH, work)
}

/// A connection from machine `one` to a listener on machine `two`.
pub(crate) async fn dial(world: &Simulation) -> (Stream, Listener) {
    let (one, two) = (world.host("one"), world.host("two"));
    let listener = two.net.listen("0.0.0.0:0".parse().expect("an address")).await.expect("a free port");
    let address = SocketAddr::new(two.net.address(), listener.address().port());
    (one.net.connect(address).await.expect("a connection"), listener)
}

pub(crate) async fn shake(world: &Simulation, client: &ClientTls, server: &ServerTls) -> Ends {
    let (near, mut listener) = dial(world).await;
    let far = listener.accept().await.expect("a connection");
    tokio::join!(biased; client.connect(near), server.accept(far))
}

/// Trusts the root, shows a client's certificate and wants `server.global.nomad`.
pub(crate) fn tls_client(world: &Simulation) -> ClientTls {
    let client = ClientTls::new(world.clock()).roots(vec![ROOT.certificate()]);
    let shown = Leaf::client().identity().expect("a pair");
    client.verify(ServerVerify::Name("server.global.nomad".into())).identity(shown)
}

/// Shows a server's certificate and wants one of the root's.
pub(crate) fn tls_server(world: &Simulation) -> ServerTls {
    let mut server =
        ServerTls::new(world.clock(), Leaf::server().identity().expect("a pair").into_provider());
    server.client_auth = ClientAuth::Require { roots: [ROOT.certificate()].into() };
    server
}

#[derive(Clone)]
pub(crate) struct Authority {
    issuer: Issuer,
    /// What is between the root and what this one signs.
    between: Vec<Certificate>,
}

impl Authority {
    pub(crate) fn new(name: &str, kind: KeyKind) -> Self {
        let key = key(kind);
        let certificate = Self::builder(name).self_sign(&key).expect("a root");
        Self { issuer: Issuer { certificate, key }, between: Vec::new() }
    }

    /// An authority that this one signed.
    pub(crate) fn below(&self, name: &str) -> Self {
        let key = key(KeyKind::EcP256);
        let certificate = Self::builder(name).sign(key.public_key_der(), &self.issuer).expect("an authority");
        Self { between: vec![certificate.clone()], issuer: Issuer { certificate, key } }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        self.issuer.certificate.clone()
    }

    fn builder(name: &str) -> CertificateBuilder {
        let mut builder = CertificateBuilder::new(Name::common(name), minutes(-1000), minutes(1_000_000));
        builder.serial = next_serial();
        builder.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
        builder.key_usage = KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN;
        builder
    }
}

/// A certificate to be shown, or none.
#[derive(Clone)]
pub(crate) struct Leaf(Option<Plan>);

#[derive(Clone)]
struct Plan {
    name: &'static str,
    dns_names: Vec<String>,
    authority: Authority,
    usages: Vec<ExtendedKeyUsage>,
    valid: (i64, i64),
    kind: KeyKind,
}

impl Leaf {
    pub(crate) fn server() -> Self {
        Self::named("server.global.nomad")
    }

    pub(crate) fn client() -> Self {
        Self::named("client.global.nomad")
    }

    pub(crate) fn named(name: &'static str) -> Self {
        Self(Some(Plan {
            name,
            dns_names: vec![name.into(), "localhost".into()],
            authority: ROOT.clone(),
            usages: vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth],
            valid: (-60, 1440),
            kind: KeyKind::EcP256,
        }))
    }

    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    pub(crate) fn by(self, authority: &Authority) -> Self {
        self.change(|plan| plan.authority = authority.clone())
    }

    pub(crate) fn only_for_servers(self) -> Self {
        self.change(|plan| plan.usages = vec![ExtendedKeyUsage::ServerAuth])
    }

    pub(crate) fn without_names(self) -> Self {
        self.change(|plan| plan.dns_names.clear())
    }

    pub(crate) fn valid(self, from: i64, to: i64) -> Self {
        self.change(|plan| plan.valid = (from, to))
    }

    pub(crate) fn with(self, kind: KeyKind) -> Self {
        self.change(|plan| plan.kind = kind)
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        let plan = self.0.as_ref()?;
        let key = key(plan.kind);
        let (from, to) = plan.valid;
        let mut builder = CertificateBuilder::new(Name::common(plan.name), minutes(from), minutes(to));
        builder.serial = next_serial();
        builder.dns_names.clone_from(&plan.dns_names);
        builder.extended_key_usage.clone_from(&plan.usages);
        let leaf = builder.sign(key.public_key_der(), &plan.authority.issuer).expect("a certificate");
        Some(Identity::new([vec![leaf], plan.authority.between.clone()].concat(), key))
    }

    fn change(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        if let Some(plan) = &mut self.0 {
            change(plan);
        }
        self
    }
}

fn key(kind: KeyKind) -> KeyPair {
    static KEYS: LazyLock<KeySource> = LazyLock::new(|| KeySource::simulated(&Entropy::seeded(1)));
    KEYS.key(kind).expect("a key")
}

fn next_serial() -> Vec<u8> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes().to_vec()
}

fn minutes(from_start: i64) -> OffsetDateTime {
    let step = Duration::from_secs(60 * from_start.unsigned_abs());
    if from_start < 0 { DEFAULT_EPOCH - step } else { DEFAULT_EPOCH + step }
}
