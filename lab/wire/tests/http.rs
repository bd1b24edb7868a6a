//! HTTP between the crate's client and server, and between the server and bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use lab_wire::http::{Client, ClientError, Handler, Options, Peer, Response, handler, serve_connection};
use lab_world::{DEFAULT_EPOCH, Host, Simulation, Tasks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PORT: u16 = 8200;

/// Serves `answer` on the host's port; counts connections.
async fn serve(host: &Host, options: Options, answer: Handler) -> (Tasks, Arc<AtomicUsize>) {
    let mut listener = host.net.listen(SocketAddr::new(host.net.address(), PORT)).await.expect("a free port");
    let (tasks, connections) = (Tasks::new(), Arc::new(AtomicUsize::new(0)));
    let (inner, clock, counter) = (tasks.clone(), host.clock.clone(), Arc::clone(&connections));
    // Only the spawned task's own scope is captured weakly enough: the caller's `Tasks` ends it.
    let scope = Tasks::new();
    inner.spawn(async move {
        while let Ok(stream) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let (peer, clock, answer) = (Peer::plain(stream.peer()), clock.clone(), Handler::clone(&answer));
            scope.spawn(async move {
                let _ = serve_connection(stream, peer, answer, &clock, options).await;
            });
        }
    });
    (tasks, connections)
}

fn echo() -> Handler {
    handler(async |request: lab_wire::http::Request, peer: Peer| {
        assert!(!peer.tls);
        let text =
            format!("{} {} {}", request.method(), request.uri(), String::from_utf8_lossy(request.body()));
        Response::new(Bytes::from(text))
    })
}

fn request(method: Method, url: &str, body: &str) -> lab_wire::http::Request {
    http::Request::builder()
        .method(method)
        .uri(url)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .expect("a request")
}

/// Sends bytes to the port and gives what comes back until the end.
async fn raw(host: &Host, server: &Host, bytes: &[u8]) -> String {
    let mut stream =
        host.net.connect(SocketAddr::new(server.net.address(), PORT)).await.expect("a connection");
    stream.write_all(bytes).await.expect("room");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn requests_share_a_connection_and_carry_the_simulated_date() {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let (server, host) = (world.host("server"), world.host("client"));
        let (_tasks, connections) = serve(&server, Options::default(), echo()).await;
        let client = Client::new(&host.net, &host.clock);
        for number in 0..3 {
            let response = client
                .send(request(Method::PUT, "http://server:8200/v1/x?a=b", "body"))
                .await
                .expect("an answer");
            assert_eq!(response.body(), "PUT /v1/x?a=b body", "{number}");
            assert_eq!(response.headers()["date"], "Mon, 05 Jan 2026 09:00:00 GMT");
        }
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_connection_that_went_stale_is_dialled_again() {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let (server, host) = (world.host("server"), world.host("client"));
        let (tasks, _) = serve(&server, Options::default(), echo()).await;
        let client = Client::new(&host.net, &host.clock);
        client.send(request(Method::GET, "http://server:8200/", "")).await.expect("an answer");
        drop(tasks);
        host.clock.sleep(Duration::from_millis(5)).await;
        let (_tasks, connections) = serve(&server, Options::default(), echo()).await;
        client
            .send(request(Method::GET, "http://server:8200/", ""))
            .await
            .expect("an answer over a new connection");
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn failures_read_as_go_prints_them() {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let (server, host) = (world.host("server"), world.host("client"));
        let client = Client::new(&host.net, &host.clock);
        let send =
            async |url: &str| client.send(request(Method::GET, url, "")).await.expect_err(url).to_string();
        assert_eq!(send("http://server:8200/").await, "dial tcp 10.0.0.1:8200: connect: connection refused");
        assert_eq!(send("http://nobody:8200/").await, "dial tcp: lookup nobody: no such host");
        assert_eq!(send("ftp://server/").await, "unsupported protocol scheme \"ftp\"");
        let tasks = Tasks::new();
        let mut listener =
            server.net.listen(SocketAddr::new(server.net.address(), PORT)).await.expect("a free port");
        tasks.spawn(async move {
            for answer in [
                &b""[..],
                b"\x15\x03\x01\0\x02\x02\x46",
                b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            ] {
                let mut stream = listener.accept().await.expect("a connection");
                let mut request = [0; 16];
                stream.read_exact(&mut request).await.expect("a request");
                stream.write_all(answer).await.expect("room");
            }
        });
        assert_eq!(send("http://server:8200/").await, "EOF");
        assert_eq!(
            send("http://server:8200/").await,
            "net/http: HTTP/1.x transport connection broken: malformed HTTP response \"\\x15\\x03\\x01\\x00\\x02\\x02F\""
        );
        assert_eq!(send("http://server:8200/").await, "unexpected EOF");
    });
}

#[test]
fn a_server_that_says_nothing_is_left_after_the_limit() {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let (server, host) = (world.host("server"), world.host("client"));
        let never = handler(async |_, _| std::future::pending().await);
        let (_tasks, _) = serve(&server, Options::default(), never).await;
        let client = Client::new(&host.net, &host.clock).timeout(Duration::from_secs(60));
        let error = client.send(request(Method::GET, "http://server:8200/", "")).await.expect_err("a limit");
        assert_eq!(error, ClientError::TimedOut);
        assert_eq!(
            error.to_string(),
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        );
        assert_eq!(host.clock.now(), DEFAULT_EPOCH + Duration::from_secs(60));
    });
}

