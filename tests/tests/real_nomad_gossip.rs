//! A real server and a mock one in two regions: each sees the other's gossip, and they share their keys.
//!
//! Needs the real program: set `LAB_NOMAD_BIN` to its path. Skipped without it, and says so.

#[allow(dead_code, reason = "shared with the comparison of ports")]
mod real_nomad_support;

use std::time::Duration;

use lab_wire::http::Client;
use mock_nomad::{Agent, Options};
use real_nomad_support::{Ports, RealNomad, Workspace, config};
use serde_json::{Value, json};

const KEY: &str = "cg8StVXbQJ0gPvMd9o7yrg==";
const OTHER: &str = "AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8=";

/// A server's directory, with a region and a name of its own.
async fn server(name: &str, region: &str, ports: Ports, join: u16) -> Workspace {
    let place = Workspace::new(name);
    let encrypt = format!(
        "bootstrap_expect = 1\n encrypt = \"{KEY}\"\n server_join {{\n retry_join = [\"127.0.0.1:{join}\"]\n \
         retry_interval = \"1s\"\n }}\n"
    );
    let text = config(&place, ports, None).replace("bootstrap_expect = 1", &encrypt).replace(
        "name = \"s\"",
        &format!("name = \"{name}\"\nregion = \"{region}\"\nleave_on_terminate = true"),
    );
    place.write("s.hcl", &text);
    place
}

async fn ask(place: &Workspace, ports: Ports, method: &str, path: &str, body: &Value) -> Option<Value> {
    let http = Client::new(&place.host.net, &place.host.clock).timeout(Duration::from_secs(20));
    let url = format!("http://127.0.0.1:{}{path}", ports.http);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = http::Request::builder().method(method).uri(url).body(body.into()).expect("a request");
    let response = http.send(request).await.ok()?;
    serde_json::from_slice(response.body()).ok()
}

/// The members and their states as one server shows them.
async fn members(place: &Workspace, ports: Ports) -> Value {
    let answer = ask(place, ports, "GET", "/v1/agent/members", &Value::Null).await.unwrap_or_default();
    let listed = answer["Members"].as_array().cloned().unwrap_or_default();
    listed
        .iter()
        .map(|member| (member["Name"].as_str().unwrap_or_default().to_owned(), member["Status"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

async fn until_members(place: &Workspace, ports: Ports, wanted: &Value) {
    let mut seen = Value::Null;
    for _ in 0..120 {
        seen = members(place, ports).await;
        if seen == *wanted {
            return;
        }
        place.host.clock.sleep(Duration::from_millis(500)).await;
    }
    panic!("{seen} instead of {wanted}");
}

async fn keys(place: &Workspace, ports: Ports) -> Value {
    let answer = ask(place, ports, "GET", "/v1/agent/keyring/list", &Value::Null).await;
    answer.unwrap_or_default()["Keys"].clone()
}

#[tokio::test]
async fn a_real_server_and_a_mock_one_are_members_of_each_other() {
    let Some(binary) = std::env::var_os("LAB_NOMAD_BIN") else {
        return eprintln!("skipped: set LAB_NOMAD_BIN to the path of a real nomad to gossip with it");
    };
    let ports = Ports::free(&Workspace::new("ports").host).await;
    let real = server("real", "global", ports, ports.serf).await;
    let mock_ports = Ports::free(&real.host).await;
    let mock = server("mock", "east", mock_ports, ports.serf).await;
    let _program = RealNomad::start(&binary, &real);
    let agent = Agent::start(&mock.host, &[mock.path("s.hcl")], Options::default()).await.expect("a start");
    let both = json!({"real.global": "alive", "mock.east": "alive"});
    until_members(&mock, mock_ports, &both).await;
    until_members(&real, ports, &both).await;

    // A key installed at either is at both, and can be the one to encrypt with.
    let installed = ask(&mock, mock_ports, "PUT", "/v1/agent/keyring/install", &json!({"Key": OTHER})).await;
    assert_eq!(installed, Some(json!({"Keys": {}, "Messages": {}, "NumNodes": 2})));
    assert_eq!(keys(&real, ports).await, json!({KEY: 2, OTHER: 2}));
    ask(&real, ports, "PUT", "/v1/agent/keyring/use", &json!({"Key": OTHER})).await.expect("an answer");
    ask(&real, ports, "PUT", "/v1/agent/keyring/remove", &json!({"Key": KEY})).await.expect("an answer");
    assert_eq!(keys(&mock, mock_ports).await, json!({OTHER: 2}));
    let file = |place: &Workspace| place.host.disk.read_to_string(place.path("data/server/serf.keyring"));
    assert_eq!(file(&mock).expect("a keyring"), file(&real).expect("a keyring"));

    // Long enough for one that answers no pings to be found dead.
    real.host.clock.sleep(Duration::from_secs(50)).await;
    assert_eq!(members(&real, ports).await, both);
    assert_eq!(members(&mock, mock_ports).await, both);
    for (place, ports) in [(&real, ports), (&mock, mock_ports)] {
        let regions = ask(place, ports, "GET", "/v1/regions", &Value::Null).await;
        assert_eq!(regions, Some(json!(["east", "global"])));
    }

    agent.stop().await;
    until_members(&real, ports, &json!({"real.global": "alive", "mock.east": "left"})).await;
}
