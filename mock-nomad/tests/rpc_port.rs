//! What a server's RPC port takes and refuses, in each of its states, and what both ends say.

mod support;

use std::time::Duration;

use lab_pki::{ExtendedKeyUsage, KeyKind};
use lab_wire::rpc::{Codec, RPC_NOMAD, RPC_TLS};
use lab_world::{Host, Simulation};
use mock_nomad::Agent;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Scene {
    server: Host,
    prober: Host,
    authority: Authority,
    _agent: Agent,
}

impl Scene {
    /// One server with this in its `tls` block; `None`: no such block.
    async fn of(world: &Simulation, tls: Option<&str>) -> Self {
        let (server, prober) = (world.host("server-1"), world.host("prober"));
        let authority = Authority::new("Nomad Agent CA");
        install(&server, &authority.pem(), &authority.issue("server.global.nomad"));
        let extra = tls.map(tls_block).unwrap_or_default();
        configure(&server, &server_config(&server, &[], 1, &extra));
        let agent = start(&server).await;
        server.clock.sleep(Duration::from_secs(10)).await;
        Self { server, prober, authority, _agent: agent }
    }

    fn prober(&self) -> Prober<'_> {
        Prober { host: &self.prober, authority: &self.authority }
    }

    async fn ping(&self, way: Way<'_>) -> String {
        self.prober().ping(&self.server, way).await
    }

    /// The verdict of a ping with a certificate, and what the server said of it.
    async fn with(&self, pair: &Pair) -> (String, Vec<String>) {
        let mark = self.server.log.count();
        let verdict = self.ping(Way::With(pair)).await;
        (verdict, self.said(mark))
    }

    /// The RPC log without the prober's port, which means nothing.
    fn said(&self, mark: usize) -> Vec<String> {
        let lines = lines(&self.server, mark, "nomad.rpc").into_iter();
        lines
            .map(|line| {
                let address = format!("{}:", self.prober.net.address());
                match line.split_once(&address) {
                    Some((before, after)) => {
                        format!("{before}PROBER{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
                    }
                    None => line,
                }
            })
            .collect()
    }
}

#[test]
fn a_plaintext_server_takes_plaintext_and_closes_on_tls() {
    simulate(async |world| {
        let scene = Scene::of(world, None).await;
        assert_eq!(scene.ping(Way::Plain).await, "ok");
        let mark = scene.server.log.count();
        let pair = scene.authority.issue("client.global.nomad");
        assert_eq!(scene.ping(Way::With(&pair)).await, "EOF");
        assert_eq!(scene.said(mark), ["[WARN] TLS connection attempted, server not configured for TLS"]);
        assert_eq!(scene.prober().raft(&scene.server, Way::Plain).await, "accepted");
    });
}

#[test]
fn a_strict_server_refuses_plaintext() {
    simulate(async |world| {
        let scene = Scene::of(world, Some("verify_server_hostname = true")).await;
        let mark = scene.server.log.count();
        assert_eq!(scene.ping(Way::Plain).await, "EOF");
        assert_eq!(scene.prober().raft(&scene.server, Way::Plain).await, "EOF");
        let line = "[WARN] non-TLS connection attempted with RequireTLS set: remote_addr=PROBER";
        assert_eq!(scene.said(mark), [line, line]);
        assert_eq!(scene.ping(Way::With(&scene.authority.issue("client.global.nomad"))).await, "ok");
    });
}

#[test]
fn upgrade_mode_takes_both_and_says_nothing() {
    simulate(async |world| {
        let scene = Scene::of(world, Some("rpc_upgrade_mode = true\nverify_server_hostname = true")).await;
        let mark = scene.server.log.count();
        assert_eq!(scene.ping(Way::Plain).await, "ok");
        let client = scene.authority.issue("client.global.nomad");
        assert_eq!(scene.ping(Way::With(&client)).await, "ok");
        assert_eq!(scene.said(mark), Vec::<String>::new());
        // The check of consensus is off, whoever comes.
        assert_eq!(scene.prober().raft(&scene.server, Way::Plain).await, "accepted");
        assert_eq!(scene.prober().raft(&scene.server, Way::With(&client)).await, "accepted");
        // The checks of single calls are not.
        assert_eq!(scene.prober().call(&scene.server, Way::Plain, "Eval.Dequeue").await, "Permission denied");
        assert_eq!(
            scene.prober().call(&scene.server, Way::With(&client), "Eval.Dequeue").await,
            "Permission denied"
        );
        assert_eq!(scene.ping(Way::Bare).await, "remote error: tls: certificate required");
    });
}