#[test]
fn what_is_not_http_is_answered_as_go_does() {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let (server, host) = (world.host("server"), world.host("client"));
        let (_tasks, _) = serve(&server, Options::default(), echo()).await;
        let bad = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request";
        for bytes in [
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
            b"\x04\x06\x01garbage\r\n\r\n",
            b"GET\r\n\r\n",
        ] {
            assert_eq!(raw(&host, &server, bytes).await, bad, "{bytes:?}");
        }
        let without_host = raw(&host, &server, b"GET / HTTP/1.1\r\n\r\n").await;
        assert!(without_host.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{without_host}");
        assert!(without_host.ends_with("400 Bad Request: missing required Host header"), "{without_host}");
        let mut long = b"GET / HTTP/1.1\r\nHost: x\r\n".to_vec();
        long.extend(
            std::iter::repeat_n(b"X-Long: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", 200).flatten(),
        );
        assert!(
            raw(&host, &server, &long).await.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n")
        );
        let good = raw(&host, &server, b"GET /x HTTP/1.0\r\n\r\n").await;
        assert!(good.starts_with("HTTP/1.0 200 OK\r\n") && good.ends_with("GET /x "), "{good}");
    });
}

#[test]
fn bodies_and_heads_have_limits() {
    Simulation::run(1, DEFAULT_EPOCH, async |world| {
        let (server, host) = (world.host("server"), world.host("client"));
        let options = Options {
            max_body: 100,
            header_timeout: Some(Duration::from_secs(10)),
            body_timeout: Some(Duration::from_secs(30)),
        };
        let (_tasks, _) = serve(&server, options, echo()).await;
        let client = Client::new(&host.net, &host.clock);
        let response = client
            .send(request(Method::PUT, "http://server:8200/", &"x".repeat(101)))
            .await
            .expect("an answer");
        assert_eq!(
            (response.status(), &response.body()[..]),
            (StatusCode::PAYLOAD_TOO_LARGE, &b"http: request body too large"[..])
        );
        let start = host.clock.now();
        assert_eq!(raw(&host, &server, b"GET / HTTP/1.1\r\nHost:").await, "");
        assert_eq!((host.clock.now() - start).whole_seconds(), 10, "a head that never ends");
        let start = host.clock.now();
        let answer =
            raw(&host, &server, b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf").await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert_eq!((host.clock.now() - start).whole_seconds(), 30, "a body that never ends");
    });
}
