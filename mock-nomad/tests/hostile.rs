//! Whatever comes in at the ports of a server, others are served all the same, and nothing of it stays.

mod support;

use std::time::Duration;

use lab_wire::http::Client as HttpClient;
use lab_world::{Entropy, Host, Simulation, Stream};
use mock_nomad::Agent;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How many connections an address may have at either port.
const LIMIT: usize = 100;

struct Scene {
    server: Host,
    /// Who does harm.
    stranger: Host,
    /// Who only wants to be served.
    friend: Host,
    authority: Authority,
    _agent: Agent,
}

impl Scene {
    async fn of(world: &Simulation) -> Self {
        let server = world.host("server-1");
        configure(&server, &server_config(&server, &[], 1, ""));
        let agent = start(&server).await;
        server.clock.sleep(Duration::from_secs(10)).await;
        let (stranger, friend) = (world.host("stranger"), world.host("friend"));
        Self { server, stranger, friend, authority: Authority::new("Nomad Agent CA"), _agent: agent }
    }

    async fn connect(&self, port: u16) -> Stream {
        let address = (self.server.net.address(), port).into();
        self.stranger.net.connect(address).await.expect("a connection")
    }

    /// Both ports serve somebody else.
    async fn serves_others(&self, when: &str) {
        let prober = Prober { host: &self.friend, authority: &self.authority };
        assert_eq!(prober.call(&self.server, Way::Plain, "Status.Ping").await, "ok", "{when}");
        let client = HttpClient::new(&self.friend.net, &self.friend.clock);
        let answer = prober.get(&client, "http://server-1:4646/v1/regions").await;
        assert_eq!(answer, "200 [\"global\"]", "{when}");
    }
}

/// What comes back until the other end closes, or for a minute.
async fn answer(host: &Host, stream: &mut Stream) -> Option<String> {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    // A connection that is reset says nothing more.
    let _ = host.clock.timeout(Duration::from_secs(60), reading).await?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn five_hundred_connections_at_once() {
    simulate(async |world| {
        let scene = Scene::of(world).await;
        for port in [HTTP, RPC] {
            let mark = scene.server.log.count();
            let mut streams = Vec::new();
            for _ in 0..500 {
                let mut stream = scene.connect(port).await;
                // One that says nothing is served as well as one that talks; a byte keeps the RPC port from its timeout.
                if port == RPC {
                    stream.write_all(&[6]).await.expect("sent");
                }
                streams.push(stream);
            }
            scene.serves_others("while there are 500").await;
            let mut refused = 0;
            for stream in &mut streams[LIMIT..] {
                let told = answer(&scene.stranger, stream).await.expect("closed");
                match port {
                    HTTP => assert!(
                        told.starts_with("HTTP/1.1 429 Too Many Requests\r\n")
                            && told.ends_with(
                                "Your IP is issuing too many concurrent connections, please rate limit your calls\n"
                            ),
                        "{told}"
                    ),
                    _ => assert_eq!(told, ""),
                }
                refused += 1;
            }
            assert_eq!(refused, 400);
            if port == RPC {
                let said = lines(&scene.server, mark, "nomad.rpc");
                let refusals = said.iter().filter(|line| {
                    line.contains("rejecting client for exceeding maximum RPC connections")
                        && line.ends_with("limit=100")
                });
                assert_eq!(refusals.count(), 400);
            }
            drop(streams);
            scene.stranger.clock.sleep(Duration::from_secs(1)).await;
            // Everything was given back: as many fit again.
            let again: Vec<Stream> = {
                let mut again = Vec::new();
                for _ in 0..LIMIT {
                    again.push(scene.connect(port).await);
                }
                again
            };
            let mut one = again.into_iter().next_back().expect("a hundred");
            let waited = scene.stranger.clock.timeout(Duration::from_secs(1), one.read_u8()).await;
            assert!(waited.is_none(), "the hundredth is not refused: {waited:?}");
            scene.stranger.clock.sleep(Duration::from_secs(10)).await;
        }
        scene.serves_others("afterwards").await;
    });
}

#[test]
fn random_bytes_and_lengths_beyond_all_measure() {
    simulate(async |world| {
        let scene = Scene::of(world).await;
        let dice: Entropy = world.host("dice").entropy.branch("garbage");
        let mut inputs: Vec<Vec<u8>> = Vec::new();
        for length in [1_u64, 7, 64, 1000, 40_000] {
            for first in [1, 2, 3, 4, 5, 6, 0x80, 0xff] {
                let mut bytes = vec![first];
                bytes.extend((1..length).map(|_| u8::try_from(dice.below(256)).unwrap_or_default()));
                inputs.push(bytes);
            }
        }
        // A text of four gigabytes, a map of four billion fields, lists in lists without an end, a frame of yamux that
        // says it is the largest.
        inputs.push([&[1][..], b"\xdb\xff\xff\xff\xff", &[b'x'; 1000]].concat());
        inputs.push([&[1][..], b"\xdf\xff\xff\xff\xff"].concat());
        inputs.push([&[1][..], &[0x91; 100_000]].concat());
        inputs.push([&[6][..], b"\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff", &[0; 1000]].concat());
        inputs.push([&[5][..], b"\xdb\xff\xff\xff\xff"].concat());
        for (number, input) in inputs.iter().enumerate() {
            for port in [HTTP, RPC] {
                let mut stream = scene.connect(port).await;
                // It may be closed before all of it has gone.
                let _ = stream.write_all(input).await;
                let _ = stream.shutdown().await;
                assert!(
                    answer(&scene.stranger, &mut stream).await.is_some(),
                    "input {number} at {port} ends"
                );
            }
            if number % 8 == 0 {
                scene.serves_others("between garbage").await;
            }
        }
        scene.serves_others("after garbage").await;
    });
}

#[test]
fn slow_and_silent_ones_are_let_go() {
    simulate(async |world| {
        let scene = Scene::of(world).await;
        // Silence, half a greeting of TLS, and a call that never becomes whole.
        let mut silent = scene.connect(RPC).await;
        let begun = scene.stranger.clock.now();
        assert_eq!(answer(&scene.stranger, &mut silent).await.as_deref(), Some(""));
        assert_eq!((scene.stranger.clock.now() - begun).whole_seconds(), 5);
        let mut half = scene.connect(RPC).await;
        half.write_all(b"\x01\x83\xadServiceMethod").await.expect("sent");
        let mut slow = scene.connect(HTTP).await;
        slow.write_all(b"GET /v1/jobs HTTP/1.1\r\nHost: ").await.expect("sent");
        scene.serves_others("while others are slow").await;
        drop(half);
        slow.write_all(b"x\r\nConnection: close\r\n\r\n").await.expect("sent");
        let told = answer(&scene.stranger, &mut slow).await.expect("an answer");
        assert!(told.starts_with("HTTP/1.1 200 OK\r\n") && told.ends_with("[]"), "{told}");
        scene.serves_others("afterwards").await;
    });
}
