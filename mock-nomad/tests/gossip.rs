//! What goes over the wire between servers, and their keys.

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lab_wire::http::Client;
use lab_world::{Host, Simulation, Tasks};
use mock_nomad::Agent;
use serde_json::{Value, json};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const KEY: &str = "cg8StVXbQJ0gPvMd9o7yrg==";

fn encrypted(key: &str) -> String {
    format!("server {{\n encrypt = \"{key}\"\n}}\n")
}

fn key(byte: u8, size: usize) -> String {
    STANDARD.encode(vec![byte; size])
}

async fn servers(world: &Simulation, count: usize, extra: &str) -> Vec<Agent> {
    let names = ["server-1", "server-2", "server-3"];
    let mut agents = Vec::new();
    for name in &names[..count] {
        let host = world.host(name);
        configure(&host, &server_config(&host, &names[..count], count, extra));
        agents.push(start(&host).await);
    }
    world.clock().sleep(Duration::from_secs(60)).await;
    agents
}

async fn ask(world: &Simulation, server: &str, method: &str, path: &str, body: Value) -> (u16, String) {
    let host = world.host(server);
    let url = format!("http://{}:4646{path}", host.net.address());
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = http::Request::builder().method(method).uri(url).body(body.into()).expect("a request");
    let client = Client::new(&host.net, &host.clock).timeout(Duration::from_secs(60));
    let response = client.send(request).await.expect("an answer");
    (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
}

async fn keys(world: &Simulation, server: &str) -> Value {
    let (code, text) = ask(world, server, "GET", "/v1/agent/keyring/list", Value::Null).await;
    assert_eq!(code, 200, "{text}");
    serde_json::from_str::<Value>(&text).expect("JSON")["Keys"].clone()
}

fn file(world: &Simulation, server: &str) -> String {
    let file = "/opt/nomad/data/server/serf.keyring";
    world.host(server).disk.read_to_string(file).expect("a keyring")
}

/// Stands between the first server and the second, and keeps what passes.
async fn tap(host: &Host, second: SocketAddr, tasks: &Tasks) -> Arc<Mutex<Vec<Vec<u8>>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let own = SocketAddr::new(host.net.address(), 4648);
    let socket = host.net.bind(own).await.expect("a free port");
    let mut listener = host.net.listen(own).await.expect("a free port");
    let keep = Arc::clone(&seen);
    tasks.spawn(async move {
        while let Ok((bytes, _)) = socket.receive().await {
            socket.send(&bytes, second).await.expect("sent");
            keep.lock().expect("no panic").push(bytes);
        }
    });
    let (net, keep, scope) = (host.net.clone(), Arc::clone(&seen), tasks.clone());
    tasks.spawn(async move {
        while let Ok(near) = listener.accept().await {
            let far = net.connect(second).await.expect("a connection");
            let (mut near_read, mut near_write) = tokio::io::split(near);
            let (mut far_read, mut far_write) = tokio::io::split(far);
            let (there, back) = (Arc::clone(&keep), Arc::clone(&keep));
            scope.spawn(async move { pass(&mut near_read, &mut far_write, &there).await });
            scope.spawn(async move { pass(&mut far_read, &mut near_write, &back).await });
        }
    });
    seen
}

