//! What both ends of a handshake say, for every way in which they can disagree, over simulated connections.

mod tls_support;

use lab_wire::tls::{ClientAuth, ServerVerify, TlsError, Version};
use lab_world::{Listener, Simulation};
use tls_support::{Authority, Leaf, OTHER_ROOT, ROOT, dial, shake, simulate, tls_client, tls_server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SERVER: &str = "server.global.nomad";

#[test]
fn good_certificates_on_both_ends_carry_bytes_both_ways() {
    simulate(async |world| {
        let (one, two) = shake(world, &tls_client(world), &tls_server(world)).await;
        let (mut one, mut two) = (one.expect("a client"), two.expect("a server"));
        one.write_all(b"ping").await.expect("open");
        one.flush().await.expect("open");
        let mut text = [0; 4];
        two.read_exact(&mut text).await.expect("open");
        two.write_all(b"pong").await.expect("open");
        two.shutdown().await.expect("open");
        let mut answer = String::new();
        one.read_to_string(&mut answer).await.expect("open");
        assert_eq!((&text, answer.as_str()), (b"ping", "pong"));
        assert_eq!(one.version(), Version::Tls13);
        assert_eq!(one.peer_certificates()[0].common_name(), SERVER);
        assert_eq!(two.peer_certificates()[0].common_name(), "client.global.nomad");
        assert_eq!((one.peer(), one.local()), (two.local(), two.peer()));
    });
}

/// A disagreement: what the client's handshake says, what the client then reads, and what the server's says.
struct Row {
    version: Version,
    client: Result<(), &'static str>,
    read: &'static str,
    server: &'static str,
}

async fn check(world: &Simulation, row: Row, client: Leaf, server: Leaf, verify: ServerVerify) {
    let mut dialler = tls_client(world).verify(verify).max_version(row.version);
    dialler.identity = client.identity().map(|identity| identity.into_provider());
    let mut listener = tls_server(world);
    listener.identity = server.identity().expect("a server shows something").into_provider();
    listener.check = Some(std::sync::Arc::new(|leaf| match leaf.common_name() {
        "cli.global.nomad" => Err("invalid role or region for certificate".to_owned()),
        _ => Ok(()),
    }));
    let (one, two) = shake(world, &dialler, &listener).await;
    let said = one.as_ref().map(drop).map_err(ToString::to_string);
    assert_eq!(said, row.client.map_err(str::to_owned), "the client, {:?}", row.version);
    assert_eq!(two.map(drop).map_err(|error| error.to_string()), Err(row.server.to_owned()));
    if let Ok(mut stream) = one {
        let read = stream.read_u8().await.expect_err("nothing comes");
        assert_eq!(lab_wire::tls::go_text(&read), row.read);
        assert_eq!(stream.read_u8().await.expect_err("nothing comes").to_string(), row.read, "it stays so");
    }
}

/// In TLS 1.3 the client has finished before the server refuses it; in TLS 1.2 it still waits.
async fn server_refuses(world: &Simulation, client: Leaf, alert: &'static str, server_says: &'static str) {
    let later = Row { version: Version::Tls13, client: Ok(()), read: alert, server: server_says };
    check(world, later, client.clone(), Leaf::server(), ServerVerify::Name(SERVER.into())).await;
    let at_once = Row { version: Version::Tls12, client: Err(alert), read: "", server: server_says };
    check(world, at_once, client, Leaf::server(), ServerVerify::Name(SERVER.into())).await;
}

async fn client_refuses(world: &Simulation, server: Leaf, client_says: &'static str) {
    for version in [Version::Tls13, Version::Tls12] {
        let row =
            Row { version, client: Err(client_says), read: "", server: "remote error: tls: bad certificate" };
        check(world, row, Leaf::client(), server.clone(), ServerVerify::Name(SERVER.into())).await;
    }
}

#[test]
fn a_client_of_another_authority_is_refused() {
    simulate(async |world| {
        server_refuses(
            world,
            Leaf::client().by(&OTHER_ROOT),
            "remote error: tls: unknown certificate authority",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        )
        .await;
    });
}

#[test]
fn a_client_of_an_authority_of_the_same_name_is_refused_with_a_hint() {
    let twin = Authority::new("nomad root", lab_pki::KeyKind::EcP256);
    simulate(async |world| {
        server_refuses(
            world,
            Leaf::client().by(&twin),
            "remote error: tls: unknown certificate authority",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \
             \"x509: ECDSA verification failure\" while trying to verify candidate authority certificate \"nomad root\")",
        )
        .await;
    });
}

#[test]
fn a_client_without_the_usage_is_refused() {
    simulate(async |world| {
        server_refuses(
            world,
            Leaf::client().only_for_servers(),
            "remote error: tls: bad certificate",
            "tls: failed to verify certificate: x509: certificate specifies an incompatible key usage",
        )
        .await;
    });
}

#[test]
fn a_client_out_of_time_is_refused() {
    simulate(async |world| {
        server_refuses(
            world,
            Leaf::client().valid(-20, -10),
            "remote error: tls: expired certificate",
            "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time \
             2026-01-05T09:00:00Z is after 2026-01-05T08:50:00Z",
        )
        .await;
    });
    simulate(async |world| {
        let early = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current \
                     time 2026-01-05T09:00:00Z is before 2026-01-05T09:10:00Z";
        let row = Row {
            version: Version::Tls13,
            client: Ok(()),
            read: "remote error: tls: expired certificate",
            server: early,
        };
        check(world, row, Leaf::client().valid(10, 20), Leaf::server(), ServerVerify::None).await;
    });
}

#[test]
fn a_client_of_the_wrong_role_is_refused() {
    simulate(async |world| {
        server_refuses(
            world,
            Leaf::named("cli.global.nomad"),
            "remote error: tls: bad certificate",
            "invalid role or region for certificate",
        )
        .await;
    });
}

#[test]
fn a_client_without_a_certificate_is_refused() {
    simulate(async |world| {
        let says = "tls: client didn't provide a certificate";
        let row = |version, client, read| Row { version, client, read, server: says };
        let later = row(Version::Tls13, Ok(()), "remote error: tls: certificate required");
        check(world, later, Leaf::nothing(), Leaf::server(), ServerVerify::ChainOnly).await;
        let at_once = row(Version::Tls12, Err("remote error: tls: handshake failure"), "");
        check(world, at_once, Leaf::nothing(), Leaf::server(), ServerVerify::ChainOnly).await;
    });
}

#[test]
fn a_server_of_another_authority_is_refused() {
    simulate(async |world| {
        client_refuses(
            world,
            Leaf::server().by(&OTHER_ROOT),
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        )
        .await;
    });
}

#[test]
fn a_server_of_another_name_is_refused() {
    simulate(async |world| {
        client_refuses(
            world,
            Leaf::named("client.global.nomad"),
            "tls: failed to verify certificate: x509: certificate is valid for client.global.nomad, localhost, not \
             server.global.nomad",
        )
        .await;
        client_refuses(
            world,
            Leaf::server().valid(-20, -10),
            "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time \
             2026-01-05T09:00:00Z is after 2026-01-05T08:50:00Z",
        )
        .await;
        client_refuses(
            world,
            Leaf::server().without_names(),
            "tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead",
        )
        .await;
    });
}

#[test]
fn a_client_that_checks_the_chain_afterwards_closes_in_peace() {
    simulate(async |world| {
        let client = tls_client(world).verify(ServerVerify::ChainOnly);
        let mut server = tls_server(world);
        let foreign = Leaf::server().by(&OTHER_ROOT).identity().expect("a pair");
        server.identity = foreign.into_provider();
        let (one, two) = shake(world, &client, &server).await;
        assert_eq!(
            one.map(drop).map_err(|error| error.to_string()),
            Err("x509: certificate signed by unknown authority".to_owned())
        );
        let mut two = two.expect("the server has seen nothing wrong");
        assert_eq!(two.read(&mut [0; 8]).await.expect("an end, not an error"), 0);
    });
}

#[test]
fn who_checks_nothing_accepts_anything() {
    simulate(async |world| {
        let client = tls_client(world).verify(ServerVerify::None);
        let mut server = tls_server(world);
        let worst = Leaf::named("x").by(&OTHER_ROOT).valid(-20, -10).identity().expect("a pair");
        server.identity = worst.into_provider();
        let (one, two) = shake(world, &client, &server).await;
        assert!(one.is_ok() && two.is_ok());
    });
}

#[test]
fn a_server_that_only_asks_takes_any_certificate_and_none() {
    simulate(async |world| {
        let mut server = tls_server(world);
        server.client_auth = ClientAuth::Request;
        let mut client = tls_client(world);
        let foreign = Leaf::client().by(&OTHER_ROOT).identity().expect("a pair");
        client.identity = Some(foreign.into_provider());
        let (_, two) = shake(world, &client, &server).await;
        assert_eq!(two.expect("accepted").peer_certificates().len(), 1);
        client.identity = None;
        let (_, two) = shake(world, &client, &server).await;
        assert!(two.expect("accepted").peer_certificates().is_empty());
    });
}

#[test]
fn versions_that_do_not_meet_are_refused_in_words() {
    simulate(async |world| {
        let mut server = tls_server(world);
        server.min_version = Version::Tls13;
        let client = tls_client(world).max_version(Version::Tls12);
        let (one, two) = shake(world, &client, &server).await;
        assert_eq!(
            two.expect_err("too old").to_string(),
            "tls: client offered only unsupported versions: [303]"
        );
        assert_eq!(
            one.expect_err("too old").to_string(),
            "remote error: tls: protocol version not supported"
        );
    });
}

#[test]
fn a_server_without_a_certificate_fails_every_handshake() {
    simulate(async |world| {
        let mut server = tls_server(world);
        server.identity = std::sync::Arc::new(|| None);
        let (one, two) = shake(world, &tls_client(world), &server).await;
        assert_eq!(two.expect_err("nothing to show"), TlsError::NoCertificates);
        assert_eq!(one.expect_err("refused").to_string(), "remote error: tls: internal error");
    });
}

#[test]
fn a_client_without_a_name_does_not_start() {
    simulate(async |world| {
        let client = tls_client(world).verify(ServerVerify::Name(String::new()));
        let (one, _) = shake(world, &client, &tls_server(world)).await;
        assert_eq!(
            one.expect_err("no name").to_string(),
            "tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config"
        );
    });
}

/// What a server says of a client that sends `bytes` and closes.
async fn server_reads(world: &Simulation, bytes: &[u8]) -> TlsError {
    let (mut stream, mut listener): (_, Listener) = dial(world).await;
    stream.write_all(bytes).await.expect("open");
    drop(stream);
    let accepted = listener.accept().await.expect("a connection");
    tls_server(world).accept(accepted).await.expect_err("no handshake")
}

/// What a client says of a server that sends `bytes` and closes.
async fn client_reads(world: &Simulation, bytes: &[u8]) -> TlsError {
    let (stream, mut listener) = dial(world).await;
    let mut accepted = listener.accept().await.expect("a connection");
    accepted.write_all(bytes).await.expect("open");
    drop(accepted);
    tls_client(world).connect(stream).await.expect_err("no handshake")
}

#[test]
fn what_is_not_tls_is_said_by_both_ends() {
    let not_tls = "tls: first record does not look like a TLS handshake";
    simulate(async |world| {
        let http = server_reads(world, b"GET /v1/agent/self HTTP/1.1\r\n\r\n").await;
        assert_eq!((http.to_string().as_str(), http.first_bytes()), (not_tls, Some(*b"GET /")));
        assert_eq!(server_reads(world, &[6, 0, 0, 0, 0, 0, 0]).await.to_string(), not_tls);
        assert_eq!(client_reads(world, b"HTTP/1.1 400 Bad Request\r\n").await.first_bytes(), Some(*b"HTTP/"));
        assert_eq!(client_reads(world, &[0; 12]).await.to_string(), not_tls);
        let old = server_reads(world, &[0x80, 0x2e, 1, 0, 2]).await;
        assert_eq!(old.to_string(), "tls: unsupported SSLv2 handshake received");
    });
}

#[test]
fn a_connection_that_ends_is_said_by_both_ends() {
    simulate(async |world| {
        assert_eq!(server_reads(world, b"").await.to_string(), "EOF");
        assert_eq!(server_reads(world, &[22, 3, 1]).await.to_string(), "unexpected EOF");
        assert_eq!(server_reads(world, &[22, 3, 1, 0, 9, 1]).await.to_string(), "unexpected EOF");
        assert_eq!(client_reads(world, b"").await.to_string(), "EOF");
        let alert = client_reads(world, &[21, 3, 3, 0, 2, 2, 80]).await;
        assert_eq!(alert.to_string(), "remote error: tls: internal error");
    });
}

#[test]
fn a_reset_is_said_with_both_addresses() {
    simulate(async |world| {
        let (one, two) = shake(world, &tls_client(world), &tls_server(world)).await;
        let (mut one, _two) = (one.expect("a client"), two.expect("a server"));
        world.reset("one", "two");
        let error = one.read_u8().await.expect_err("reset");
        let text = format!("read tcp {}->{}: read: connection reset by peer", one.local(), one.peer());
        assert_eq!(lab_wire::tls::go_text(&error), text);
        let fault = lab_world::WireFault::of(&error);
        assert_eq!(fault, Some(lab_world::WireFault::Reset));
    });
}

#[test]
fn every_kind_of_key_shakes_hands() {
    use lab_pki::KeyKind;
    for kind in [KeyKind::EcP256, KeyKind::EcP384, KeyKind::EcP521, KeyKind::Ed25519, KeyKind::Rsa2048] {
        simulate(async |world| {
            let root = Authority::new("root", kind);
            for version in [Version::Tls12, Version::Tls13] {
                let mut client = tls_client(world).roots(vec![root.certificate()]).max_version(version);
                let leaf = Leaf::client().by(&root).with(kind).identity().expect("a pair");
                client.identity = Some(leaf.into_provider());
                let mut server = tls_server(world);
                server.client_auth = ClientAuth::Require { roots: [root.certificate()].into() };
                server.identity =
                    Leaf::server().by(&root).with(kind).identity().expect("a pair").into_provider();
                let (one, two) = shake(world, &client, &server).await;
                assert_eq!(one.map(|stream| stream.version()), Ok(version), "{kind:?}");
                assert!(two.is_ok(), "{kind:?}");
            }
        });
    }
}

#[test]
fn nothing_is_resumed() {
    simulate(async |world| {
        let (client, mut server) = (tls_client(world), tls_server(world));
        let (one, two) = shake(world, &client, &server).await;
        assert!(one.is_ok() && two.is_ok());
        server.client_auth = ClientAuth::Require { roots: [OTHER_ROOT.certificate()].into() };
        let (_, two) = shake(world, &client, &server).await;
        assert!(matches!(two, Err(TlsError::Verify(_))), "the second handshake is judged anew");
    });
}

#[test]
fn a_new_identity_is_shown_by_the_next_handshake() {
    simulate(async |world| {
        let shown = std::sync::Arc::new(std::sync::Mutex::new(Leaf::server().identity()));
        let mut server = tls_server(world);
        server.identity = {
            let shown = std::sync::Arc::clone(&shown);
            std::sync::Arc::new(move || shown.lock().expect("no panic").clone())
        };
        let serial = async |world: &Simulation| {
            let (one, _) = shake(world, &tls_client(world), &server).await;
            one.expect("a client").peer_certificates()[0].serial()
        };
        let first = serial(world).await;
        assert_eq!(serial(world).await, first);
        *shown.lock().expect("no panic") = Leaf::server().identity();
        assert_ne!(serial(world).await, first);
    });
}

#[test]
fn certificates_between_are_used() {
    simulate(async |world| {
        let between = ROOT.below("nomad intermediate");
        let mut client = tls_client(world);
        client.identity = Some(Leaf::client().by(&between).identity().expect("a pair").into_provider());
        let (one, two) = shake(world, &client, &tls_server(world)).await;
        assert!(one.is_ok());
        assert_eq!(two.expect("accepted").peer_certificates().len(), 2);
    });
}

#[test]
fn broken_greetings_end_in_words() {
    let greeting = simulate(async |world| {
        let (stream, mut listener) = dial(world).await;
        let mut accepted = listener.accept().await.expect("a connection");
        let client = tls_client(world);
        let mut bytes = vec![0; 4096];
        let (_, read) = tokio::join!(biased; client.connect(stream), async {
            let read = accepted.read(&mut bytes).await.expect("open");
            drop(accepted);
            read
        });
        bytes.truncate(read);
        bytes
    });
    simulate(async |world| {
        for at in 0..greeting.len() {
            let mut changed = greeting.clone();
            changed[at] ^= 0x55;
            let said = server_reads(world, &changed).await.to_string();
            assert!(!said.is_empty(), "byte {at}");
            let said = server_reads(world, &greeting[..at]).await.to_string();
            assert_eq!(said, if at == 0 { "EOF" } else { "unexpected EOF" });
        }
    });
}

#[test]
fn keys_that_everybody_has_are_refused_outside_a_simulation() {
    use lab_pki::{CertificateBuilder, KeyKind, KeySource, Name};
    use lab_wire::tls::{Identity, ServerTls};
    use lab_world::{Clock, DEFAULT_EPOCH, Entropy, Net};

    let key = KeySource::simulated(&Entropy::seeded(1)).key(KeyKind::Rsa2048).expect("a key");
    let builder = CertificateBuilder::new(Name::common("x"), DEFAULT_EPOCH, DEFAULT_EPOCH);
    let certificate = builder.self_sign(&key).expect("a certificate");
    // Even after a walk through files.
    let identity = Identity::from_pem(&certificate.to_pem(), &key.to_pem()).expect("a pair");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (clock, net) = (Clock::system(), Net::loopback());
        let mut listener = net.listen("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
        let near = net.connect(listener.address()).await.expect("a connection");
        let far = listener.accept().await.expect("a connection");
        let text =
            "the keys of the simulator's pool are public and must not be used outside a simulated network";
        let server = ServerTls::new(&clock, identity.clone().into_provider());
        assert_eq!(server.accept(far).await.expect_err("refused").to_string(), text);
        let client = lab_wire::tls::ClientTls::new(&clock).verify(ServerVerify::None).identity(identity);
        assert_eq!(client.connect(near).await.expect_err("refused").to_string(), text);
    });
}
