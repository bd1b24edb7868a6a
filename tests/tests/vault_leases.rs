//! Many leases end when they should, on a clock that jumps.

use std::time::Duration;

use bytes::Bytes;
use lab_wire::http::Client;
use lab_world::{DEFAULT_EPOCH, Simulation};
use mock_vault::{Config, Dev, Server};
use serde_json::{Value, json};

/// How many leases there are; their lifetimes are from 1 to as many seconds.
const LEASES: u64 = 10_000;

#[test]
fn ten_thousand_leases_end_on_time() {
    Simulation::run(0, DEFAULT_EPOCH, async |world| {
        let host = world.host("vault");
        let dev = Some(Dev { root_token: Some("root".to_owned()), ..Dev::default() });
        let server =
            Server::start(&host, Config { dev, ..Config::for_host(&host) }).await.expect("the server starts");
        let http = Client::new(&host.net, &host.clock);
        let base = format!("http://{}/v1", server.address());
        world.set_latency(Duration::ZERO);
        send(&http, "POST", &format!("{base}/auth/token/roles/short"), &json!({ "orphan": true })).await;
        let began = host.clock.now();
        for seconds in 1..=LEASES {
            let body = json!({ "ttl": format!("{seconds}s") });
            let (status, answer) =
                send(&http, "POST", &format!("{base}/auth/token/create/short"), &body).await;
            assert_eq!(status, 200, "{answer}");
        }
        assert!(host.clock.now() - began < Duration::from_millis(500), "no time passes while they are made");
        for passed in [1, 10, 500, 5_000, 9_990, LEASES] {
            let then = began + Duration::from_secs(passed) + Duration::from_millis(500);
            host.clock.sleep_until(then).await;
            assert_eq!(living(&http, &base).await, LEASES - passed, "after {passed} s");
        }
    });
}

/// How many of the leases there are; their list is not there when there are none.
async fn living(http: &Client, base: &str) -> u64 {
    let url = format!("{base}/sys/leases/lookup/auth/token/create/short");
    let (status, answer) = send(http, "LIST", &url, &Value::Null).await;
    assert!(status == 200 || status == 404, "{answer}");
    answer["data"]["keys"].as_array().map_or(0, Vec::len) as u64
}

async fn send(http: &Client, method: &str, url: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = http::Request::builder().method(method).uri(url).header("X-Vault-Token", "root");
    let response = http.send(request.body(Bytes::from(body)).expect("a request")).await.expect("an answer");
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or(Value::Null))
}