async fn pass(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    seen: &Mutex<Vec<Vec<u8>>>,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        seen.lock().expect("no panic").push(buffer[..count].to_vec());
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Everything that passes between two servers within two minutes.
fn captured(extra: &str) -> Vec<Vec<u8>> {
    simulate(async |world| {
        let (first, second, between) =
            (world.host("server-1"), world.host("server-2"), world.host("between"));
        let tasks = Tasks::new();
        let seen = tap(&between, SocketAddr::new(second.net.address(), 4648), &tasks).await;
        configure(&first, &server_config(&first, &["between"], 2, extra));
        let advertised = format!("{extra}advertise {{\n serf = \"{}:4648\"\n}}\n", between.net.address());
        configure(&second, &server_config(&second, &["server-1"], 2, &advertised));
        let _agents = [start(&first).await, start(&second).await];
        world.clock().sleep(Duration::from_secs(120)).await;
        let (_, members) = ask(world, "server-1", "GET", "/v1/agent/members", Value::Null).await;
        assert_eq!(members.matches("\"Status\":\"alive\"").count(), 2, "{members}");
        std::mem::take(&mut *seen.lock().expect("no panic"))
    })
}

fn shows(packets: &[Vec<u8>], text: &str) -> bool {
    packets.iter().any(|packet| packet.windows(text.len()).any(|part| part == text.as_bytes()))
}

#[test]
fn a_capture_of_encrypted_gossip_shows_nothing() {
    let texts = ["server-1", "global", "nomad", "SeqNo", "Incarnation", "StatusLTimes"];
    let plain = captured("");
    for text in texts {
        assert!(shows(&plain, text), "{text} in plain");
    }
    for size in [16, 24, 32] {
        let packets = captured(&encrypted(&key(9, size)));
        assert!(packets.len() > 30, "{}", packets.len());
        for text in texts {
            assert!(!shows(&packets, text), "{text}");
        }
        // Datagrams begin with the version of the encryption, connections with the kind of the frame.
        assert!(packets.iter().all(|packet| matches!(packet[0], 1 | 10)));
        assert!(packets.iter().any(|packet| packet[0] == 1) && packets.iter().any(|packet| packet[0] == 10));
    }
}

#[test]
fn keys_are_changed_on_all_servers_while_they_run() {
    simulate(async |world| {
        let _agents = servers(world, 3, &encrypted(KEY)).await;
        let other = key(7, 32);
        let change = async |verb: &str, key: &str| {
            ask(world, "server-2", "PUT", &format!("/v1/agent/keyring/{verb}"), json!({"Key": key})).await
        };
        let done = (200, "{\"Keys\":{},\"Messages\":{},\"NumNodes\":3}".to_owned());
        assert_eq!(keys(world, "server-1").await, json!({KEY: 3}));
        let failed = (500, "3/3 nodes reported failure".to_owned());
        assert_eq!(change("use", &other).await, failed);
        assert_eq!(change("install", &other).await, done);
        assert_eq!(keys(world, "server-3").await, json!({KEY: 3, &other: 3}));
        assert_eq!(change("remove", KEY).await, failed, "it encrypts");
        assert_eq!(change("use", &other).await, done);
        assert_eq!(change("remove", KEY).await, done);
        for server in ["server-1", "server-2", "server-3"] {
            assert_eq!(keys(world, server).await, json!({&other: 3}));
            assert_eq!(file(world, server), format!("[\n  \"{other}\"\n]"));
        }
        let (_, members) = ask(world, "server-1", "GET", "/v1/agent/members", Value::Null).await;
        assert_eq!(members.matches("\"Status\":\"alive\"").count(), 3);
    });
}

#[test]
fn a_changed_key_is_there_after_a_restart_whatever_the_configuration_says() {
    simulate(async |world| {
        let agents = servers(world, 2, &encrypted(KEY)).await;
        let other = key(7, 24);
        for verb in ["install", "use"] {
            let path = format!("/v1/agent/keyring/{verb}");
            ask(world, "server-1", "PUT", &path, json!({"Key": &other})).await;
        }
        drop(agents);
        let _agents = servers(world, 2, &encrypted(KEY)).await;
        assert_eq!(keys(world, "server-1").await, json!({KEY: 2, &other: 2}));
        assert_eq!(file(world, "server-2"), format!("[\n  \"{other}\",\n  \"{KEY}\"\n]"));
    });
}

#[test]
fn bad_keys_and_missing_encryption_are_told() {
    simulate(async |world| {
        let _agents = servers(world, 1, "").await;
        let change =
            async |body: Value| ask(world, "server-1", "PUT", "/v1/agent/keyring/install", body).await;
        assert_eq!(change(Value::Null).await, (400, "Request body is empty".into()));
        assert_eq!(change(json!({"Key": "***"})).await, (500, "illegal base64 data at input byte 0".into()));
        assert_eq!(change(json!({"Key": KEY})).await, (500, "1/1 nodes reported failure".into()));
        let list = ask(world, "server-1", "GET", "/v1/agent/keyring/list", Value::Null).await;
        assert_eq!(list, (500, "1/1 nodes reported failure".into()));
        assert!(world.host("server-1").log.contains("serf: No keyring to modify (encryption not enabled)"));
    });
}

#[test]
fn garbage_at_the_gossip_port_is_told_and_does_no_harm() {
    simulate(async |world| {
        let _agents = servers(world, 2, "").await;
        let (host, own) = (world.host("noise"), world.host("server-1"));
        let target = SocketAddr::new(own.net.address(), 4648);
        let socket = host.net.bind(SocketAddr::new(host.net.address(), 9)).await.expect("a free port");
        for kind in 0..=u8::MAX {
            for body in [&[][..], &[0xc1], &[0x81, 0xa1, b'x', 0xc0], &[0xff; 1_300]] {
                socket.send(&[&[kind], body].concat(), target).await.expect("sent");
                let mut stream = host.net.connect(target).await.expect("a connection");
                // It may be closed before everything is written.
                let _ = stream.write_all(&[&[kind], body].concat()).await;
            }
        }
        world.clock().sleep(Duration::from_secs(60)).await;
        assert!(own.log.contains("memberlist: msg type (99) not supported from=10.0.0."));
        assert!(own.log.contains("memberlist: Received invalid msgType (99) from=10.0.0."));
        let (_, members) = ask(world, "server-1", "GET", "/v1/agent/members", Value::Null).await;
        assert_eq!(members.matches("\"Status\":\"alive\"").count(), 2, "{members}");
    });
}
