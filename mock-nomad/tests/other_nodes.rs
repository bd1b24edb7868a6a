//! What only the agent of another node can answer is asked there, whichever agent is asked first.

use std::time::Duration;

use http::{Method, Request};
use lab_wire::http::Client;
use lab_world::Host;
use mock_nomad::MockNomad;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Scene {
    nomad: MockNomad,
    host: Host,
}

impl Scene {
    async fn get(&self, agent: usize, path: &str) -> (u16, String) {
        self.send(agent, Method::GET, path, Value::Null).await
    }

    async fn send(&self, agent: usize, method: Method, path: &str, body: Value) -> (u16, String) {
        let client = Client::new(&self.host.net, &self.host.clock);
        let url = format!("http://{}{path}", self.nomad.addresses()[agent]);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder().method(method).uri(url).body(body.into()).expect("a request");
        let response = client.send(request).await.expect("an answer");
        (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
    }

    /// Follows a log until it says `text`; its head is the answer's.
    async fn follow(&self, agent: usize, query: &str, text: &str, mut nudge: impl AsyncFnMut()) -> String {
        let address = self.nomad.addresses()[agent];
        let mut stream = self.host.net.connect(address).await.expect("a connection");
        let head = format!("GET /v1/agent/monitor?plain=true&log_level=TRACE&{query} HTTP/1.0\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let (mut bytes, mut nudges) = (Vec::new(), 0);
        loop {
            let said = String::from_utf8_lossy(&bytes).into_owned();
            if said.contains(text) {
                return said;
            }
            assert!(bytes.len() < 100_000 && nudges < 100, "agent {agent}, {query}: {said:.300}");
            let more = stream.read_buf(&mut bytes);
            match self.host.clock.timeout(Duration::from_millis(20), more).await {
                Some(read) => assert_ne!(read.expect("a piece"), 0, "agent {agent}: it ended with {said:?}"),
                None => {
                    nudges += 1;
                    nudge().await;
                }
            }
        }
    }

    async fn json(&self, agent: usize, path: &str) -> Value {
        serde_json::from_str(&self.get(agent, path).await.1).expect("JSON")
    }

    /// The only allocation of the job, once it runs, with its node.
    async fn running(&self) -> (String, String) {
        loop {
            let (_, text) = self.get(0, "/v1/job/talk/allocations").await;
            let list: Value = serde_json::from_str(&text).expect("a list");
            if list[0]["ClientStatus"] == "running" {
                let text = |name: &str| list[0][name].as_str().unwrap_or_default().to_owned();
                return (text("ID"), text("NodeID"));
            }
            self.host.clock.sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn files_logs_and_figures_are_fetched_from_the_node() {
    let nomad = MockNomad::builder().servers(2).clients(2).start().await.expect("a cluster");
    let scene = Scene { nomad, host: Host::loopback("tester", std::env::temp_dir()) };
    let job = json!({"Job": {"ID": "talk", "Name": "talk", "Type": "service", "TaskGroups": [{"Name": "g", "Tasks": [
        {"Name": "t", "Driver": "docker", "Config": {"image": "x", "stdout_string": "hello from afar"}},
    ]}]}});
    assert_eq!(scene.send(0, Method::PUT, "/v1/jobs", job).await.0, 200);
    let (allocation, node) = scene.running().await;
    for agent in 0..4 {
        let logs = format!("/v1/client/fs/logs/{allocation}?task=t&type=stdout&plain=true");
        assert_eq!(scene.get(agent, &logs).await, (200, "hello from afar\n".to_owned()), "agent {agent}");
        let (code, listed) =
            scene.get(agent, &format!("/v1/client/fs/ls/{allocation}?path=alloc/logs")).await;
        assert!(code == 200 && listed.contains("t.stdout.0"), "agent {agent}: {code} {listed}");
        let (code, usage) = scene.get(agent, &format!("/v1/client/allocation/{allocation}/stats")).await;
        assert!(code == 200 && usage.contains("ResourceUsage"), "agent {agent}: {code} {usage}");
        let (code, stats) = scene.get(agent, &format!("/v1/client/stats?node_id={node}")).await;
        assert!(code == 200 && stats.contains("CPUTicksConsumed"), "agent {agent}: {code} {stats}");
        let missing = format!("/v1/client/fs/cat/{allocation}?path=t/none");
        assert!(scene.get(agent, &missing).await.1.contains("no such file or directory"));
    }
    let restart = format!("/v1/client/allocation/{allocation}/restart");
    let wrong = scene.send(0, Method::PUT, &restart, json!({"TaskName": "absent"})).await;
    assert_ne!(wrong.0, 200, "{}", wrong.1);
    assert_eq!(scene.send(1, Method::PUT, &restart, json!({"TaskName": "t"})).await.0, 200);
}

#[tokio::test]
async fn metadata_are_read_and_changed_through_any_agent() {
    let nomad = MockNomad::builder().servers(2).clients(1).start().await.expect("a cluster");
    let scene = Scene { nomad, host: Host::loopback("tester", std::env::temp_dir()) };
    let node = scene.json(0, "/v1/nodes").await[0]["ID"].as_str().unwrap_or_default().to_owned();
    for agent in 0..3 {
        let change = json!({"NodeID": node, "Meta": {"from": format!("agent-{agent}")}});
        let (code, text) = scene.send(agent, Method::POST, "/v1/client/metadata", change).await;
        assert_eq!(code, 200, "{text}");
        let shown = scene.json(agent, &format!("/v1/client/metadata?node_id={node}")).await;
        assert_eq!(shown["Dynamic"], json!({"from": format!("agent-{agent}")}));
    }
    let nobody = scene.get(0, "/v1/client/metadata").await;
    assert_eq!(nobody, (400, "No local Node and node_id not provided".to_owned()));
}

#[tokio::test]
async fn the_log_of_another_agent_is_followed() {
    let nomad = MockNomad::builder().servers(2).clients(1).start().await.expect("a cluster");
    let scene = Scene { nomad, host: Host::loopback("tester", std::env::temp_dir()) };
    let own = scene.json(1, "/v1/agent/self").await["member"].clone();
    let (name, id) =
        (own["Name"].as_str().unwrap_or_default(), own["Tags"]["id"].as_str().unwrap_or_default());
    for (agent, server) in [(0, name), (0, id), (1, name), (2, name)] {
        let say = async || {
            scene.send(1, Method::PUT, "/v1/agent/force-leave?node=nobody", Value::Null).await;
        };
        let said = scene.follow(agent, &format!("server_id={server}"), "force leave: node=nobody", say).await;
        assert!(said.starts_with("HTTP/1.0 200") || said.starts_with("HTTP/1.1 200"), "{said}");
    }
    let node = scene.json(0, "/v1/nodes").await[0]["ID"].as_str().unwrap_or_default().to_owned();
    scene.follow(0, &format!("node_id={node}"), "HTTP/1.0 200 OK", async || {}).await;
    for (query, code, told) in [
        ("server_id=nope", 400, "unknown Nomad server nope"),
        ("server_id=leader&node_id=x", 400, "Cannot target node and server simultaneously"),
        ("node_id=nope", 500, "RPC Error:: 500,node lookup failed: index error: UUID must be 36 characters"),
        (
            "node_id=ffffffff-c5f2-fe1f-587b-68c1a01e8782",
            500,
            "RPC Error:: 404,Unknown node \"ffffffff-c5f2-fe1f-587b-68c1a01e8782\"",
        ),
    ] {
        assert_eq!(scene.get(0, &format!("/v1/agent/monitor?{query}")).await, (code, told.to_owned()));
    }
}
