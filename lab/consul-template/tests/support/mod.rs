//! A Vault that issues certificates and keeps a record, and a systemd that does the same.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use lab_consul_template::{CommandError, CommandFuture, Commands, Invocation, Runner};
use lab_pki::{
    BasicConstraints, CertificateBuilder, ExtendedKeyUsage, Issuer, KeyKind, KeyPair, KeySource, KeyUsage,
    Name,
};
use lab_wire::http::{Handler, Options, Peer, handler, serve_connection};
use lab_wire::tls::{Identity, ServerTls};
use lab_world::{Host, Simulation, Tasks};
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

/// A request as the Vault saw it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) at: OffsetDateTime,
    pub(crate) request: String,
    pub(crate) body: Json,
    pub(crate) token: String,
}

pub(crate) type Answer = Box<dyn Fn(&Seen) -> Option<(u16, Json)> + Send + Sync>;

pub(crate) struct Vault {
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) special: Arc<Mutex<Option<Answer>>>,
    pub(crate) ttl: Arc<Mutex<Duration>>,
    pub(crate) lease: Arc<Mutex<bool>>,
    tasks: Tasks,
}

impl Vault {
    /// Starts it on the machine `vault`, port 8200.
    pub(crate) async fn start(world: &Simulation) -> Self {
        Self::start_with(world, &authority(&world.host("vault")), None).await
    }

    /// The same behind TLS; with it comes the authority of its certificate as PEM.
    pub(crate) async fn start_tls(world: &Simulation) -> (Self, String) {
        let host = world.host("vault");
        let authority = authority(&host);
        let key = KeySource::generated().key(KeyKind::EcP256).expect("a key");
        let now = host.clock.now();
        let mut builder =
            CertificateBuilder::new(Name::common("vault"), now, now + Duration::from_secs(86_400));
        builder.dns_names = vec!["active.vault.service.consul".to_owned()];
        builder.extended_key_usage = vec![ExtendedKeyUsage::ServerAuth];
        let leaf = builder.sign(key.public_key_der(), &authority).expect("a certificate");
        let identity = Identity::new(vec![leaf], key).into_provider();
        let tls = ServerTls::new(&host.clock, identity);
        (Self::start_with(world, &authority, Some(tls)).await, authority.certificate.to_pem())
    }

    async fn start_with(world: &Simulation, authority: &Issuer, tls: Option<ServerTls>) -> Self {
        let host = world.host("vault");
        world.register("active.vault.service.consul", &["vault"]);
        let vault = Self {
            seen: Arc::default(),
            special: Arc::default(),
            ttl: Arc::new(Mutex::new(Duration::from_secs(86_400))),
            lease: Arc::default(),
            tasks: Tasks::new(),
        };
        let address = SocketAddr::from(([0, 0, 0, 0], 8200));
        let mut listener = host.net.listen(address).await.expect("a free port");
        let answers = vault.answers(&host, authority);
        let (clock, inner) = (host.clock.clone(), Tasks::new());
        vault.tasks.spawn(async move {
            while let Ok(stream) = listener.accept().await {
                let (answers, clock, tls) = (answers.clone(), clock.clone(), tls.clone());
                let peer = Peer::plain(stream.peer());
                inner.spawn(async move {
                    let _ = match tls {
                        None => serve_connection(stream, peer, answers, &clock, Options::default()).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => {
                                serve_connection(stream, peer, answers, &clock, Options::default()).await
                            }
                            Err(_) => Ok(()),
                        },
                    };
                });
            }
        });
        vault
    }

    fn answers(&self, host: &Host, authority: &Issuer) -> Handler {
        let (seen, special) = (self.seen.clone(), self.special.clone());
        let (ttl, lease) = (self.ttl.clone(), self.lease.clone());
        let (host, authority) = (host.clone(), authority.clone());
        handler(move |request: lab_wire::http::Request, _| {
            let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
            assert_eq!(header("x-vault-request"), Some("true"));
            let now = Seen {
                at: host.clock.now(),
                request: format!("{} {path}", request.method()),
                body: serde_json::from_slice(request.body()).unwrap_or(Json::Null),
                token: header("x-vault-token").unwrap_or_default().to_owned(),
            };
            let special = special.lock().expect("no panic").as_ref().and_then(|special| special(&now));
            let (ttl, leased) = (*ttl.lock().expect("no panic"), *lease.lock().expect("no panic"));
            let (status, body) = special.unwrap_or_else(|| usual(&now, &host, &authority, ttl, leased));
            seen.lock().expect("no panic").push(now);
            let mut response = Response::new(Bytes::from(body.to_string()));
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            async move { response }
        })
    }

    /// How often a request was seen.
    pub(crate) fn count(&self, request: &str) -> usize {
        self.seen.lock().expect("no panic").iter().filter(|seen| seen.request == request).count()
    }

    /// When a request was seen.
    pub(crate) fn times(&self, request: &str) -> Vec<OffsetDateTime> {
        let seen = self.seen.lock().expect("no panic");
        seen.iter().filter(|seen| seen.request == request).map(|seen| seen.at).collect()
    }

    /// Answers otherwise than usual where `special` says so.
    pub(crate) fn answer(&self, special: impl Fn(&Seen) -> Option<(u16, Json)> + Send + Sync + 'static) {
        *self.special.lock().expect("no panic") = Some(Box::new(special));
    }
}

