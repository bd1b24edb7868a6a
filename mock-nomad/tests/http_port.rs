//! What an agent's HTTP(S) port takes and refuses, and what both ends say.

mod support;

use std::time::Duration;

use lab_wire::http::Client as HttpClient;
use lab_wire::tls::{ClientTls, ServerVerify};
use lab_world::{Host, Simulation};
use mock_nomad::Agent;
use support::*;

struct Scene {
    server: Host,
    prober: Host,
    authority: Authority,
    _agent: Agent,
}

impl Scene {
    async fn of(world: &Simulation, extra: &str) -> Self {
        let (server, prober) = (world.host("server-1"), world.host("prober"));
        let authority = Authority::new("Nomad Agent CA");
        install(&server, &authority.pem(), &authority.issue("server.global.nomad"));
        configure(&server, &server_config(&server, &[], 1, extra));
        let agent = start(&server).await;
        server.clock.sleep(Duration::from_secs(10)).await;
        Self { server, prober, authority, _agent: agent }
    }

    fn prober(&self) -> Prober<'_> {
        Prober { host: &self.prober, authority: &self.authority }
    }

    async fn get(&self, scheme: &str, tls: ClientTls) -> String {
        let client = HttpClient::new(&self.prober.net, &self.prober.clock).tls(tls);
        self.prober().get(&client, &format!("{scheme}://server-1:4646/v1/regions")).await
    }

    async fn with(&self, pair: &Pair) -> String {
        self.get("https", self.prober().tls().identity(pair.identity())).await
    }

    /// The lines of `http` since `mark` about handshakes, without the prober's address.
    fn handshakes(&self, mark: usize) -> Vec<String> {
        let lines = lines(&self.server, mark, "http").into_iter();
        let own = format!("from {}:", self.prober.net.address());
        let lines = lines.filter_map(|line| Some(line.split_once(&own)?.1.split_once(": ")?.1.to_owned()));
        lines.collect()
    }
}

const GOOD: &str = "200 [\"global\"]";

#[test]
fn https_wants_any_certificate_of_the_authority() {
    simulate(async |world| {
        let scene =
            Scene::of(world, &tls_block("verify_https_client = true\nverify_server_hostname = true")).await;
        for name in ["cli.global.nomad", "client.global.nomad", "client.other.nomad", "nomad.example.com"] {
            assert_eq!(scene.with(&scene.authority.issue(name)).await, GOOD, "{name}");
        }
        let mark = scene.server.log.count();
        assert_eq!(scene.get("https", scene.prober().tls()).await, "remote error: tls: certificate required");
        let other = Authority::new("Other CA").issue("cli.global.nomad");
        assert_eq!(scene.with(&other).await, "remote error: tls: unknown certificate authority");
        let expired = scene.authority.grant(&Wish { valid: (-9, -2), ..Wish::of("cli.global.nomad") });
        assert_eq!(scene.with(&expired).await, "remote error: tls: expired certificate");
        let said = scene.handshakes(mark);
        assert_eq!(said[0], "tls: client didn't provide a certificate");
        assert_eq!(
            said[1],
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        );
        assert!(
            said[2].contains("x509: certificate has expired or is not yet valid: current time "),
            "{said:?}"
        );
    });
}

#[test]
fn https_asks_nobody_where_it_need_not() {
    simulate(async |world| {
        let scene = Scene::of(world, &tls_block("")).await;
        assert_eq!(scene.get("https", scene.prober().tls()).await, GOOD);
        let named = |name: &str| scene.prober().tls().verify(ServerVerify::Name(name.into()));
        assert_eq!(scene.get("https", named("server.global.nomad")).await, GOOD);
        assert_eq!(
            scene.get("https", named("server-1")).await,
            "tls: failed to verify certificate: x509: certificate is valid for server.global.nomad, localhost, not server-1"
        );
        assert_eq!(
            scene.get("https", named("10.0.0.1")).await,
            "tls: failed to verify certificate: x509: cannot validate certificate for 10.0.0.1 because it doesn't \
             contain any IP SANs"
        );
        let stranger =
            ClientTls::new(&scene.prober.clock).verify(ServerVerify::Name("server.global.nomad".into()));
        assert_eq!(
            scene.get("https", stranger.roots(vec![Authority::new("Other CA").certificate()])).await,
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        );
    });
}

