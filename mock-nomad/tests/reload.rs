//! SIGHUP: what is applied, what is not, what survives and what dies of it.

mod support;

use std::time::Duration;

use lab_wire::http::Client as HttpClient;
use lab_wire::rpc::{Codec, RPC_NOMAD};
use lab_world::{Host, Simulation};
use mock_nomad::Agent;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const UPGRADE: &str = "rpc_upgrade_mode = true\nverify_server_hostname = true\nverify_https_client = true";
const STRICT: &str = "verify_server_hostname = true\nverify_https_client = true";

struct Scene {
    server: Host,
    prober: Host,
    authority: Authority,
    agent: Agent,
}

impl Scene {
    async fn of(world: &Simulation, tls: Option<&str>) -> Self {
        let (server, prober) = (world.host("server-1"), world.host("prober"));
        let authority = Authority::new("Nomad Agent CA");
        install(&server, &authority.pem(), &authority.issue("server.global.nomad"));
        configure(&server, &server_config(&server, &[], 1, &tls.map(tls_block).unwrap_or_default()));
        let agent = start(&server).await;
        server.clock.sleep(Duration::from_secs(10)).await;
        Self { server, prober, authority, agent }
    }

    fn prober(&self) -> Prober<'_> {
        Prober { host: &self.prober, authority: &self.authority }
    }

    /// Writes a new configuration and reloads; what the log says of it.
    async fn reload(&self, tls: Option<&str>) -> Vec<String> {
        configure(
            &self.server,
            &server_config(&self.server, &[], 1, &tls.map(tls_block).unwrap_or_default()),
        );
        self.hangup().await
    }

    async fn hangup(&self) -> Vec<String> {
        let mark = self.server.log.count();
        self.agent.reload().await;
        self.server.clock.sleep(Duration::from_millis(50)).await;
        let lines = self.server.log.lines_after(mark).into_iter();
        lines.map(|line| format!("[{}] {}: {}", line.level, line.name, line.message)).collect()
    }

    fn renew(&self) {
        install(&self.server, &self.authority.pem(), &self.authority.issue("server.global.nomad"));
    }

    fn write(&self, file: &str, text: &str) {
        self.server.disk.write(format!("{CERTS}/{file}"), text).expect("a write");
    }

    async fn plain(&self) -> String {
        self.prober().ping(&self.server, Way::Plain).await
    }

    async fn client(&self) -> String {
        self.prober().ping(&self.server, Way::With(&self.authority.issue("client.global.nomad"))).await
    }

    /// HTTPS without a certificate.
    async fn https(&self) -> String {
        let client = HttpClient::new(&self.prober.net, &self.prober.clock).tls(self.prober().tls());
        self.prober().get(&client, "https://server-1:4646/v1/status/leader").await
    }
}

