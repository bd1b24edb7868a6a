//! A real Nomad client with a mock server, and a mock client with a real server: they understand each other.
//!
//! Needs the real program: set `LAB_NOMAD_BIN` to its path. Skipped without it, and says so.

#[allow(dead_code, reason = "shared with the comparison of ports")]
mod real_nomad_support;

use std::ffi::OsString;
use std::time::Duration;

use bytes::Bytes;
use lab_wire::http::Client;
use mock_nomad::{Agent, Options};
use real_nomad_support::{Ports, RealNomad, Workspace, pair};

const JOB: &str = r#"{"Job": {"ID": "app", "Name": "app", "Type": "service", "Datacenters": ["dc1"], "TaskGroups": [
    {"Name": "g", "Count": 2, "Tasks": [{"Name": "t", "Driver": "raw_exec",
     "Config": {"command": "/bin/sleep", "args": ["90"]}, "Resources": {"CPU": 50, "MemoryMB": 20}}]}]}}"#;

fn binary() -> Option<OsString> {
    let binary = std::env::var_os("LAB_NOMAD_BIN");
    if binary.is_none() {
        eprintln!("skipped: set LAB_NOMAD_BIN to the path of a real nomad to pair the mock with it");
    }
    binary
}

/// Runs a job on the pair: what stands in the way of a ready node and two running allocations, if anything.
async fn works(place: &Workspace, ports: Ports) -> Result<(), String> {
    let http = Client::new(&place.host.net, &place.host.clock).timeout(Duration::from_secs(5));
    let send = async |method: &str, path: &str, body: &'static str| {
        let url = format!("http://127.0.0.1:{}{path}", ports.http);
        let request =
            http::Request::builder().method(method).uri(url).body(Bytes::from_static(body.as_bytes()));
        let response = http.send(request.expect("a request")).await;
        response
            .map(|response| String::from_utf8_lossy(response.body()).into_owned())
            .unwrap_or_else(|e| e.to_string())
    };
    let until = async |path: &str, text: &str, count: usize| {
        let mut answer = String::new();
        for _ in 0..60 {
            answer = send("GET", path, "").await;
            if answer.matches(text).count() == count {
                return Ok(());
            }
            place.host.clock.sleep(Duration::from_millis(500)).await;
        }
        Err(format!("{path}: {answer}"))
    };
    until("/v1/nodes", "\"Status\":\"ready\"", 1).await?;
    send("PUT", "/v1/jobs", JOB).await;
    let running = until("/v1/allocations", "\"ClientStatus\":\"running\"", 2).await;
    // The tasks would outlive a killed client.
    send("DELETE", "/v1/job/app", "").await;
    place.host.clock.sleep(Duration::from_secs(3)).await;
    running
}

#[tokio::test]
async fn a_real_client_works_for_a_mock_server() {
    let Some(binary) = binary() else { return };
    let (server, client, ports) = pair().await;
    let paths = [server.path("s.hcl")];
    let _mock = Agent::start(&server.host, &paths, Options::default()).await.expect("the mock starts");
    let _real = RealNomad::start(&binary, &client);
    assert_eq!(works(&server, ports).await, Ok(()));
}

#[tokio::test]
async fn a_mock_client_works_for_a_real_server() {
    let Some(binary) = binary() else { return };
    let (server, client, ports) = pair().await;
    let _real = RealNomad::start(&binary, &server);
    let paths = [client.path("s.hcl")];
    let _mock = Agent::start(&client.host, &paths, Options::default()).await.expect("the mock starts");
    assert_eq!(works(&client, ports).await, Ok(()));
}