#[test]
fn refused_certificates_are_told_why_and_the_log_knows_more() {
    simulate(async |world| {
        let scene = Scene::of(world, Some("verify_server_hostname = true")).await;
        let failed = |error: &str| {
            vec![format!("[WARN] failed TLS handshake: remote_addr=PROBER error={}", lab_pki::quote(error))]
        };
        let bad = "remote error: tls: bad certificate";
        let other = Authority::new("Other CA").issue("client.global.nomad");
        assert_eq!(
            scene.with(&other).await,
            (
                "remote error: tls: unknown certificate authority".into(),
                failed("tls: failed to verify certificate: x509: certificate signed by unknown authority")
            )
        );
        for name in
            ["cli.global.nomad", "client.other.nomad", "nomad.example.com", "*.global.nomad", "server.nomad"]
        {
            let pair = scene.authority.issue(name);
            assert_eq!(
                scene.with(&pair).await,
                (bad.into(), failed("invalid role or region for certificate")),
                "{name}"
            );
        }
        let no_client_auth =
            Wish { usages: vec![ExtendedKeyUsage::ServerAuth], ..Wish::of("client.global.nomad") };
        assert_eq!(
            scene.with(&scene.authority.grant(&no_client_auth)).await,
            (
                bad.into(),
                failed(
                    "tls: failed to verify certificate: x509: certificate specifies an incompatible key usage"
                )
            )
        );
        let expired = Wish { valid: (-9, -2), ..Wish::of("client.global.nomad") };
        let (verdict, said) = scene.with(&scene.authority.grant(&expired)).await;
        assert_eq!(verdict, "remote error: tls: expired certificate");
        let text = "x509: certificate has expired or is not yet valid: current time 2026-01-05T09:00:";
        assert!(said[0].contains(text) && said[0].contains("is after 2026-01-03T09:00:00Z"), "{said:?}");
        let mark = scene.server.log.count();
        assert_eq!(scene.ping(Way::Bare).await, "remote error: tls: certificate required");
        assert_eq!(scene.said(mark), failed("tls: client didn't provide a certificate"));
        for good in ["client.global.nomad", "server.global.nomad", "server.other.nomad"] {
            assert_eq!(scene.with(&scene.authority.issue(good)).await, ("ok".into(), vec![]), "{good}");
        }
    });
}

#[test]
fn consensus_wants_the_own_regions_server_and_is_refused_in_silence() {
    simulate(async |world| {
        for (verify, other) in [("verify_server_hostname = true", "EOF"), ("", "accepted")] {
            let scene = Scene::of(world, Some(verify)).await;
            let mark = scene.server.log.count();
            let raft = async |name: &str| {
                let pair = scene.authority.issue(name);
                scene.prober().raft(&scene.server, Way::With(&pair)).await
            };
            assert_eq!(raft("server.global.nomad").await, "accepted");
            for name in ["client.global.nomad", "server.other.nomad"] {
                assert_eq!(raft(name).await, other, "{name}");
            }
            assert_eq!(scene.said(mark), Vec::<String>::new());
            let refused = if verify.is_empty() { "accepted" } else { "remote error: tls: bad certificate" };
            assert_eq!(raft("client.other.nomad").await, refused);
        }
    });
}

#[test]
fn calls_are_classed_by_the_names_in_the_certificate() {
    simulate(async |world| {
        let scene = Scene::of(world, Some("verify_server_hostname = true")).await;
        for (name, server_only, client_only) in [
            // A token is missing in all of them, which a client-only call says in the same words.
            ("server.global.nomad", "", "Permission denied"),
            ("client.global.nomad", "Permission denied", "Permission denied"),
            ("server.other.nomad", "Permission denied", "Permission denied"),
        ] {
            let pair = scene.authority.issue(name);
            let call =
                async |method: &str| scene.prober().call(&scene.server, Way::With(&pair), method).await;
            assert_eq!(call("Status.Ping").await, "ok", "{name}");
            for method in ["Eval.Ack", "Eval.Nack", "Plan.Submit", "Eval.Reap"] {
                let answer = call(method).await;
                assert_eq!(
                    answer == "Permission denied",
                    !server_only.is_empty(),
                    "{name} {method}: {answer}"
                );
            }
            assert_eq!(call("Alloc.GetAllocs").await, client_only, "{name}");
        }
    });
}

#[test]
fn tls_inside_tls_is_closed() {
    simulate(async |world| {
        let scene = Scene::of(world, Some("")).await;
        let mark = scene.server.log.count();
        let pair = scene.authority.issue("client.global.nomad");
        let mut io =
            scene.prober().open(&scene.server, Way::With(&pair), RPC_TLS).await.expect("a handshake");
        assert_eq!(io.read_u8().await.map_err(|error| lab_wire::tls::go_text(&error)), Err("EOF".into()));
        let line = "[ERROR] TLS connection attempting to establish inner TLS connection: remote_addr=PROBER";
        assert_eq!(scene.said(mark), [line]);
    });
}

