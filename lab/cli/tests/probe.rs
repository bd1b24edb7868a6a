//! `lab probe` against an agent in the states of a migration: the mock, and the real Nomad where there is one.
//!
//! For the real program set `LAB_NOMAD_BIN` to its path. Without it only the mock is asked, and the test says so.

#[allow(dead_code, reason = "the test of the agents themselves uses the rest")]
#[path = "../../../tests/tests/real_nomad_support/mod.rs"]
mod real_nomad_support;

use std::net::Ipv4Addr;
use std::process::{Command, Output};
use std::time::Duration;

use mock_nomad::{Agent, Options};
use real_nomad_support::{Certificates, Ports, Probe, RealNomad, Workspace, config};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What the `tls` block says, whether the certificate is renewed and the agent restarted, what the RPC port then is, and
/// the exit status with the agent's own configuration.
type State = (&'static str, Option<&'static str>, bool, bool, &'static str, i32);

const STATES: [State; 6] = [
    ("plaintext", None, false, false, "plaintext", 10),
    (
        "upgrade",
        Some("verify_server_hostname = true\nverify_https_client = true\nrpc_upgrade_mode = true"),
        false,
        false,
        "upgrade",
        12,
    ),
    // What TLS005 says: a reload that changes nothing else closes nothing.
    (
        "flag flipped alone",
        Some("verify_server_hostname = true\nverify_https_client = true"),
        false,
        false,
        "upgrade",
        12,
    ),
    (
        "flag flipped with a new certificate",
        Some("verify_server_hostname = true\nverify_https_client = true"),
        true,
        false,
        "strict",
        0,
    ),
    (
        "restarted",
        Some("verify_server_hostname = true\nverify_https_client = true"),
        false,
        true,
        "strict",
        0,
    ),
    ("downgraded", None, false, false, "plaintext", 10),
];

/// Runs the program while this runtime goes on serving.
async fn lab(arguments: &[&str]) -> Output {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let run = move || Command::new(env!("CARGO_BIN_EXE_lab")).arg("probe").args(arguments).output();
    tokio::task::spawn_blocking(run).await.expect("no panic").expect("it runs")
}

#[tokio::test]
async fn the_mock_in_every_state() {
    let place = Workspace::new("probe-mock");
    let (certificates, ports) = (Certificates::new(), Ports::free(&place.host).await);
    let mut agent: Option<Agent> = None;
    for (state, tls, renew, restart, wanted, exit) in STATES {
        prepare(&certificates, &place, ports, tls, renew);
        match &mut agent {
            Some(agent) if !restart => agent.reload().await,
            _ => {
                drop(agent.take());
                let paths = [place.path("s.hcl")];
                agent = Some(Agent::start(&place.host, &paths, Options::default()).await.expect("it starts"));
            }
        }
        judge(state, &place, &certificates, ports, wanted, exit).await;
    }
}

#[tokio::test]
async fn the_real_program_in_every_state() {
    let Some(binary) = std::env::var_os("LAB_NOMAD_BIN") else {
        eprintln!("skipped: set LAB_NOMAD_BIN to the path of a real nomad to probe it");
        return;
    };
    let place = Workspace::new("probe-real");
    let (certificates, ports) = (Certificates::new(), Ports::free(&place.host).await);
    let mut agent: Option<RealNomad> = None;
    for (state, tls, renew, restart, wanted, exit) in STATES {
        prepare(&certificates, &place, ports, tls, renew);
        match &agent {
            Some(agent) if !restart => agent.hangup(),
            _ => {
                drop(agent.take());
                agent = Some(RealNomad::start(&binary, &place));
            }
        }
        judge(state, &place, &certificates, ports, wanted, exit).await;
    }
}

fn prepare(certificates: &Certificates, place: &Workspace, ports: Ports, tls: Option<&str>, renew: bool) {
    if renew || !place.path("cert.pem").exists() {
        certificates.install(place);
        certificates.write_client(place);
    }
    place.write("s.hcl", &config(place, ports, tls));
}

async fn judge(
    state: &str,
    place: &Workspace,
    certificates: &Certificates,
    ports: Ports,
    wanted: &str,
    exit: i32,
) {
    Probe { place, certificates, ports }.settle().await;
    place.host.clock.sleep(Duration::from_secs(3)).await;
    let file = |name: &str| place.path(name).display().to_string();
    let (certificate, key, own) = (file("client.pem"), file("client-key.pem"), file("s.hcl"));
    let rpc = format!("127.0.0.1:{}", ports.rpc);
    let shown = ["--cert", &certificate, "--key", &key, "--format", "json"];
    let asked = lab(&[&["--rpc", &rpc], &shown[..]].concat()).await;
    let text = String::from_utf8_lossy(&asked.stdout).into_owned();
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document[0]["state"], wanted, "{state}: {text}");
    for expect in ["plaintext", "upgrade", "strict"] {
        let status = lab(&["--rpc", &rpc, "--expect", expect]).await.status.code();
        assert_eq!(status, Some(if expect == wanted { 0 } else { 12 }), "{state} is not {expect}");
    }
    document_state(&said(&lab(&["--rpc", &rpc]).await), ports, state);
    let own = lab(&[&["--config", &own], &shown[..]].concat()).await;
    let text = String::from_utf8_lossy(&own.stdout).into_owned();
    assert_eq!(own.status.code(), Some(exit), "{state}: {text} {}", String::from_utf8_lossy(&own.stderr));
    assert!(text.contains("\"port\": \"http\""), "{state}: {text}");
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The page of the documentation shows these lines too. How a connection is closed and how long a certificate lives
/// differ from run to run.
fn document_state(printed: &str, ports: Ports, state: &str) {
    let printed = printed.replace(&ports.rpc.to_string(), "4647");
    let page = include_str!("../../../docs/checking.md");
    let stable = printed
        .lines()
        .filter(|line| !line.contains("plaintext      refused") && !line.contains("  serves "));
    for line in stable.filter(|line| !line.contains("TLS            refused")) {
        // Why a connection ended depends on who was quicker.
        let verdict = line.find(": refused").map_or(line, |at| &line[..at + ": refused".len()]);
        assert!(page.contains(verdict), "{state}: docs/checking.md does not show: {verdict}\n{printed}");
    }
}

#[tokio::test]
async fn ports_that_are_none_of_nomads() {
    let place = Workspace::new("probe-garbage");
    let mut garbage = place.host.net.listen((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a port");
    let silent = place.host.net.listen((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a port");
    let address = garbage.address().to_string();
    let tasks = lab_world::Tasks::new();
    tasks.spawn(async move {
        while let Ok(mut stream) = garbage.accept().await {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.7\r\n\x00\x01\xff garbage").await;
        }
    });
    let mut web = place.host.net.listen((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a port");
    let other = web.address().to_string();
    tasks.spawn(async move {
        while let Ok(mut stream) = web.accept().await {
            let answer =
                "HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\nConnection: close\r\n\r\nnothing here";
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let began = place.host.clock.now();
    for (arguments, wanted) in [
        (vec!["--rpc", &address], "not Nomad"),
        (vec![address.as_str()], "not Nomad"),
        (vec!["--http", &address], "not Nomad"),
        (vec!["--http", &other], "not Nomad's HTTP API: to GET /v1/status/leader it says 404 nothing here"),
        (vec!["--rpc", &silent.address().to_string()], "i/o timeout"),
        (vec!["127.0.0.1:1"], "connection refused"),
        (vec!["[::1]:1"], "connect"),
        (vec!["no-such-host.invalid:4647"], "no such host"),
    ] {
        let before = place.host.clock.now();
        let asked = lab(&arguments).await;
        let said = String::from_utf8_lossy(&asked.stdout).into_owned();
        let took = place.host.clock.now() - before;
        assert!(took < time::Duration::seconds(10), "{arguments:?} took {took}");
        assert!(said.contains(wanted) || arguments[0].contains("invalid"), "{arguments:?}: {said}");
        assert_eq!(asked.status.code(), Some(1), "{arguments:?}: {said}");
    }
    assert!(place.host.clock.now() > began);
    assert_eq!(lab(&["a:b"]).await.status.code(), Some(2));
}