#[test]
fn plain_and_tls_that_meet_are_told_so() {
    simulate(async |world| {
        let scene = Scene::of(world, &tls_block("")).await;
        let mark = scene.server.log.count();
        let request = b"GET /v1/regions HTTP/1.1\r\nHost: x\r\n\r\n";
        let answer = scene.prober().raw(&scene.server, HTTP, request).await;
        assert_eq!(
            answer,
            "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
        );
        assert_eq!(scene.handshakes(mark), ["client sent an HTTP request to an HTTPS server"]);
        let plain = scene.get("http", scene.prober().tls()).await;
        assert_eq!(plain, "400 Client sent an HTTP request to an HTTPS server.\n");
    });
    simulate(async |world| {
        let scene = Scene::of(world, "").await;
        assert_eq!(
            scene.get("https", scene.prober().tls()).await,
            "http: server gave HTTP response to HTTPS client"
        );
        assert_eq!(scene.get("http", scene.prober().tls()).await, GOOD);
    });
}

#[test]
fn garbage_and_silence_end() {
    simulate(async |world| {
        let scene = Scene::of(world, &tls_block("")).await;
        let mark = scene.server.log.count();
        scene.prober().raw(&scene.server, HTTP, b"\x06\x00\x00\x00\x00 not a handshake").await;
        assert_eq!(scene.handshakes(mark), ["tls: first record does not look like a TLS handshake"]);
        for part in [&b""[..], b"GE", b"\x16\x03\x01"] {
            let start = scene.prober.clock.now();
            assert_eq!(scene.prober().raw(&scene.server, HTTP, part).await, "", "{part:?}");
            assert_eq!((scene.prober.clock.now() - start).whole_seconds(), 5, "{part:?}");
        }
    });
    simulate(async |world| {
        let scene = Scene::of(world, "").await;
        let answer = scene.prober().raw(&scene.server, HTTP, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc").await;
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n") && answer.ends_with("400 Bad Request"),
            "{answer}"
        );
    });
}

#[test]
fn an_address_may_have_so_many_connections() {
    simulate(async |world| {
        let scene = Scene::of(world, "limits {\n http_max_conns_per_client = 2\n}\n").await;
        let first = scene.prober().connect(&scene.server, HTTP).await.expect("a connection");
        let _second = scene.prober().connect(&scene.server, HTTP).await.expect("a connection");
        let body = "Your IP is issuing too many concurrent connections, please rate limit your calls\n";
        assert_eq!(scene.get("http", scene.prober().tls()).await, format!("429 {body}"));
        drop(first);
        scene.prober.clock.sleep(Duration::from_millis(10)).await;
        assert_eq!(scene.get("http", scene.prober().tls()).await, GOOD);
    });
}

#[test]
fn headers_of_the_configuration_are_on_every_answer() {
    simulate(async |world| {
        let scene = Scene::of(world, "http_api_response_headers {\n X-Lab = \"yes\"\n}\n").await;
        let request = b"GET /v1/regions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let answer = scene.prober().raw(&scene.server, HTTP, request).await;
        assert!(answer.contains("\r\nX-Lab: yes\r\n"), "{answer}");
    });
}

#[test]
fn the_agent_shows_the_flag_that_its_server_does_not_know_of() {
    simulate(async |world| {
        let extra = |flag: bool| tls_block(&format!("rpc_upgrade_mode = {flag}"));
        let scene = Scene::of(world, &extra(true)).await;
        configure(&scene.server, &server_config(&scene.server, &[], 1, &extra(false)));
        scene._agent.reload().await;
        let client = HttpClient::new(&scene.prober.net, &scene.prober.clock).tls(scene.prober().tls());
        let shown = scene.prober().get(&client, "https://server-1:4646/v1/agent/self").await;
        assert!(shown.contains("\"RPCUpgradeMode\":false"), "{shown}");
        assert_eq!(scene.prober().ping(&scene.server, Way::Plain).await, "ok");
    });
}
