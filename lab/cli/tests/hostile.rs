//! Hostile peers at the ports of the program that serves Nomad: whatever they send, its memory returns.

mod place;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lab_world::{Clock, Net, ProcessId, Stream};
use place::Place;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// By how much the program may be larger after many rounds than after one, in bytes.
const GROWTH: u64 = 12 << 20;
/// How large it may be at any time between rounds, in bytes.
const MOST: u64 = 160 << 20;
const ROUNDS: usize = 6;
const CONNECTIONS: usize = 500;

struct Server {
    child: Child,
    /// HTTP, RPC and gossip.
    ports: [u16; 3],
    net: Net,
    clock: Clock,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start(place: &Place) -> Self {
        let (net, clock) = (Net::loopback(), Clock::system());
        let free = net.free_ports(3).await.expect("free ports");
        let ports = [free[0], free[1], free[2]];
        let file = place.write(
            "s.hcl",
            &format!(
                "name = \"s\"\ndata_dir = \"{}/data\"\nbind_addr = \"127.0.0.1\"\nports {{\n http = {}\n rpc = {}\n \
                 serf = {}\n}}\nadvertise {{\n http = \"127.0.0.1\"\n rpc = \"127.0.0.1\"\n serf = \"127.0.0.1\"\n}}\n\
                 server {{\n enabled = true\n bootstrap_expect = 1\n}}\nlimits {{\n rpc_handshake_timeout = \"1s\"\n}}\n",
                place.path(),
                ports[0],
                ports[1],
                ports[2]
            ),
        );
        let child = Command::new(env!("CARGO_BIN_EXE_lab"))
            .args(["nomad", "agent", "-config", &file])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let server = Self { child, ports, net, clock };
        for _ in 0..100 {
            if server.leader().await.starts_with("HTTP/1.0 200") {
                return server;
            }
            server.clock.sleep(Duration::from_millis(200)).await;
        }
        panic!("it does not serve");
    }

    /// Who leads, as the HTTP port says it.
    async fn leader(&self) -> String {
        let asking = async {
            let mut stream = self.connect(0).await?;
            stream.write_all(b"GET /v1/status/leader HTTP/1.0\r\n\r\n").await.ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok()?;
            Some(answer)
        };
        self.clock.timeout(Duration::from_secs(5), asking).await.flatten().unwrap_or_default()
    }

    async fn connect(&self, port: usize) -> Option<Stream> {
        self.net.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[port]))).await.ok()
    }

    fn memory(&self) -> u64 {
        ProcessId::of(self.child.id()).memory()
    }

    /// Everything at once: many connections that stay half open, great claims, great messages, and noise.
    async fn harm(&self) {
        let mut held = Vec::new();
        for number in 0..CONNECTIONS {
            for port in 0..3 {
                let Some(mut stream) = self.connect(port).await else { continue };
                let begun: &[u8] = match (port, number % 3) {
                    (_, 0) => b"",
                    (0, _) => b"GET /v1/jobs HTTP/1.1\r\nHost: ",
                    (1, 1) => b"\x06\x00",
                    (1, _) => b"\x04\x16\x03\x01\x02\x00\x01",
                    _ => b"\x06\x83\xa5Nodes",
                };
                // It may be refused already, here and below.
                let _ = stream.write_all(begun).await;
                held.push(stream);
            }
        }
        drop(held);
        let block = vec![b'x'; 1 << 20];
        let heads: [(usize, &[u8]); 6] = [
            (0, b"PUT /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4294967295\r\n\r\n"),
            (1, b"\x01\xdb\xff\xff\xff\xff"),
            (1, b"\x01\xdb\x03\x00\x00\x00"),
            (1, b"\x06\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff"),
            (2, b"\x06\xdb\x03\x00\x00\x00"),
            (2, b"\x0a\x01\x00\x00\x00"),
        ];
        for (port, head) in heads {
            let Some(mut stream) = self.connect(port).await else { continue };
            let sending = async {
                stream.write_all(head).await.ok()?;
                for _ in 0..32 {
                    stream.write_all(&block).await.ok()?;
                }
                Some(())
            };
            self.clock.timeout(Duration::from_secs(5), sending).await;
        }
        let own = self.net.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port");
        let gossip = SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[2]));
        for number in 0..5_000_u32 {
            let length = 1 + usize::try_from(number).unwrap_or_default() % 1_400;
            let noise: Vec<u8> = (0..length).map(|i| ((i as u32 * 31) ^ number).to_le_bytes()[0]).collect();
            let _ = own.send(&noise, gossip).await;
        }
        // Handshakes run out, and what was closed is noticed.
        self.clock.sleep(Duration::from_secs(2)).await;
    }
}

#[test]
fn memory_returns_after_whatever_peers_send() {
    let place = Place::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
    runtime.block_on(async {
        let server = Server::start(&place).await;
        let idle = server.memory();
        let mut sizes = Vec::new();
        for round in 0..ROUNDS {
            server.harm().await;
            let answer = server.leader().await;
            assert!(answer.starts_with("HTTP/1.0 200"), "round {round}: {answer}");
            sizes.push(server.memory());
        }
        let shown = |size: &u64| format!("{:.1}", *size as f64 / f64::from(1 << 20));
        let told: Vec<String> = sizes.iter().map(shown).collect();
        eprintln!("resident in MiB: {} at first, then {}", shown(&idle), told.join(", "));
        assert!(idle > 0, "its size is known");
        let (first, last) = (sizes[0], sizes[ROUNDS - 1]);
        assert!(last <= first + GROWTH, "from {} to {} MiB", shown(&first), shown(&last));
        assert!(sizes.iter().all(|size| *size <= MOST), "{told:?}");
    });
}