fn authority(host: &Host) -> Issuer {
    let key = KeySource::generated().key(KeyKind::EcP256).expect("a key");
    let start = host.clock.now() - Duration::from_secs(3600);
    let mut builder =
        CertificateBuilder::new(Name::common("lab root"), start, start + Duration::from_secs(87_600 * 3600));
    builder.basic_constraints = Some(BasicConstraints { ca: true, path_length: None });
    builder.key_usage = KeyUsage::CERT_SIGN;
    Issuer { certificate: builder.self_sign(&key).expect("a certificate"), key }
}

fn usual(seen: &Seen, host: &Host, authority: &Issuer, ttl: Duration, leased: bool) -> (u16, Json) {
    let envelope = |data: Json| {
        json!({ "request_id": host.entropy.uuid(), "lease_id": "", "renewable": false,
        "lease_duration": 0, "data": data, "wrap_info": null, "warnings": null, "auth": null })
    };
    let refused = || (403, json!({ "errors": ["permission denied"] }));
    match seen.request.as_str() {
        request if request.starts_with("GET /v1/sys/internal/ui/mounts/secret") => {
            (200, envelope(json!({ "path": "secret/", "type": "kv", "options": { "version": "2" } })))
        }
        request if request.starts_with("GET /v1/sys/internal/ui/mounts/") => {
            (200, envelope(json!({ "path": "pki_int/", "type": "pki", "options": null })))
        }
        request if request.starts_with("PUT /v1/pki_int/issue/") => {
            let mut answer = envelope(issue(seen, host, authority, ttl));
            if leased {
                answer["lease_id"] = json!("pki_int/issue/x/1");
                answer["lease_duration"] = json!(ttl.as_secs());
            }
            (200, answer)
        }
        "PUT /v1/auth/token/renew-self" => (
            200,
            json!({ "auth": { "client_token": seen.token, "accessor": "a",
            "policies": ["default"], "lease_duration": 86_400, "renewable": true } }),
        ),
        "GET /v1/secret/data/app" => (
            200,
            envelope(
                json!({ "data": { "password": "p", "port": 5432 }, "metadata": { "deletion_time": "" } }),
            ),
        ),
        "GET /v1/secret/metadata?list=true" => (200, envelope(json!({ "keys": ["b", "a/"] }))),
        _ => refused(),
    }
}

fn issue(seen: &Seen, host: &Host, authority: &Issuer, ttl: Duration) -> Json {
    let key: KeyPair = KeySource::generated().key(KeyKind::EcP256).expect("a key");
    let now = host.clock.now().replace_nanosecond(0).expect("0 is a nanosecond");
    let name = seen.body["common_name"].as_str().unwrap_or_default();
    let mut builder = CertificateBuilder::new(Name::common(name), now - Duration::from_secs(30), now + ttl);
    builder.dns_names = vec![name.to_owned()];
    let leaf = builder.sign(key.public_key_der(), authority).expect("a certificate");
    let root = authority.certificate.to_pem();
    json!({ "certificate": leaf.to_pem(), "private_key": key.to_pem().trim_end(), "issuing_ca": root, "ca_chain": [root],
        "expiration": (now + ttl).unix_timestamp(), "serial_number": leaf.serial(), "private_key_type": "ec" })
}

/// Keeps what was run, with what the watched files held then.
#[derive(Default)]
pub(crate) struct Systemd {
    pub(crate) runs: Mutex<Vec<String>>,
    pub(crate) fails: Mutex<bool>,
    pub(crate) hangs: Mutex<bool>,
    pub(crate) watch: Mutex<Option<(Host, Vec<String>)>>,
    pub(crate) pairs: Mutex<Vec<bool>>,
}

impl Commands for Systemd {
    fn run(&self, command: &Invocation) -> CommandFuture {
        self.runs.lock().expect("no panic").push(command.line());
        if let Some((host, files)) = self.watch.lock().expect("no panic").as_ref() {
            let read = |file: &String| host.disk.read_to_string(file).unwrap_or_default();
            self.pairs.lock().expect("no panic").push(is_pair(&read(&files[0]), &read(&files[1])));
        }
        let result = if *self.fails.lock().expect("no panic") {
            Err(CommandError::Failed(command.started()))
        } else {
            Ok(())
        };
        let hangs = *self.hangs.lock().expect("no panic");
        Box::pin(async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            result
        })
    }
}

/// Whether a certificate and a key belong together.
pub(crate) fn is_pair(certificate: &str, key: &str) -> bool {
    let (Ok(certificate), Ok(key)) = (lab_pki::Certificate::from_pem(certificate), KeyPair::from_pem(key))
    else {
        return false;
    };
    lab_pki::key_matches(&certificate, &key)
}

pub(crate) const VAULT: &str = "vault {\n address = \"http://active.vault.service.consul:8200\"\n token = \"s.token\"\n renew_token = false\n}\nlog_level = \"info\"\n";

/// A node with a configuration on its disk and a program that can run it.
pub(crate) fn node(world: &Simulation, name: &str, configuration: &str) -> Host {
    let host = world.host(name).program("consul-template");
    host.disk.write("/etc/ct.hcl", configuration).expect("a disk in memory");
    host
}

pub(crate) fn start(host: &Host, systemd: &Arc<Systemd>) -> Runner {
    Runner::start(host, "/etc/ct.hcl", BTreeMap::new(), systemd.clone()).expect("a good configuration")
}

/// The messages of a log.
pub(crate) fn messages(host: &Host) -> Vec<String> {
    host.log.lines_after(0).into_iter().map(|line| line.message).collect()
}

/// One virtual run.
pub(crate) fn simulate(work: impl AsyncFnOnce(&Simulation)) {
    Simulation::run(7, lab_world::DEFAULT_EPOCH, work);
}
