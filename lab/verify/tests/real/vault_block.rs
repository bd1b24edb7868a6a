//! TLS007 and WID406: what a real Nomad makes of its `vault` block.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lab_wire::tls::{ClientAuth, Identity, ServerTls};
use lab_world::{Clock, Net, Stream};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::programs::{Running, binary, command, found, pause, ports, until};
use crate::running::{Agent, current};
use crate::support::{Node, Site};

/// A job whose task wants a token from Vault.
const JOB: &str = "job \"app\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"raw_exec\"\n      config {\n        command = \
                   \"/bin/true\"\n      }\n      vault {\n        role = \"app\"\n      }\n    }\n  }\n}\n";

/// What is said in Vault's place.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

const IDENTITY: &str = "  default_identity {\n    aud = [\"vault.io\"]\n    ttl = \"1h\"\n  }\n";

#[test]
fn a_server_without_default_identity_gives_jobs_none() {
    let plain = current(Node::new("server")).tls("rpc", "false").tls("http", "false");
    for (identity, is_found) in [("", true), (IDENTITY, false)] {
        let site = Site::new();
        site.write("etc/vault.hcl", format!("vault {{\n  enabled = true\n{identity}}}\n"));
        site.write("app.hcl", JOB);
        let Some(agent) = Agent::start_in(site, &plain, &[]) else { return };
        assert_eq!(found(&agent.site, "etc").contains(&"WID406".to_owned()), is_found);
        let file = agent.site.path("app.hcl").display().to_string();
        let (went_well, said) = agent.run(&["job", "run", "-detach"], &file);
        assert!(went_well, "{said}");
        let (_, job) = agent.api("/v1/job/app", &[]);
        let job: Value = serde_json::from_str(&job).expect("JSON");
        let identities = &job["TaskGroups"][0]["Tasks"][0]["Identities"];
        let name = identities[0]["Name"].as_str();
        assert_eq!(name, (!is_found).then_some("vault_default"), "{identities}");
    }
}

/// Whoever answers in Vault's place remembers whose certificate it was shown.
#[test]
fn a_reload_keeps_the_certificate_for_vault() {
    let Some(nomad) = binary("LAB_NOMAD_BIN") else { return };
    let site = Site::new();
    let mut node = current(Node::new("client"));
    node.common_name = "before".to_owned();
    node.write(&site);
    let path = |file: &str| site.path(&format!("certs/{file}"));
    let vault = Answerer::start(&path("agent.crt"), &path("agent.key"));
    site.write(
        "agent/vault.hcl",
        format!(
            "vault {{\n  enabled = true\n  address = \"https://127.0.0.1:{}\"\n  ca_file = {:?}\n  cert_file = {:?}\n  \
             key_file = {:?}\n}}\n",
            vault.port,
            path("ca.crt"),
            path("agent.crt"),
            path("agent.key")
        ),
    );
    assert!(found(&site, "agent").contains(&"TLS007".to_owned()));
    let start = |log: &str| {
        let [http, rpc, serf] = ports();
        site.write(
            "agent/ports.hcl",
            format!(
                "disable_update_check = true\nports {{\n  http = {http}\n  rpc = {rpc}\n  serf = {serf}\n}}\n"
            ),
        );
        let mut program = command(&nomad);
        program.args(["agent", "-dev", "-log-level=DEBUG", "-config"]).arg(site.path("agent"));
        Running::start(program.env("HOME", &site.root), &site.path(log))
    };
    let agent = start("nomad.log");
    let log = || std::fs::read_to_string(site.path("nomad.log")).unwrap_or_default();
    until("the first certificate", || (vault.shown("before") > 0).then_some(()));
    // Before that, and for a moment after, it takes a signal for its end.
    until("the agent", || log().contains("cluster leadership acquired").then_some(()));
    pause(Duration::from_secs(1));
    node.common_name = "after".to_owned();
    node.write(&site);
    // Once answered it asks again only when it reads its configuration.
    let so_far = vault.shown("before");
    agent.reload();
    until("the reload", || log().contains("Reloading configuration").then_some(()));
    until("another question to Vault", || {
        (vault.shown("before") + vault.shown("after") > so_far).then_some(())
    });
    assert_eq!(vault.shown("after"), 0, "the certificate of before the reload is shown");
    drop(agent);
    let _agent = start("again.log");
    until("the new certificate", || (vault.shown("after") > 0).then_some(()));
}

/// A server with TLS that asks for a certificate, answers everything with an empty object, and ends with the test.
struct Answerer {
    port: u16,
    shown: Arc<Mutex<Vec<String>>>,
}

impl Answerer {
    fn start(certificate: &Path, key: &Path) -> Self {
        let text = |path: &Path| std::fs::read_to_string(path).expect("a file");
        let identity = Identity::from_pem(&text(certificate), &text(key)).expect("a pair");
        let clock = Clock::system();
        let tls = ServerTls {
            client_auth: ClientAuth::Request,
            ..ServerTls::new(&clock, identity.into_provider())
        };
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (tell, told) = std::sync::mpsc::channel();
        let names = shown.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("an event loop").block_on(async {
                let any = SocketAddr::from(([127, 0, 0, 1], 0));
                let mut listener = Net::loopback().listen(any).await.expect("a free port");
                tell.send(listener.address().port()).expect("the test waits for it");
                while let Ok(stream) = listener.accept().await {
                    // One that says nothing does not keep the others waiting for ever.
                    let _ = clock.timeout(Duration::from_secs(5), answer(&tls, stream, &names)).await;
                }
            });
        });
        Self { port: told.recv().expect("it listens"), shown }
    }

    /// How many handshakes showed a certificate of this common name.
    fn shown(&self, name: &str) -> usize {
        self.shown.lock().expect("nobody panics with it").iter().filter(|shown| *shown == name).count()
    }
}

async fn answer(tls: &ServerTls, stream: Stream, names: &Mutex<Vec<String>>) {
    let Ok(mut stream) = tls.accept(stream).await else { return };
    let name = stream.peer_certificates().first().map_or("", |certificate| certificate.common_name());
    names.lock().expect("nobody panics with it").push(name.to_owned());
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(ANSWER).await;
    let _ = stream.shutdown().await;
}