fn has(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

#[test]
fn the_flag_alone_does_not_close_the_port_and_a_new_certificate_does() {
    simulate(async |world| {
        let scene = Scene::of(world, None).await;
        assert_eq!((scene.plain().await, scene.client().await), ("ok".into(), "EOF".into()));
        let said = scene.reload(Some(UPGRADE)).await;
        assert!(has(&said, "[INFO] agent: upgrading from plaintext configuration to TLS"), "{said:#?}");
        assert!(
            has(&said, "[INFO] nomad: reloading server connections due to configuration changes"),
            "{said:#?}"
        );
        assert_eq!((scene.plain().await, scene.client().await), ("ok".into(), "ok".into()));
        assert_eq!(scene.https().await, "remote error: tls: certificate required");

        let said = scene.reload(Some(STRICT)).await;
        assert!(
            has(&said, "starting reload of agent config") && !has(&said, "reloading server connections"),
            "{said:#?}"
        );
        assert_eq!(scene.plain().await, "ok", "new plaintext connections are still answered");
        let raft = scene
            .prober()
            .raft(&scene.server, Way::With(&scene.authority.issue("client.global.nomad")))
            .await;
        assert_eq!(raft, "accepted");

        scene.reload(Some("verify_server_hostname = true")).await;
        assert_eq!(
            scene.https().await,
            "remote error: tls: certificate required",
            "not applied alone either"
        );

        scene.renew();
        let said = scene.hangup().await;
        assert!(has(&said, "reloading HTTP server with new TLS configuration"), "{said:#?}");
        assert_eq!((scene.plain().await, scene.client().await), ("EOF".into(), "ok".into()));
        assert!(scene.https().await.starts_with("200 "));
    });
}

#[test]
fn a_restart_applies_everything() {
    simulate(async |world| {
        let scene = Scene::of(world, Some(UPGRADE)).await;
        scene.reload(Some(STRICT)).await;
        assert_eq!(scene.plain().await, "ok");
        let Scene { server, prober, authority, agent } = scene;
        agent.stop().await;
        let agent = start(&server).await;
        let scene = Scene { server, prober, authority, agent };
        assert_eq!(scene.plain().await, "EOF");
        assert_eq!(scene.client().await, "ok");
    });
}

#[test]
fn tls_can_be_taken_back() {
    simulate(async |world| {
        let scene = Scene::of(world, Some(STRICT)).await;
        let said = scene.reload(None).await;
        assert!(
            has(&said, "[WARN] agent: downgrading agent's existing TLS configuration to plaintext"),
            "{said:#?}"
        );
        assert_eq!((scene.plain().await, scene.client().await), ("ok".into(), "EOF".into()));
    });
}

#[test]
fn an_idle_connection_serves_one_more_request() {
    simulate(async |world| {
        let scene = Scene::of(world, None).await;
        let mut old = Codec::new(
            scene.prober().open(&scene.server, Way::Plain, RPC_NOMAD).await.expect("a connection"),
        );
        assert_eq!(call_on(&mut old, "Status.Ping").await, "ok");
        let (session, _tasks) = scene.prober().session(&scene.server, Way::Plain).await;
        let mut stream = session.open().expect("a stream");
        stream.write_u8(RPC_NOMAD).await.expect("room");
        let mut idle = Codec::new(stream);
        assert_eq!(call_on(&mut idle, "Status.Ping").await, "ok");

        let said = scene.reload(Some(STRICT)).await;
        assert!(has(&said, "use of closed network connection\" delay=5ms"), "{said:#?}");
        assert!(has(&said, "[INFO] nomad.rpc: closing server RPC connection"), "{said:#?}");
        assert_eq!(scene.plain().await, "EOF", "a new one is refused");

        assert_eq!(call_on(&mut old, "Status.Ping").await, "ok", "one more");
        assert_ne!(call_on(&mut old, "Status.Ping").await, "ok", "and no more");
        assert_eq!(
            call_on(&mut idle, "Eval.Dequeue").await,
            "Permission denied",
            "names are checked at once"
        );
        let mut last = session.open().expect("one more stream");
        last.write_u8(RPC_NOMAD).await.expect("room");
        assert_eq!(call_on(&mut Codec::new(last), "Status.Ping").await, "EOF");
        session.closed().await;
    });
}

#[test]
fn a_reload_without_a_change_leaves_connections_alone() {
    simulate(async |world| {
        let scene = Scene::of(world, Some(UPGRADE)).await;
        let mut old = Codec::new(
            scene.prober().open(&scene.server, Way::Plain, RPC_NOMAD).await.expect("a connection"),
        );
        let said = scene.hangup().await;
        assert!(
            has(&said, "==> Caught signal: hangup") && has(&said, "==> Reloading configuration..."),
            "{said:#?}"
        );
        assert!(!has(&said, "starting reload of agent config"), "{said:#?}");
        for _ in 0..3 {
            assert_eq!(call_on(&mut old, "Status.Ping").await, "ok");
        }
    });
}

#[test]
fn servers_survive_missing_and_mismatched_files() {
    simulate(async |world| {
        let scene = Scene::of(world, Some(STRICT)).await;
        let old = scene.server.disk.read_to_string(format!("{CERTS}/cert.pem")).expect("a file");

        scene.server.disk.remove(format!("{CERTS}/cert.pem")).expect("a file");
        let said = scene.hangup().await;
        let missing = format!("error=\"open {CERTS}/cert.pem: no such file or directory\"");
        let errors: Vec<&String> = said.iter().filter(|line| line.starts_with("[ERROR]")).collect();
        assert_eq!(
            errors,
            [
                &format!("[ERROR] agent: parsing TLS certificate: {missing}"),
                &format!("[ERROR] nomad: error checking whether to reload TLS configuration: {missing}"),
            ]
        );
        assert_eq!((scene.agent.exited(), scene.client().await), (None, "ok".into()));

        scene.write("cert.pem", &scene.authority.issue("server.global.nomad").certificate);
        let said = scene.hangup().await;
        let mismatch = "[ERROR] agent: failed to reload the config: error=\"Failed to load cert/key pair: tls: private key \
                        does not match public key\"";
        assert!(has(&said, mismatch) && !has(&said, "starting reload of server config"), "{said:#?}");
        assert_eq!((scene.agent.exited(), scene.client().await), (None, "ok".into()));

        scene.write("cert.pem", "garbage");
        let said = scene.hangup().await;
        assert!(has(&said, "tls: failed to find any PEM data in certificate input"), "{said:#?}");
        assert_eq!((scene.agent.exited(), scene.client().await), (None, "ok".into()));

        // Both at once: the agent's own part runs first, for the changed log level, and stops everything.
        scene.server.disk.remove(format!("{CERTS}/cert.pem")).expect("a file");
        let text = server_config(&scene.server, &[], 1, &tls_block(STRICT)).replace("TRACE", "DEBUG");
        configure(&scene.server, &text);
        let said = scene.hangup().await;
        assert!(
            has(&said, "failed to reload the config") && !has(&said, "starting reload of server"),
            "{said:#?}"
        );
        scene.write("cert.pem", &old);
    });
}

#[test]
fn a_broken_configuration_changes_nothing() {
    simulate(async |world| {
        let scene = Scene::of(world, Some(STRICT)).await;
        configure(&scene.server, "server {\n enabled = ");
        let said = scene.hangup().await;
        assert!(has(&said, "==> Error loading configuration from /etc/nomad.d/nomad.hcl: "), "{said:#?}");
        assert!(said.last().is_some_and(|line| line.ends_with("==> Failed to reload configs")), "{said:#?}");
        let text = server_config(&scene.server, &[], 1, "").replace("TRACE", "loud");
        configure(&scene.server, &text);
        let said = scene.hangup().await;
        assert!(has(&said, "==> Invalid log level: LOUD. Valid log levels are: "), "{said:#?}");
        assert_eq!(scene.agent.exited(), None);
    });
}

#[test]
fn a_server_dies_of_an_authority_that_is_none_and_of_a_bad_way_into_tls() {
    simulate(async |world| {
        for (case, from, break_it, message) in [
            (
                "authority",
                Some(STRICT),
                ("ca.pem", "garbage"),
                "Failed to parse any valid certificates in CA file: /opt/nomad/agent-certs/ca.pem",
            ),
            (
                "no authority",
                None,
                ("ca.pem", ""),
                "Failed to parse any valid certificates in CA file: /opt/nomad/agent-certs/ca.pem",
            ),
            (
                "bad pair",
                None,
                ("key.pem", "garbage"),
                "Failed to load cert/key pair: Failed to load cert/key pair: tls: failed to find any PEM data in key input",
            ),
        ] {
            let scene = Scene::of(world, from).await;
            scene.write(break_it.0, break_it.1);
            let said = scene.reload(Some(STRICT)).await;
            let exit = scene.agent.exited().unwrap_or_else(|| panic!("{case}: {said:#?}"));
            assert_eq!(exit.code, 1, "{case}");
            assert_eq!(
                exit.message,
                format!("Fatal error while reloading: reloading server config failed: {message}"),
                "{case}"
            );
            assert!(has(&said, "[ERROR] agent: reloading server config failed"), "{said:#?}");
            assert_ne!(scene.plain().await, "ok", "{case}");
        }
        let scene = Scene::of(world, None).await;
        scene.server.disk.remove(format!("{CERTS}/key.pem")).expect("a file");
        scene.reload(Some(STRICT)).await;
        let exit = scene.agent.exited().expect("dead of a missing file");
        assert!(
            exit.message.ends_with("open /opt/nomad/agent-certs/key.pem: no such file or directory"),
            "{exit:?}"
        );
    });
}

#[test]
fn a_client_dies_of_a_missing_file() {
    simulate(async |world| {
        let (server, client) = (world.host("server-1"), world.host("client-1"));
        let authority = Authority::new("Nomad Agent CA");
        install(&client, &authority.pem(), &authority.issue("client.global.nomad"));
        configure(&client, &client_config(&client, &["server-1"], &tls_block(STRICT)));
        let agent = start(&client).await;
        client
            .disk
            .write(format!("{CERTS}/cert.pem"), authority.issue("client.global.nomad").certificate)
            .expect("a write");
        agent.reload().await;
        assert_eq!(agent.exited(), None, "a mismatched pair is survived");
        client.disk.remove(format!("{CERTS}/key.pem")).expect("a file");
        agent.reload().await;
        let exit = agent.exited().expect("dead");
        assert_eq!(
            exit.message,
            "Fatal error while reloading: reloading client config failed: open /opt/nomad/agent-certs/key.pem: no such \
             file or directory"
        );
        assert!(client.log.contains("error parsing TLS configuration"));
        drop(server);
    });
}

#[test]
fn a_http_connection_lives_on_through_a_reload() {
    simulate(async |world| {
        let scene = Scene::of(world, None).await;
        let mut old = scene.prober().connect(&scene.server, HTTP).await.expect("a connection");
        scene.reload(Some(STRICT)).await;
        old.write_all(b"GET /v1/status/leader HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await
            .expect("room");
        let mut answer = String::new();
        old.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let new = scene
            .prober()
            .raw(&scene.server, HTTP, b"GET /v1/status/leader HTTP/1.1\r\nHost: x\r\n\r\n")
            .await;
        assert_eq!(new, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
    });
}