#[test]
fn an_older_tls_than_the_server_wants_is_refused() {
    simulate(async |world| {
        let scene = Scene::of(world, Some("tls_min_version = \"tls13\"")).await;
        let mark = scene.server.log.count();
        let pair = scene.authority.issue("client.global.nomad");
        let tls = scene.prober().tls().identity(pair.identity()).max_version(lab_wire::tls::Version::Tls12);
        let mut stream = scene.prober().connect(&scene.server, RPC).await.expect("a connection");
        stream.write_u8(RPC_TLS).await.expect("room");
        let refused = tls.connect(stream).await.expect_err("an old version");
        assert_eq!(refused.to_string(), "remote error: tls: protocol version not supported");
        let error = "error=\"tls: client offered only unsupported versions: [303]\"";
        assert_eq!(scene.said(mark), [format!("[WARN] failed TLS handshake: remote_addr=PROBER {error}")]);
    });
}

#[test]
fn other_keys_than_ecdsa_work_too() {
    simulate(async |world| {
        let scene = Scene::of(world, Some("")).await;
        let wish = Wish { kind: KeyKind::EcP384, ..Wish::of("client.global.nomad") };
        assert_eq!(scene.with(&scene.authority.grant(&wish)).await.0, "ok");
    });
}

#[test]
fn garbage_is_closed_with_a_line() {
    simulate(async |world| {
        let scene = Scene::of(world, None).await;
        for (bytes, line) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], "[ERROR] unrecognized RPC byte: byte=71"),
            (b"\x16\x03\x01\x02\x00", "[ERROR] unrecognized RPC byte: byte=22"),
            (b"\x00", "[ERROR] unrecognized RPC byte: byte=0"),
            (b"\x06GET / HTTP/1.1\r\n\r\n", "[ERROR] yamux: Invalid protocol version: 71"),
        ] {
            let mark = scene.server.log.count();
            assert_eq!(scene.prober().raw(&scene.server, RPC, bytes).await, "", "{bytes:?}");
            assert_eq!(scene.said(mark), [line]);
        }
        for bytes in [&b"\x01\xc1"[..], b"\x01\x81\xa1", b"\x01\xdf\xff\xff\xff\xff", b"\x01\x05\x05"] {
            let answer = scene.prober().raw(&scene.server, RPC, bytes).await;
            assert!(answer.is_empty() || answer == "nothing", "{bytes:?}: {answer}");
        }
        let unknown = scene.prober().call(&scene.server, Way::Plain, "Nobody.Home").await;
        assert!(unknown.starts_with("rpc: can't find "), "{unknown}");
        assert_eq!(scene.ping(Way::Plain).await, "ok");
    });
}

#[test]
fn a_connection_that_says_nothing_is_closed_after_five_seconds() {
    simulate(async |world| {
        let scene = Scene::of(world, Some("")).await;
        for first in [&b""[..], b"\x04", b"\x04\x16\x03"] {
            let (mark, start) = (scene.server.log.count(), scene.prober.clock.now());
            assert_eq!(scene.prober().raw(&scene.server, RPC, first).await, "", "{first:?}");
            assert_eq!((scene.prober.clock.now() - start).whole_seconds(), 5, "{first:?}");
            let said = scene.said(mark);
            assert!(said.len() == 1 && said[0].ends_with("i/o timeout\""), "{said:?}");
        }
    });
}

#[test]
fn an_address_has_a_hundred_connections_and_no_more() {
    simulate(async |world| {
        let scene = Scene::of(world, None).await;
        let mut open = Vec::new();
        for _ in 0..100 {
            let mut codec =
                Codec::new(scene.prober().open(&scene.server, Way::Plain, RPC_NOMAD).await.expect("room"));
            assert_eq!(call_on(&mut codec, "Status.Ping").await, "ok");
            open.push(codec);
        }
        let mark = scene.server.log.count();
        assert_eq!(scene.ping(Way::Plain).await, "EOF");
        let line =
            "[ERROR] rejecting client for exceeding maximum RPC connections: remote_addr=PROBER limit=100";
        assert_eq!(scene.said(mark), [line]);
        open.pop();
        scene.prober.clock.sleep(Duration::from_millis(10)).await;
        assert_eq!(scene.ping(Way::Plain).await, "ok");
    });
}

#[test]
fn streams_of_a_session_begin_with_a_byte_of_their_own() {
    simulate(async |world| {
        let scene = Scene::of(world, None).await;
        let (session, _tasks) = scene.prober().session(&scene.server, Way::Plain).await;
        let mut calls = session.open().expect("a stream");
        calls.write_u8(1).await.expect("room");
        assert_eq!(call_on(&mut Codec::new(calls), "Status.Ping").await, "ok");
        let mut streaming = session.open().expect("a stream");
        streaming.write_all(b"\x05\x81\xa6Method\xa5Bogus").await.expect("room");
        let mut answer = Vec::new();
        streaming.read_to_end(&mut answer).await.expect("an answer");
        assert!(String::from_utf8_lossy(&answer).contains("Unknown rpc method: \"Bogus\""), "{answer:?}");
        let mark = scene.server.log.count();
        let mut unknown = session.open().expect("a stream");
        unknown.write_u8(9).await.expect("room");
        session.closed().await;
        assert_eq!(scene.said(mark), ["[ERROR] multiplex_v2 unrecognized first RPC byte: byte=9"]);
    });
}
